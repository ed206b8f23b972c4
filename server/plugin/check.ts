import { z } from 'zod'
import type { JsonObject } from '../lib/json.ts'
import { inEnglish, msg, type Message } from '../lib/message.ts'
import { isLonger } from '../lib/size.ts'
import type { FormatAbout } from './contribution.ts'
import { fieldsOf as settingsFields } from './fields.ts'
import { hostVersion, type Manifest, type PluginEvent } from './define.ts'
import { compareVersions, isVersion } from './version.ts'
import { faultsIn, MAX_SAMPLE_BYTES } from './payload.ts'
import { describePayload } from './schema.ts'

const text = z.string().min(1).max(500)
const schema = z.custom<z.ZodType>((value) => value instanceof z.ZodType, 'has to be a zod schema')
const event = z.strictObject({
  name: z.string(),
  title: text,
  sentence: text,
  description: text,
  lane: z.enum(['realtime', 'batched']),
  payload: schema,
  sample: z.unknown(),
  shared: z.boolean(),
})
/** Of a collection or a capability. */
const NAME = /^[a-z][a-z0-9_]{0,39}$/
const NAME_RULE = 'has 1 to 40 lower-case letters, digits and _, a letter first'

const shape = z.strictObject({
  slug: z
    .string()
    .regex(/^[a-z][a-z0-9-]{1,39}$/, 'has 2 to 40 lower-case letters, digits and hyphens, a letter first'),
  version: z.string().refine(isVersion, 'is written as 1.0.0'),
  title: text,
  description: text.optional(),
  requires: z.strictObject({ host: z.string() }),
  scope: z.enum(['site', 'network']),
  defaultActive: z.boolean().optional(),
  mustUse: z.boolean().optional(),
  events: z.array(event).optional(),
  emits: z.array(event).optional(),
  storage: z
    .record(z.string().regex(NAME), z.strictObject({ schema, indexes: z.array(z.string()).optional() }), {
      error: ({ code }) => (code === 'invalid_key' ? NAME_RULE : undefined),
    })
    .optional(),
  capabilities: z
    .array(
      z.strictObject({
        name: z.string().regex(NAME, NAME_RULE),
        title: text,
        roles: z.array(z.enum(['integration_admin', 'site_admin', 'viewer'])).optional(),
      }),
    )
    .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, 'names one of them twice')
    .optional(),
  settings: z.custom<z.ZodObject>((value) => value instanceof z.ZodObject, 'has to be z.object({ … })').optional(),
  http: z
    .array(
      z
        .string()
        .regex(
          /^(\*|[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?)$/,
          'is a host such as api.example.com, without https://',
        ),
    )
    .min(1, 'names no host; leave it out')
    .optional(),
})

/**
 * What is wrong with a manifest, or null. `ours`: the plugin ships with this repository, so its events may have bare
 * names and it may be always on.
 */
export function wrongManifest(
  slug: string,
  manifest: unknown,
  ours: boolean,
  ignored: readonly string[] = [],
): Message | null {
  const known = Object.entries(manifest ?? {}).filter(([key]) => !ignored.includes(key))
  const parsed = shape.safeParse(Object.fromEntries(known))
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    return msg('The manifest is not right at {path}: {problem}.', {
      path: issue?.path.join('.') || 'its top level',
      problem: issue?.message ?? 'unknown',
    })
  }
  const { data } = parsed
  if (data.slug !== slug) {
    return msg('The slug is {slug}, and the folder {folder}. They have to be the same.', {
      slug: data.slug,
      folder: slug,
    })
  }
  if (data.mustUse && !ours) return msg('Only plugins that ship with the host may be always on. Leave mustUse out.')
  for (const [name, { schema, indexes = [] }] of Object.entries(data.storage ?? {})) {
    const known = fieldsOf(schema)
    if (!known.includes('id')) return msg('Records of {name} need a field id.', { name })
    const unknown = indexes.find((field) => !known.includes(field))
    if (unknown) return msg('{name} is indexed by {field}, which its schema does not have.', { name, field: unknown })
  }
  return null
}

const fieldsOf = (schema: z.ZodType): string[] => (schema instanceof z.ZodObject ? Object.keys(schema.shape) : ['id'])

const SNAKE_CASE = /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/
/** Names such as `COURSE_COMPLETED`: our catalogues keep those of the systems that they stand for. */
const UPPER_CASE = /^[A-Z][A-Z0-9]*([_:][A-Z0-9]+)*$/

