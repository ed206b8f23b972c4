import { fail, invalid, type AppError } from './errors.ts'
import { msg } from './message.ts'

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }
export type JsonObject = { readonly [key: string]: Json }

/** Whether a value of JSON is an object: neither null nor an array. */
export const isObject = (value: unknown): value is JsonObject =>
  value !== null && typeof value === 'object' && !Array.isArray(value)

/** The same again, with nothing in common that could be changed. For JSON, and so many times quicker than `structuredClone`. */
export function copyOf<T extends Json>(value: T): T
export function copyOf(value: Json): Json {
  if (Array.isArray(value)) return value.map((inner: Json) => copyOf(inner))
  if (!isObject(value)) return value
  const copy: Record<string, Json> = { ...value }
  for (const key of Object.keys(copy)) {
    const inner = copy[key]
    if (typeof inner === 'object') copy[key] = copyOf(inner)
  }
  return copy
}

/**
 * Parses JSON that a stranger sent. Refuses, with a sentence, what two parsers could read in two ways: a byte order mark,
 * duplicate keys, numbers that are not finite, lone surrogates, and anything deeper than `maxDepth`. U+0000, which cannot be
 * stored, is told as `invalid` with its path; `at` is where the value itself stands.
 */
export function parseJson(
  text: string,
  maxDepth = 32,
  at: readonly string[] = [],
): { ok: true; value: Json } | { ok: false; error: AppError } {
  if (text.charCodeAt(0) === 0xfeff) return bad('The body starts with a byte order mark. Send plain UTF-8.')
  const depth = depthOfText(text)
  if (depth > maxDepth) {
    return {
      ok: false,
      error: fail('too_deep', 'The body nests {depth} levels deep; at most {max} are taken.', { depth, max: maxDepth }),
    }
  }
  let value: Json
  try {
    value = JSON.parse(text) as Json
  } catch (error) {
    return bad(`The body is not JSON: ${error instanceof Error ? error.message : 'it cannot be read'}.`)
  }
  const twice = duplicateKey(text)
  if (twice !== null) return bad(`The key ${JSON.stringify(twice)} stands twice in one object. Send each key once.`)
  const wrong = unsound(value, at)
  return wrong === null ? { ok: true, value } : { ok: false, error: wrong }
}

/**
 * Parses what `JSON.stringify` wrote: most of what a stranger could do is out of the question, and only texts are looked
 * at, where any character was escaped. Throws AppError as `parseJson` tells it.
 */
export function parseWritten(text: string, at: readonly string[] = []): Json {
  const value = JSON.parse(text) as Json
  const wrong = text.includes('\\u') ? unsound(value, at) : null
  if (wrong !== null) throw wrong
  return value
}

/** The payload of an event as it is stored. Null where only a hand in the database can have been: it is no JSON object. */
export function storedPayload(text: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : null
  } catch {
    return null
  }
}

const badJson = (text: string) => fail('bad_json', '{problem}', { problem: text })
const bad = (text: string) => ({ ok: false as const, error: badJson(text) })

/** The deepest nesting, found without recursion: parsing alone could overflow the stack of whoever walks the value. */
function depthOfText(text: string): number {
  let depth = 0
  let deepest = 0
  let inString = false
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (inString) {
      if (code === 0x5c) i++
      else if (code === 0x22) inString = false
    } else if (code === 0x22) inString = true
    else if (code === 0x7b || code === 0x5b) deepest = Math.max(deepest, ++depth)
    else if (code === 0x7d || code === 0x5d) depth--
  }
  return deepest
}

/** The first key that an object of this (valid) JSON text holds twice, or null. */
function duplicateKey(text: string): string | null {
  const open: (Set<string> | null)[] = []
  let expectKey = false
  for (let i = 0; i < text.length; i++) {
    const char = text[i]
    if (char === '{') {
      open.push(new Set())
      expectKey = true
    } else if (char === '[') open.push(null)
    else if (char === '}' || char === ']') {
      open.pop()
      expectKey = false
    } else if (char === ',') expectKey = open.at(-1) instanceof Set
    else if (char === '"') {
      const start = i
      for (i++; text[i] !== '"'; i++) if (text[i] === '\\') i++
      const keys = open.at(-1)
      if (!expectKey || !keys) continue
      const key = JSON.parse(text.slice(start, i + 1)) as string
      if (keys.has(key)) return key
      keys.add(key)
      expectKey = false
    }
  }
  return null
}

function unsound(root: Json, at: readonly string[]): AppError | null {
  const stack: Json[] = [root]
  for (let value = stack.pop(); value !== undefined; value = stack.pop()) {
    if (typeof value === 'number' && !Number.isFinite(value))
      return badJson('A number is too large to be kept exactly.')
    if (typeof value === 'string') {
      if (!value.isWellFormed()) return badJson('A text holds half of a surrogate pair. Send well-formed Unicode.')
      if (value.includes('\u0000')) {
        return invalid([
          { path: pathTo(root, value, at), message: msg('This holds the character U+0000. Leave it out.') },
        ])
      }
    }
    if (value !== null && typeof value === 'object') {
      for (const [key, inner] of Object.entries(value)) stack.push(key, inner)
    }
  }
  return null
}

/** The path of the value (or of the object with the key) that is this text, such as `auth.username`. */
function pathTo(root: Json, text: string, at: readonly string[]): string {
  const stack: (readonly [path: readonly string[], value: Json])[] = [[at, root]]
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const [path, value] = next
    if (value === text) return path.join('.')
    if (value === null || typeof value !== 'object') continue
    if (Object.hasOwn(value, text)) return path.join('.')
    for (const [key, inner] of Object.entries(value)) stack.push([[...path, key], inner])
  }
  return ''
}
