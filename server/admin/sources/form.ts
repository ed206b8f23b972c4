import type { SourceRow } from '../../../db/queries/sources.ts'
import { parseJson, type Json, type JsonObject } from '../../lib/json.ts'
import type { EventType, SourceKind } from '../../plugin/host.ts'
import type { FieldOrigin, Mapping } from '../../plugin/mapping.ts'
import type { SourceInput } from '../../sources/draft.ts'
import type { Form } from '../../web/forms.ts'
import { fieldsOf } from '../schema-fields.ts'

/** Where a field of the payload comes from, as somebody wrote it. */
interface MappingRow {
  readonly field: string
  readonly types: readonly string[]
  readonly required: boolean
  /** `from` a path into the body, or always the `value`. */
  readonly how: 'from' | 'value'
  readonly text: string
}

/** What stands in the fields, right or wrong. A secret that was typed is never written into a page. */
export interface SourceForm {
  readonly name: string
  /** An id or a slug; empty: the main site. */
  readonly site: string
  readonly secret: string
  readonly removesSecret: boolean
  /** By name: texts as typed, `1` for what is ticked, lists joined by commas. */
  readonly settings: Readonly<Record<string, string>>
  readonly event: string
  readonly rows: Readonly<Record<string, Pick<MappingRow, 'how' | 'text'>>>
  readonly key: string
  readonly occurredAt: string
  readonly sample: string
}

export const blankForm = (kind: SourceKind): SourceForm => ({
  name: kind.title,
  site: '',
  secret: '',
  removesSecret: false,
  settings: settingsTexts(kind, {}),
  event: '',
  rows: {},
  key: '',
  occurredAt: '',
  sample: '',
})

export function storedForm(kind: SourceKind, source: SourceRow): SourceForm {
  const mapping = source.mapping === null ? null : (JSON.parse(source.mapping) as Mapping)
  const rows = Object.entries(mapping?.fields ?? {}).map(([name, origin]) => [name, written(origin)] as const)
  return {
    ...blankForm(kind),
    name: source.name,
    site: source.site_id,
    settings: settingsTexts(kind, JSON.parse(source.settings) as JsonObject),
    event: mapping?.event ?? '',
    rows: Object.fromEntries(rows),
    key: mapping?.key ?? '',
    occurredAt: mapping?.occurred_at ?? '',
  }
}

export function sentForm(kind: SourceKind, form: Form): SourceForm {
  const settings = kind.settings.map(({ name }) => [name, form.getAll(`settings.${name}`).join(',')] as const)
  const rows = form.getAll('field').map((name) => {
    const how = form.get(`how.${name}`) === 'value' ? ('value' as const) : ('from' as const)
    return [name, { how, text: form.get(`origin.${name}`) }] as const
  })
  return {
    name: form.get('name'),
    site: form.get('site'),
    secret: form.get('secret'),
    removesSecret: form.has('secret.remove'),
    settings: Object.fromEntries(settings),
    event: form.get('event'),
    rows: Object.fromEntries(rows),
    key: form.get('key'),
    occurredAt: form.get('occurred_at'),
    sample: form.get('sample').replaceAll('\r\n', '\n'),
  }
}

/** What the form asks for, to be checked. */
export const inputOf = (kind: SourceKind, form: SourceForm, type: EventType | undefined): SourceInput => ({
  name: form.name,
  secret: form.removesSecret ? '' : form.secret.trim() === '' ? null : form.secret,
  settings: settingsOf(kind, form),
  mapping: kind.mapped ? mappingOf(form, type) : null,
})

/** The mapping as written so far. A field that was left empty is null where the event allows that. */
export const mappingOf = (form: SourceForm, type: EventType | undefined): Mapping => ({
  event: form.event,
  fields: Object.fromEntries(
    rowsOf(form, type).flatMap((row) => {
      const origin = originOf(row)
      return origin === null ? [] : [[row.field, origin] as const]
    }),
  ),
  key: form.key.trim() || null,
  occurred_at: form.occurredAt.trim() || null,
})

/** A row for each field of the event. A required object that nobody wrote about yet is the whole body. */
export const rowsOf = (form: SourceForm, type: EventType | undefined): readonly MappingRow[] =>
  fieldsOf(type?.schema ?? {})
    .filter(({ path }) => !/[.[]/.test(path))
    .map(({ path, types, required }) => {
      const whole = required && types.length === 1 && types[0] === 'object'
      const given = form.rows[path] ?? { how: 'from' as const, text: whole ? '.' : '' }
      return { field: path, types, required, ...given }
    })

function originOf({ how, text, types }: MappingRow): FieldOrigin | null {
  const typed = text.trim()
  if (typed === '') return types.includes('null') ? { value: null } : null
  if (how === 'value') return { value: valueOf(typed, types) }
  const [, from = typed, times] = /^(\S+)\s*[*×]\s*(\d+(?:\.\d+)?)$/.exec(typed) ?? []
  return times === undefined ? { from } : { from, times: Number(times) }
}

/** What somebody typed is a text, unless the event wants none: then it is read as JSON. */
function valueOf(typed: string, types: readonly string[]): Json {
  if (types.some((type) => type === 'text' || type.endsWith(')') || type.endsWith('address'))) return typed
  const parsed = parseJson(typed)
  return parsed.ok ? parsed.value : typed
}

const written = (origin: FieldOrigin): Pick<MappingRow, 'how' | 'text'> => {
  if (!('value' in origin)) {
    return { how: 'from', text: origin.times === undefined ? origin.from : `${origin.from} * ${origin.times}` }
  }
  const { value } = origin
  if (value === null) return { how: 'from', text: '' }
  return { how: 'value', text: typeof value === 'string' ? value : JSON.stringify(value) }
}

function settingsTexts(kind: SourceKind, stored: JsonObject): Record<string, string> {
  const texts = kind.settings.map(({ name, fallback }) => {
    const value = (stored[name] ?? fallback) as Json | undefined
    const text = value === true ? '1' : value === false || value === undefined || value === null ? '' : value
    return [name, Array.isArray(text) ? text.join(',') : String(text)] as const
  })
  return Object.fromEntries(texts)
}

function settingsOf(kind: SourceKind, form: SourceForm): JsonObject {
  const values = kind.settings.map(({ name, kind: shape }): readonly [string, Json] => {
    const text = form.settings[name] ?? ''
    if (shape === 'flag') return [name, text === '1']
    if (shape === 'number') return [name, text.trim() === '' ? null : Number(text)]
    return [name, shape === 'choices' ? text.split(',').filter(Boolean) : text.trim()]
  })
  return Object.fromEntries(values)
}
