import type { Json, JsonObject } from '../lib/json.ts'

/** A field of a payload, as people read it. `path` is `customer.email`, or `lines[].sku` inside of a list. */
interface SchemaField {
  readonly path: string
  /** "text", "whole number", "text or null": words of ours, and the key of their translations. */
  readonly types: readonly string[]
  /** The only values that it may have; empty for any. */
  readonly values: readonly string[]
  readonly required: boolean
  readonly description: string
}

const DEEPEST = 6

/** The fields that a JSON Schema of an object names, those of inner objects behind their parent. */
export function fieldsOf(schema: JsonObject, prefix = '', depth = 0): SchemaField[] {
  const properties = objectOf(schema['properties'])
  const required = Array.isArray(schema['required']) ? schema['required'] : []
  return Object.entries(properties).flatMap(([name, value]) => {
    const field = objectOf(value)
    const variants = variantsOf(field)
    const path = prefix + name
    const inner = variants.flatMap((variant) => {
      if (depth === DEEPEST) return []
      const items = objectOf(variant['items'])
      return [
        ...fieldsOf(variant, `${path}.`, depth + 1),
        ...variantsOf(items).flatMap((one) => fieldsOf(one, `${path}[].`, depth + 1)),
      ]
    })
    return [
      {
        path,
        types: [...new Set(variants.map(typeOf))],
        values: [...new Set(variants.flatMap(valuesOf))],
        required: required.includes(name),
        description: typeof field['description'] === 'string' ? field['description'] : '',
      },
      ...inner,
    ]
  })
}

const objectOf = (value: Json | undefined): JsonObject =>
  value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as JsonObject) : {}

/** A schema, or the ones that it leaves the choice between: `anyOf`, `oneOf`, and a list of types. */
function variantsOf(schema: JsonObject): JsonObject[] {
  const choice = schema['anyOf'] ?? schema['oneOf']
  if (Array.isArray(choice)) return choice.flatMap((one: Json) => variantsOf(objectOf(one)))
  const { type } = schema
  return Array.isArray(type) ? type.map((one: Json) => ({ ...schema, type: one })) : [schema]
}

const FORMATS: Readonly<Record<string, string>> = {
  'date-time': 'time (ISO 8601)',
  date: 'date (ISO 8601)',
  email: 'e-mail address',
  uri: 'web address',
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'text',
  integer: 'whole number',
  number: 'number',
  boolean: 'true or false',
  object: 'object',
  array: 'list',
  null: 'null',
}

function typeOf(schema: JsonObject): string {
  const { type, format } = schema
  if (type === 'string' && typeof format === 'string' && FORMATS[format]) return FORMATS[format]
  if (typeof type === 'string') return TYPES[type] ?? type
  const values = valuesOf(schema)
  return values.length > 0 ? 'text' : 'anything'
}

function valuesOf(schema: JsonObject): string[] {
  const values = 'const' in schema ? [schema['const']] : Array.isArray(schema['enum']) ? schema['enum'] : []
  return values.map((value: Json | undefined) => (typeof value === 'string' ? value : JSON.stringify(value)))
}
