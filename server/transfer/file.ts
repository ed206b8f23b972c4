import { z } from 'zod'
import { networkSettings } from '../access/network-settings.ts'
import { AppError, fail, invalid } from '../lib/errors.ts'
import { isObject, parseJson, type Json, type JsonObject } from '../lib/json.ts'
import { msg } from '../lib/message.ts'
import { issueSentences } from '../lib/issues.ts'
import { sealedShape } from './sealed-secrets.ts'

/** Raised when a file of before could be misread. An older version is told, never guessed at. */
export const VERSION = 1

/** As much as is taken of a file, in bytes. A thousand webhooks are one megabyte. */
export const MOST_FILE_BYTES = 8 * 1024 * 1024

/** Problems beyond so many are not told: by then it is another file. */
const MOST_PROBLEMS = 50

const whole = z.number().int()
/** The text was parsed before: it can be nothing else. */
const json = z.unknown() as z.ZodType<Json>
const settings = z.record(z.string(), json)

/** Whole numbers where the setting is one; null stands for no limit, or for "as it comes". */
const networkShape = z.partialRecord(z.enum(networkSettings), z.union([z.string(), whole, z.null()]))

const siteShape = z.strictObject({
  slug: z.string(),
  name: z.string(),
  state: z.enum(['active', 'archived']).optional(),
})

/** `site` is a slug; only site admins have one. */
const personShape = z.strictObject({
  email: z.string(),
  name: z.string(),
  role: z.string(),
  site: z.string().nullable().optional(),
  language: z.string().nullable().optional(),
})

/** `sites`: what is set for single sites, by slug. */
const pluginShape = z.strictObject({
  slug: z.string(),
  active: z.boolean().optional(),
  settings: settings.optional(),
  sites: z
    .record(z.string(), z.strictObject({ active: z.boolean().optional(), settings: settings.optional() }))
    .optional(),
})

/**
 * The fields of the REST API. `owner` is `network` or a site's slug, `sites` are slugs, `headers` the names of those whose
 * values are secrets.
 */
const webhookShape = z.strictObject({
  id: z.string().optional(),
  owner: z.string(),
  name: z.string(),
  description: z.string().optional(),
  url: z.string(),
  all_events: z.boolean().optional(),
  events: z.array(z.string()).optional(),
  format: z.string().optional(),
  timestamp: z.enum(['milliseconds', 'seconds', 'iso']).optional(),
  condition: json.optional(),
  sites: z.array(z.string()).optional(),
  ordered: z.boolean().optional(),
  rate_per_second: z.number().nullable().optional(),
  delivery: settings.optional(),
  auth: z
    .strictObject({ type: z.enum(['none', 'basic', 'bearer', 'signature']), username: z.string().optional() })
    .optional(),
  signing: z
    .strictObject({ scheme: z.enum(['v1', 'v1a']), extra: z.array(z.enum(['github', 'stripe'])) })
    .nullable()
    .optional(),
  headers: z.array(z.string()).optional(),
  timeout_seconds: z.number().optional(),
  retry_schedule: z.array(z.number()).optional(),
  active: z.boolean().optional(),
})

/** `site` is a slug. `signed`: whether its sender signs with a secret that was kept here. */
const sourceShape = z.strictObject({
  id: z.string().optional(),
  kind: z.string(),
  site: z.string(),
  name: z.string(),
  settings: settings.optional(),
  mapping: json.optional(),
  signed: z.boolean().optional(),
  active: z.boolean().optional(),
})

/** The set-up of a network. What a file leaves out stays as it is; nothing is ever deleted by it. */
export const setUpShape = z.strictObject({
  hookline: z.literal('set-up'),
  version: z.literal(VERSION),
  network: networkShape.default({}),
  sites: z.array(siteShape).default([]),
  people: z.array(personShape).default([]),
  plugins: z.array(pluginShape).default([]),
  webhooks: z.array(webhookShape).default([]),
  sources: z.array(sourceShape).default([]),
  secrets: sealedShape.optional(),
})

export type SetUp = z.infer<typeof setUpShape>
export type PersonEntry = z.infer<typeof personShape>
export type WebhookEntry = z.infer<typeof webhookShape>
export type SourceEntry = z.infer<typeof sourceShape>
export type PluginEntry = z.infer<typeof pluginShape>

const isOurs = (value: Json): value is JsonObject => isObject(value) && value['hookline'] === 'set-up'

/** Checks the shape of a file. Throws AppError: one sentence for another kind or version of file, else `invalid` with paths. */
export function readSetUp(value: Json): SetUp {
  if (!isOurs(value)) {
    throw fail('bad_request', 'This is not a set-up of Hookline. Choose a file that was made with Export.')
  }
  if (value['version'] !== VERSION) {
    throw fail('bad_request', 'This set-up is of version {version}; this Hookline reads version {known}.', {
      version: JSON.stringify(value['version'] ?? null).slice(0, 40),
      known: VERSION,
    })
  }
  const parsed = setUpShape.safeParse(value)
  if (parsed.success) return parsed.data
  throw invalid(parsed.error.issues.slice(0, MOST_PROBLEMS).flatMap(issueSentences))
}

const notJson = (): AppError => {
  const message = msg('The file is not JSON, or not whole.')
  return new AppError('bad_json', message, [{ path: 'file', message }])
}

/** The same for the bytes of a file. */
export function parseSetUp(bytes: Uint8Array): SetUp {
  let text: string
  try {
    // It leaves out the byte order mark that some editors put in front of what they save.
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw notJson()
  }
  const parsed = parseJson(text, 36)
  if (!parsed.ok) {
    throw parsed.error.code === 'bad_json' ? notJson() : parsed.error
  }
  return readSetUp(parsed.value)
}
