import { z } from 'zod'
import type { JsonObject } from '../lib/json.ts'
import { msg, type Message } from '../lib/message.ts'

/** What of a schema would change a value, or cannot be written down: where, and what to do instead. */
class Unfit extends Error {
  readonly sentence: Message
  constructor(sentence: Message) {
    super(sentence.text)
    this.sentence = sentence
  }
}

/**
 * The JSON Schema of an event's payload. Refused, with the path, is whatever does more than check: a receiver has to get
 * what was emitted, and what the documentation shows.
 */
export function describePayload(
  payload: z.ZodType,
): { readonly schema: JsonObject; readonly unfit: null } | { readonly schema: null; readonly unfit: Message } {
  try {
    const { $schema: _, ...schema } = z.toJSONSchema(payload, {
      io: 'input',
      unrepresentable: ({ path, message }) => {
        throw new Unfit(msg('{path} has no JSON Schema: {why}.', { path: readable(path), why: message }))
      },
      override: ({ zodSchema, path }) => {
        const unfit = changes(zodSchema, readable(path))
        if (unfit) throw new Unfit(unfit)
      },
    })
    if (schema.type !== 'object') return { schema: null, unfit: msg('payload is not an object. Use z.looseObject.') }
    return { schema: JSON.parse(JSON.stringify(schema)) as JsonObject, unfit: null }
  } catch (error) {
    if (error instanceof Unfit) return { schema: null, unfit: error.sentence }
    return { schema: null, unfit: msg('payload has no JSON Schema: {why}.', { why: String(error) }) }
  }
}

function changes(schema: z.core.$ZodTypes, path: string): Message | null {
  const { def } = schema._zod
  switch (def.type) {
    case 'default':
    case 'prefault':
    case 'catch':
      return msg('{path} fills in a value. A payload is sent as it was emitted: make the field nullable.', { path })
    case 'transform':
    case 'pipe':
      return msg('{path} transforms the value. A payload is sent as it was emitted: transform before emitting.', {
        path,
      })
    case 'object':
      if (def.catchall) return null
      return msg('{path} drops fields it does not know. Use z.looseObject, or z.strictObject to refuse them.', { path })
  }
  if ('coerce' in def && def.coerce) {
    return msg('{path} coerces the value. A payload is sent as it was emitted: convert before emitting.', { path })
  }
  if (def.checks?.some((check) => check._zod.def.check === 'overwrite')) {
    return msg('{path} rewrites the text, as trim() does. A payload is sent as it was emitted.', { path })
  }
  return null
}

/** `properties.customer.properties.name` as people say it: `payload.customer.name`. */
const readable = (path: readonly (string | number)[]): string =>
  ['payload', ...path.filter((step, i) => step !== 'properties' || path[i - 1] === 'properties')].join('.')