/** What a manifest says that this host does not know: it may have been written for a later one. */
export const unknownKeys = (manifest: object): readonly string[] =>
  Object.keys(manifest ?? {}).filter((key) => !(key in shape.shape))

/** What is wrong with an event, or its JSON Schema. */
export function checkEvent(
  { slug }: Pick<Manifest, 'slug'>,
  event: PluginEvent,
  ours: boolean,
): { readonly schema: JsonObject; readonly wrong: null } | { readonly schema: null; readonly wrong: Message } {
  const no = (wrong: Message) => ({ schema: null, wrong })
  const { name } = event
  const bare = name.startsWith(`${slug}.`) ? name.slice(slug.length + 1) : name
  if (bare === name && !ours) {
    return no(
      msg('The event {name} has to be called {right}: names without a prefix belong to the host.', {
        name,
        right: `${slug}.${name}`,
      }),
    )
  }
  if (!(SNAKE_CASE.test(bare) || (ours && UPPER_CASE.test(name))) || name.length > 100) {
    return no(
      msg('The event {name} is not named as events are: past tense in snake_case, such as order_paid.', { name }),
    )
  }
  const { schema, unfit } = describePayload(event.payload)
  if (schema === null) return no(msg('The event {name}: {problem}', { name, problem: inEnglish(unfit) }))
  const sample = JSON.stringify(event.sample) ?? ''
  if (isLonger(sample, MAX_SAMPLE_BYTES)) {
    return no(msg('The sample of {name} has more than {max} KiB.', { name, max: MAX_SAMPLE_BYTES / 1024 }))
  }
  const [fault] = faultsIn(event, JSON.parse(sample) as JsonObject)
  if (fault) {
    return no(
      msg('The sample of {name} does not fit its payload at {path}.', {
        name,
        path: fault.path.replace(/^data\.?/, '') || 'its top level',
      }),
    )
  }
  return { schema, wrong: null }
}

const handler = z.custom((value) => typeof value === 'function', 'has to be a function')
const source = z.strictObject({
  title: text,
  description: text,
  steps: z.array(z.custom<Message>()).min(1),
  secret: z.strictObject({ title: text, help: text, required: z.boolean() }).optional(),
  settings: z.custom<z.ZodObject>((value) => value instanceof z.ZodObject, 'has to be z.object({ … })').optional(),
  isPing: handler.optional(),
  verify: handler.optional(),
  toEvents: z.union([z.literal('mapped'), handler]),
})

/** What is wrong with a source that a plugin registers: a sentence for its author, or null. */
export function wrongSource(slug: string, name: string, about: unknown): string | null {
  if (name !== slug && !(name.startsWith(`${slug}.`) && /^[a-z0-9-]{1,40}$/.test(name.slice(slug.length + 1))))
    return `it has to be called ${slug}, or ${slug}. and a name in lower case.`
  const parsed = source.safeParse(about)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    return `it is not right at ${issue?.path.join('.') || 'its top level'}: ${issue?.message}.`
  }
  const { secret, verify, settings } = parsed.data
  if ((secret === undefined) !== (verify === undefined)) return 'secret and verify belong together.'
  const { fields, wrong } = settingsFields(settings)
  if (wrong) return inEnglish(wrong)
  return fields.some((field) => field.secret) ? 'a source keeps one secret: name it as secret, not in settings.' : null
}

/** Whether a range, `^1.2` or `>=1.2`, takes this version. Both are floors; `^` stays inside the major. */
export function takes(range: string, version: string = hostVersion): boolean {
  const match = /^(\^|>=)(\d+)\.(\d+)(?:\.(\d+))?$/.exec(range.trim())
  if (!match) return false
  if (match[1] === '^' && match[2] !== version.split('.')[0]) return false
  return compareVersions(version, `${match[2]}.${match[3]}.${match[4] ?? 0}`) >= 0
}

/** What is wrong with a payload format, in a sentence. */
export function wrongFormat(
  name: string,
  { title, contentType, batchContentType = contentType }: FormatAbout,
): string | null {
  if (!/^[a-z][a-z0-9-]{0,39}$/.test(name))
    return `The format ${name} has to have 1 to 40 lower-case letters, digits and hyphens.`
  if (!title) return `The format ${name} needs a title.`
  const wrong = [contentType, batchContentType].find((type) => !/^[\w.+-]+\/[\w.+-]+(; *[\w-]+=[\w.-]+)*$/.test(type))
  return wrong === undefined
    ? null
    : `The content type ${wrong} of the format ${name} is not valid. Write it as in text/csv; charset=utf-8.`
}
