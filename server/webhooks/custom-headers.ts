import type { FieldError } from '../lib/errors.ts'
import { isObject } from '../lib/json.ts'
import { msg, type Message } from '../lib/message.ts'
import { MASK } from './redact.ts'

/** Headers that a webhook adds to its requests: names as they were written, values in plain. */
export type CustomHeaders = readonly (readonly [name: string, value: string])[]

interface HeaderRules {
  /** The stored values, by name in small letters: the mask stands for them. */
  readonly stored: ReadonlyMap<string, string>
  /** Names in small letters that this webhook sends by its own authentication and signatures. */
  readonly taken: readonly string[]
}

const MOST_HEADERS = 20
const MOST_BYTES = 8 * 1024

/** What a name is made of (RFC 9110), and what a value may hold: one line of visible ASCII. */
const NAME = /^[\w!#$%&'*+.^`|~-]+$/
const VALUE = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/

/** What we say ourselves, what the connection is made of, and what would change how the body is read. */
const OURS =
  /^(?:webhook|hookline|proxy)-|^(?:content-(?:type|length|encoding)|user-agent|trace(?:parent|state)|host|expect|te|trailer|upgrade)$/
const HOPS = new Set(['connection', 'keep-alive', 'transfer-encoding', 'http2-settings'])

/** Checks the object of names and values that API and form give. A value that is the mask keeps the stored one. */
export function readHeaders(
  json: unknown,
  rules: HeaderRules,
  path = 'headers',
):
  | { readonly ok: true; readonly headers: CustomHeaders }
  | { readonly ok: false; readonly errors: readonly FieldError[] } {
  if (!isObject(json)) return { ok: false, errors: [{ path, message: msg('This has to be an object.') }] }
  const errors: FieldError[] = []
  const headers = new Map<string, readonly [string, string]>()
  for (const [name, given] of Object.entries(json)) {
    const key = name.toLowerCase()
    const value = given === MASK ? (rules.stored.get(key) ?? '') : given
    const message = headers.has(key) ? msg('{name} is there twice.', { name }) : whatIsWrong(name, value, rules)
    if (message) errors.push({ path: `${path}.${name.slice(0, 80)}`, message })
    else headers.set(key, [name, String(value)])
  }
  const bytes = [...headers.values()].reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0)
  if (Object.keys(json).length > MOST_HEADERS || bytes > MOST_BYTES) {
    errors.push({
      path,
      message: msg('A webhook can have up to {most} headers of its own, 8 KiB in all.', { most: MOST_HEADERS }),
    })
  }
  return errors.length > 0 ? { ok: false, errors } : { ok: true, headers: [...headers.values()] }
}

function whatIsWrong(name: string, value: unknown, { taken }: HeaderRules): Message | null {
  const key = name.toLowerCase()
  const shown = name.slice(0, 80)
  if (!NAME.test(name)) {
    return msg('{name} is no name of a header. Names have letters, digits and hyphens, without spaces.', {
      name: shown,
    })
  }
  if (OURS.test(key) || HOPS.has(key)) return msg('{name} is set by Hookline itself. Leave it out.', { name: shown })
  if (taken.includes(key)) {
    return msg('{name} is sent by the chosen authentication already. Leave it out, or choose None.', { name: shown })
  }
  if (value === '') return msg('Give {name} a value.', { name: shown })
  if (typeof value === 'string' && VALUE.test(value)) return null
  return msg('The value of {name} has to be one line of letters, digits and signs of ASCII.', { name: shown })
}
