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

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz' // Crockford's base 32, lower case

/** A new id: prefix, then 10 letters of time and 16 of chance, so that ids of one kind sort by when they were made. */
export function newId(prefix: IdPrefix, deps: { readonly clock: Clock; readonly random: Random }): string {
  let tail = ''
  for (const byte of deps.random(16)) tail += ALPHABET[byte & 31]
  return idBefore(prefix, deps.clock()) + tail
}

/** Sorts before every id of this kind that is made at `time` or later, and after all that were made before. */
export function idBefore(prefix: IdPrefix, time: number): string {
  let rest = Math.max(0, time)
  let head = ''
  for (let i = 0; i < 10; i++) {
    head = ALPHABET[rest % 32] + head
    rest = Math.floor(rest / 32)
  }
  return `${prefix}_${head}`
}

/** Whether text looks like an id of ours with this prefix; keeps junk out of queries. */
export const isId = (prefix: IdPrefix, text: string): boolean =>
  text.length === prefix.length + 27 &&
  text.startsWith(`${prefix}_`) &&
  /^[0-9a-z]+$/.test(text.slice(prefix.length + 1))
