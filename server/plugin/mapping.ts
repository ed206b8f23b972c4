import { isObject, type Json, type JsonObject } from '../lib/json.ts'

/** Where a field of a payload comes from: a path into the body, perhaps times a number (249.00 as 24900), or always the same. */
export type FieldOrigin = { readonly from: string; readonly times?: number } | { readonly value: Json }

/** Which event a person makes of what comes in. Paths are dotted, a list's index is a number, and `.` is the whole body. */
export interface Mapping {
  readonly event: string
  readonly fields: Readonly<Record<string, FieldOrigin>>
  /** Tells one event from another; null goes by the whole body. */
  readonly key: string | null
  /** When it happened; null is now. */
  readonly occurred_at: string | null
}

/** A payload as the mapping makes it. Nobody has checked yet whether it fits the event. */
interface Mapped {
  readonly payload: JsonObject
  readonly key: string | null
  readonly occurredAt: Date | null
}

/**
 * Reads a body as a mapping says. `schema` is the event's: a number becomes a text where a text is wanted, a text a number,
 * and a moment ISO 8601, because senders differ in just that. What the mapping or the body lacks is null where the event
 * allows that.
 */
export function applyMapping(mapping: Mapping, body: Json, schema: JsonObject): Mapped {
  const properties = isObject(schema.properties) ? schema.properties : {}
  const required = Array.isArray(schema.required) ? schema.required.map(String) : []
  const unmapped = required.filter((name) => !Object.hasOwn(mapping.fields, name))
  const origins: readonly (readonly [string, FieldOrigin?])[] = [
    ...Object.entries(mapping.fields),
    ...unmapped.map((name) => [name] as const),
  ]
  const payload = Object.fromEntries(
    origins.flatMap(([name, origin]) => {
      const value = fitted(origin && originOf(origin, body), properties[name])
      return value === undefined ? [] : [[name, value] as const]
    }),
  )
  const key = mapping.key === null ? undefined : valueAt(body, mapping.key)
  const at = mapping.occurred_at === null ? undefined : momentOf(valueAt(body, mapping.occurred_at))
  return {
    payload,
    key:
      key === undefined || key === null || key === ''
        ? null
        : typeof key === 'object'
          ? JSON.stringify(key)
          : String(key),
    occurredAt: at ?? null,
  }
}

/** What stands at a path, or undefined. */
export function valueAt(body: Json, path: string): Json | undefined {
  let value: Json | undefined = body
  for (const step of path === '.' ? [] : path.split('.')) {
    if (value === null || typeof value !== 'object' || !Object.hasOwn(value, step)) return undefined
    value = (value as JsonObject)[step]
  }
  return value
}

function originOf(origin: FieldOrigin, body: Json): Json | undefined {
  if ('value' in origin) return origin.value
  const value = valueAt(body, origin.from)
  if (origin.times === undefined || value === undefined || value === null) return value
  const product = Number(value) * origin.times
  // 1.15 times 100 is 114.99999999999999 to a computer.
  return Number.isFinite(product) ? Number(product.toFixed(6)) : value
}

function fitted(value: Json | undefined, schema: Json | undefined): Json | undefined {
  const kinds = kindsOf(schema)
  if (value === undefined) return kinds.has('null') ? null : undefined
  if (kinds.size === 0) return value
  if (kinds.has('date-time')) return momentOf(value)?.toISOString() ?? value
  const wantsNumber = kinds.has('number') || kinds.has('integer')
  if (typeof value === 'number' && !wantsNumber && kinds.has('string')) return String(value)
  if (typeof value === 'string' && wantsNumber && !kinds.has('string') && /^\s*[-+]?\d+(\.\d+)?\s*$/.test(value))
    return Number(value)
  return value
}

/** The types that a schema takes; `date-time` instead of `string` for a moment. */
function kindsOf(schema: Json | undefined): ReadonlySet<string> {
  if (!isObject(schema)) return new Set()
  const choice = schema.anyOf ?? schema.oneOf
  if (Array.isArray(choice)) return new Set(choice.flatMap((one: Json) => [...kindsOf(one)]))
  if (schema.format === 'date-time') return new Set(['date-time'])
  const types = Array.isArray(schema.type) ? schema.type : [schema.type ?? (schema.enum ? 'string' : undefined)]
  return new Set(types.filter((type) => typeof type === 'string'))
}

/** A moment in any of the ways in which senders write one: ISO 8601, or seconds or milliseconds since 1970. */
function momentOf(value: Json | undefined): Date | undefined {
  const number =
    typeof value === 'number' ? value : typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : null
  const time =
    number !== null ? (number > 1e10 ? number : number * 1000) : typeof value === 'string' ? Date.parse(value) : NaN
  return Number.isNaN(time) || Math.abs(time) > 8.64e15 ? undefined : new Date(time)
}
