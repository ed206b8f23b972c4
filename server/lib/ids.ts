import type { Clock, Random } from './clock.ts'

export type IdPrefix =
  | 'evt'
  | 'whk'
  | 'dlv'
  | 'att'
  | 'bat'
  | 'sit'
  | 'usr'
  | 'key'
  | 'sec'
  | 'aud'
  | 'flt'
  | 'rec'
  | 'red'
  | 'mal'
  | 'src'
  | 'inb'
  | 'bin'
  | 'cap'
  | 'prv'
  | 'imp'

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz' // Crockford's base 32, lower case

/** A new id: prefix, then 10 letters of time and 16 of chance, so that ids of one kind sort by when they were made. */
export function newId(prefix: IdPrefix, deps: { readonly clock: Clock; readonly random: Random }): string {
  let tail = ''
  for (const byte of deps.random(16)) tail += ALPHABET[byte & 31]
  return `${prefix}_${timeLetters(deps.clock())}${tail}`
}

/** Sorts before every id of this kind that is made at `time` or later, and after all that were made before. */
export const idBefore = (prefix: IdPrefix, time: number): string => `${prefix}_${timeLetters(time)}`

/** Many ids are made within a millisecond: its letters are kept. */
let last = { time: 0, letters: '0000000000' }

function timeLetters(time: number): string {
  if (time === last.time) return last.letters
  let rest = Math.max(0, time)
  let letters = ''
  for (let i = 0; i < 10; i++) {
    letters = ALPHABET[rest % 32] + letters
    rest = Math.floor(rest / 32)
  }
  last = { time, letters }
  return letters
}

/** Whether text looks like an id of ours with this prefix; keeps junk out of queries. */
export const isId = (prefix: IdPrefix, text: string): boolean =>
  text.length === prefix.length + 27 &&
  text.startsWith(`${prefix}_`) &&
  /^[0-9a-z]+$/.test(text.slice(prefix.length + 1))
