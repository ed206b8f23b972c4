import { fail, type FieldError } from '../lib/errors.ts'
import type { C } from './env.ts'
import type { Translator } from './i18n.ts'

/** What a form sent. A field that was not sent reads as empty. */
export interface Form {
  get(name: string): string
  getAll(name: string): readonly string[]
  /** Whether it was sent at all: a checkbox, or the button that was pressed. */
  has(name: string): boolean
}

const MOST_FORM_BYTES = 256 * 1024

/** Reads a urlencoded form of at most `maxBytes`. Throws `unsupported_media_type` or `too_large`. */
export async function readForm(c: C, maxBytes = MOST_FORM_BYTES): Promise<Form> {
  const type = (c.req.header('content-type') ?? '').split(';')[0]?.trim().toLowerCase()
  if (type !== 'application/x-www-form-urlencoded') {
    throw fail('unsupported_media_type', 'A form is sent as application/x-www-form-urlencoded.')
  }
  const bytes = await readBytes(c.req.raw, maxBytes, () =>
    fail('too_large', 'That is too large; at most {max} bytes are taken.', { max: maxBytes }),
  )
  return formOf(new URLSearchParams(new TextDecoder().decode(bytes)))
}

export const formOf = (fields: URLSearchParams): Form => ({
  get: (name) => fields.get(name) ?? '',
  getAll: (name) => fields.getAll(name),
  has: (name) => fields.has(name),
})

/** The body of at most `most` bytes. One that grows past it is cut off as it arrives, whatever content-length says. */
export async function readBytes(
  request: Request,
  most: number,
  tooLarge = () => fail('too_large', 'The body is larger than {most} bytes.', { most }),
): Promise<Uint8Array<ArrayBuffer>> {
  if (Number(request.headers.get('content-length') ?? 0) > most) throw tooLarge()
  if (!request.body) return new Uint8Array()
  const chunks: Uint8Array[] = []
  let size = 0
  const reader = request.body.getReader()
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    size += read.value.byteLength
    if (size > most) {
      await reader.cancel()
      throw tooLarge()
    }
    chunks.push(read.value)
  }
  const whole = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.byteLength
  }
  return whole
}

/** The id of the field that an error's path names: `auth.username` is `auth-username`. */
export const fieldId = (path: string): string => path.replaceAll('.', '-')

/** The first error of each field, in the reader's language, for `error` of partials/field. */
export function errorsByPath(errors: readonly FieldError[], t: Translator): Record<string, string> {
  const found: Record<string, string> = {}
  for (const { path, message } of errors) found[path] ??= t.say(message)
  return found
}
