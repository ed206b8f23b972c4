import { z } from 'zod'
import { wrongName } from '../access/person.ts'
import { AppError, type FieldError } from '../lib/errors.ts'
import type { JsonObject } from '../lib/json.ts'
import { msg } from '../lib/message.ts'
import { isPlainText } from '../lib/plain-text.ts'
import type { EventType, Host, SourceKind } from '../plugin/host.ts'
import type { Mapping } from '../plugin/mapping.ts'
import { issueSentences } from '../lib/issues.ts'

/** A source as somebody wants it. `secret`: null keeps what is stored, '' removes it. */
export interface SourceDraft {
  readonly name: string
  readonly secret: string | null
  readonly settings: JsonObject
  readonly mapping: Mapping | null
}

/** What somebody wrote, right or wrong. */
export interface SourceInput {
  readonly name: string
  readonly secret: string | null
  readonly settings: JsonObject
  readonly mapping: unknown
}

const path = z.string().trim().min(1).max(200)
const mappingShape = z.strictObject({
  event: z.string(),
  fields: z.record(
    z.string().min(1).max(100),
    z.union([z.strictObject({ from: path, times: z.number().optional() }), z.strictObject({ value: z.json() })]),
  ),
  key: path.nullable().default(null),
  occurred_at: path.nullable().default(null),
})

const LONGEST_SECRET = 500

/** The events that a person may choose for a source of this kind: the plugin's own, and those that their owners share. */
export const eventsFor = (host: Host, kind: SourceKind): readonly EventType[] =>
  host.eventTypes().filter((type) => type.shared || type.plugin === kind.plugin)

/** Checks what somebody wrote, and names all that is wrong with it. */
export function readSource(
  host: Host,
  kind: SourceKind,
  input: SourceInput,
): { readonly ok: true; readonly draft: SourceDraft } | { readonly ok: false; readonly errors: readonly FieldError[] } {
  const errors: FieldError[] = []
  const name = input.name.trim()
  const wrong = wrongName(name)
  if (wrong) errors.push({ path: 'name', message: wrong })
  const secret = input.secret === null ? null : input.secret.trim()
  if (secret !== null && secret !== '' && !kind.secret)
    errors.push({
      path: 'secret',
      message: msg('{kind} signs nothing, so there is no secret to keep.', { kind: kind.title }),
    })
  if (secret !== null && (secret.length > LONGEST_SECRET || !isPlainText(secret)))
    errors.push({
      path: 'secret',
      message: msg('A secret has up to {max} characters, on one line.', { max: LONGEST_SECRET }),
    })
  let settings: JsonObject = {}
  try {
    settings = host.sourceSettings(kind.name, input.settings)
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    errors.push(...error.errors)
  }
  const mapping = readMapping(host, kind, input.mapping)
  if (!mapping.ok) errors.push(...mapping.errors)
  return errors.length > 0 || !mapping.ok
    ? { ok: false, errors }
    : { ok: true, draft: { name, secret, settings, mapping: mapping.mapping } }
}

/** A mapping as it is stored, or what is wrong with it. */
export function readMapping(
  host: Host,
  kind: SourceKind,
  given: unknown,
):
  | { readonly ok: true; readonly mapping: Mapping | null }
  | { readonly ok: false; readonly errors: readonly FieldError[] } {
  const no = (path: string, message: FieldError['message']) => ({ ok: false as const, errors: [{ path, message }] })
  if (!kind.mapped) {
    if (given === null || given === undefined) return { ok: true, mapping: null }
    return no('mapping', msg('{kind} knows by itself what its requests mean.', { kind: kind.title }))
  }
  const parsed = mappingShape.safeParse(given)
  if (!parsed.success) {
    return { ok: false, errors: parsed.error.issues.flatMap(issueSentences).map(below) }
  }
  const { fields, ...rest } = parsed.data
  if (!eventsFor(host, kind).some(({ name }) => name === rest.event))
    return no('mapping.event', msg('Choose one of the events that a source may make.'))
  const origins = Object.entries(fields).map(([name, origin]) => {
    if ('value' in origin) return [name, { value: origin.value as JsonObject[string] }] as const
    const { from, times } = origin
    return [name, times === undefined ? { from } : { from, times }] as const
  })
  return { ok: true, mapping: { ...rest, fields: Object.fromEntries(origins) } }
}

const below = ({ path, message }: FieldError): FieldError => ({
  path: ['mapping', path].filter(Boolean).join('.'),
  message,
})
