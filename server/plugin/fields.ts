import { z } from 'zod'
import type { JsonObject } from '../lib/json.ts'
import { msg, type Message } from '../lib/message.ts'

/** A setting as a form shows it. `title` and `help` are English keys for `t`. */
export interface Field {
  readonly name: string
  /** `flag` is a checkbox, `choice` a select, `choices` a group of checkboxes; the others are inputs of that kind. */
  readonly kind: 'flag' | 'choice' | 'choices' | 'number' | 'text' | 'url' | 'email'
  readonly title: string
  readonly help: string | null
  /** Sealed at rest, and never shown again. */
  readonly secret: boolean
  /** Set in Network Admin alone. */
  readonly networkOnly: boolean
  /** Of `choice` and `choices`. */
  readonly options: readonly string[]
  /** What holds where nobody set anything; undefined where that is nothing. */
  readonly fallback: unknown
  /** Attributes of the input: `min`, `max`, `step`, `maxlength`. */
  readonly limits: Readonly<Record<string, number | string>>
}

type Node = Readonly<Record<string, unknown>>

/** The fields of a plugin's settings, or what of the schema no form can show. */
export function fieldsOf(
  settings: z.ZodObject | undefined,
): { readonly fields: readonly Field[]; readonly wrong: null } | { readonly fields: null; readonly wrong: Message } {
  if (!settings) return { fields: [], wrong: null }
  const no = (wrong: Message) => ({ fields: null, wrong })
  let properties: JsonObject
  try {
    const schema = z.toJSONSchema(settings, { io: 'input' })
    properties = JSON.parse(JSON.stringify(schema.properties ?? {})) as JsonObject
  } catch (error) {
    return no(msg('The settings have no form: {why}.', { why: error instanceof Error ? error.message : String(error) }))
  }
  const fields: Field[] = []
  for (const [name, node] of Object.entries(properties)) {
    const field = fieldOf(name, node as Node)
    if (!field) {
      return no(
        msg('No form can show the setting {name}. It takes texts, numbers, flags, choices and lists of choices.', {
          name,
        }),
      )
    }
    if (!/^[a-z]\w{0,39}$/i.test(name)) {
      return no(msg('The setting {name} has to be named with letters, digits and _, a letter first.', { name }))
    }
    if (field.secret && field.kind !== 'text') return no(msg('The secret setting {name} has to be a text.', { name }))
    fields.push(field)
  }
  const bare = settings.safeParse({})
  if (!bare.success) {
    return no(
      msg('The setting {name} has no default, so the plugin could not run before somebody sets it.', {
        name: bare.error.issues[0]?.path.join('.') ?? '',
      }),
    )
  }
  return { fields, wrong: null }
}

function fieldOf(name: string, node: Node): Field | null {
  const shape = shapeOf(node)
  return (
    shape && {
      options: [],
      limits: {},
      ...shape,
      name,
      title: typeof node.title === 'string' ? node.title : name,
      help: typeof node.help === 'string' ? node.help : null,
      secret: node.secret === true,
      networkOnly: node.scope === 'network',
      fallback: node.default,
    }
  )
}

function shapeOf(node: Node): (Pick<Field, 'kind'> & Partial<Field>) | null {
  switch (node.type) {
    case 'boolean':
      return { kind: 'flag' }
    case 'integer':
    case 'number':
      return { kind: 'number', limits: rangeOf(node) }
    case 'string':
      return textShape(node)
    case 'array': {
      const options = choicesOf((node.items ?? {}) as Node)
      return options && { kind: 'choices', options }
    }
    default:
      return null
  }
}

function textShape(node: Node): (Pick<Field, 'kind'> & Partial<Field>) | null {
  if ('enum' in node || 'const' in node) {
    const options = choicesOf(node)
    return options && { kind: 'choice', options }
  }
  const limits = typeof node.maxLength === 'number' ? { maxlength: node.maxLength } : {}
  if (node.format === 'uri') return { kind: 'url', limits }
  return { kind: node.format === 'email' ? 'email' : 'text', limits }
}

function choicesOf(node: Node): readonly string[] | null {
  const options: unknown = node.enum ?? [node.const]
  const texts = Array.isArray(options) ? options.filter((option) => typeof option === 'string') : []
  return Array.isArray(options) && texts.length > 0 && texts.length === options.length ? texts : null
}

/** What an input of numbers shall let through. The bounds of all whole numbers are none. */
function rangeOf(node: Node): Record<string, number | string> {
  const whole = node.type === 'integer'
  const bound = (key: string, exclusive: string, inward: number): number | undefined => {
    const open = node[exclusive]
    const value = typeof open === 'number' && whole ? open + inward : node[key]
    return typeof value === 'number' && Math.abs(value) < Number.MAX_SAFE_INTEGER ? value : undefined
  }
  const min = bound('minimum', 'exclusiveMinimum', 1)
  const max = bound('maximum', 'exclusiveMaximum', -1)
  const step = typeof node.multipleOf === 'number' ? node.multipleOf : whole ? 1 : 'any'
  return { ...(min !== undefined && { min }), ...(max !== undefined && { max }), step }
}
