import type { z } from 'zod'
import { fail, invalid } from '../lib/errors.ts'
import { isObject, parseJson, type Json, type JsonObject } from '../lib/json.ts'
import { msg } from '../lib/message.ts'
import type { C } from '../web/env.ts'
import { readBytes } from '../web/forms.ts'
import { issueSentences } from '../lib/issues.ts'
import { MAX_DEPTH } from '../plugin/payload.ts'

export const KIB = 1024
export const MIB = 1024 * KIB

/** The levels that stand around the payload of an event in a batch. */
const AROUND = 2

/** Reads a JSON body of at most `most` bytes. Refuses other content types, any content encoding, and JSON of doubtful shape. */
export async function readJson(c: C, most = 256 * KIB): Promise<Json> {
  const type = (c.req.header('content-type') ?? '').split(';')[0]?.trim().toLowerCase()
  if (type !== 'application/json')
    throw fail('unsupported_media_type', 'Send the body as content-type: application/json.')
  if (c.req.header('content-encoding'))
    throw fail('unsupported_media_type', 'Send the body as it is, without content-encoding.')
  const bytes = await readBytes(c.req.raw, most)
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw fail('bad_json', 'The body is not UTF-8.')
  }
  const parsed = parseJson(text, MAX_DEPTH + AROUND)
  if (!parsed.ok) throw parsed.error
  return parsed.value
}

export async function readJsonObject(c: C, most?: number): Promise<JsonObject> {
  const value = await readJson(c, most)
  if (!isObject(value)) throw fail('bad_json', 'The body has to be one JSON object.')
  return value
}

/** Refuses keys that the route does not know, each with its path. */
export function knownKeys(body: JsonObject, known: readonly string[], path = ''): void {
  const unknown = Object.keys(body).filter((key) => !known.includes(key))
  if (unknown.length > 0) {
    throw invalid(unknown.map((key) => ({ path: path + key, message: msg('There is no field of this name.') })))
  }
}

/** What a schema makes of a body. Throws `invalid`, with every field that is wrong. */
export function parsed<T>(schema: z.ZodType<T>, body: JsonObject): T {
  const result = schema.safeParse(body)
  if (!result.success) throw invalid(result.error.issues.flatMap(issueSentences))
  return result.data
}
