import { isObject, type Json, type JsonObject } from 'hookline/plugin'

/**
 * What WooCommerce sends, as its events have it: ids as texts (0 is nobody), times in UTC with a Z, and null for each
 * field of `wanted` that is missing, empty or of an older version. Whatever else there is stays as it came.
 */
export function normal(thing: JsonObject, wanted: readonly string[]): JsonObject {
  const known = Object.fromEntries(wanted.map((name) => [name, null] as const))
  return { ...known, ...fields(thing) }
}

function fields(thing: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(thing).map(([name, value]) => [name, field(name, value)] as const))
}

/** Amounts and codes that some versions send as numbers. */
const TEXTS = /(^|_)(total|tax|subtotal|price|amount|number|code|sku)$/
/** What extensions of the shop put there is theirs. */
const FOREIGN = new Set(['meta_data', '_links'])

function field(name: string, value: Json): Json {
  if (FOREIGN.has(name)) return value
  if (/(^|_)id$/.test(name)) return value === 0 || value === '' || value === null ? null : String(value)
  if (name.endsWith('_gmt')) return typeof value === 'string' && value !== '' ? utc(value) : null
  if (typeof value === 'number' && TEXTS.test(name)) return String(value)
  if (Array.isArray(value)) return value.map((one: Json) => (isObject(one) ? fields(one) : one))
  return isObject(value) ? fields(value) : value
}

/** Their times in UTC say so only in the name of the field. */
const utc = (text: string): string => (/(Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text.replace(' ', 'T')}Z`)
