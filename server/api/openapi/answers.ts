import { z } from 'zod'
import { codes, type Code } from '../../lib/errors.ts'
import { setUpShape } from '../../transfer/file.ts'
import { kinds, outcomes } from '../../transfer/step.ts'
import { answerKinds } from '../../webhooks/bins/answer.ts'
import { id, time } from './operation.ts'

export * from './people-answers.ts'

/*
 * What the API answers with. The flows hold every answer they get to these schemas, so a field that is new here without
 * its line below fails a test.
 */

const json = z.record(z.string(), z.unknown())
const headers = z.record(z.string(), z.string())
/** A delivery, or a batch, which is one. */
const deliveryId = z.string().regex(/^(dlv|bat)_/)

export const problem = z.strictObject({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.enum(Object.keys(codes) as [Code, ...Code[]]),
  errors: z.array(z.strictObject({ path: z.string(), message: z.string() })).optional(),
})

export const me = z.strictObject({ id: id('key'), name: z.string(), network: z.string() })

export const emitted = z.strictObject({ id: id('evt'), deliveries: z.int(), duplicate: z.boolean() })
export const emittedList = z.strictObject({ data: z.array(emitted) })

export const event = z.strictObject({
  id: id('evt'),
  type: z.string(),
  site: z.string().nullable(),
  data: json,
  source: z.string(),
  test: z.boolean(),
  rejected: z.string().nullable(),
  occurred_at: time,
  created_at: time,
  erased_at: time.nullable(),
})

export const eventType = z.strictObject({
  name: z.string(),
  title: z.string(),
  sentence: z.string(),
  description: z.string(),
  lane: z.enum(['realtime', 'batched']),
  plugin: z.string(),
  schema: json,
  sample: json,
})

export const sample = z.array(z.looseObject({ id: id('evt'), type: z.string(), timestamp: time, site: z.string() }))

const schedule = z.array(z.int())
export const webhook = z.strictObject({
  id: id('whk'),
  name: z.string(),
  description: z.string(),
  url: z.string(),
  all_events: z.boolean(),
  events: z.array(z.string()),
  format: z.string(),
  timestamp: z.enum(['milliseconds', 'seconds', 'iso']),
  condition: json.nullable(),
  sites: z.array(z.string()),
  ordered: z.boolean(),
  rate_per_second: z.int().nullable(),
  delivery: z.strictObject({
    mode: z.enum(['realtime', 'batched']),
    every_minutes: z.int().nullable(),
    at: z.array(z.string()).nullable(),
    max_events: z.int(),
  }),
  signing: z.strictObject({ scheme: z.enum(['v1', 'v1a']), extra: z.array(z.enum(['github', 'stripe'])) }).nullable(),
  headers,
  timeout_seconds: z.int(),
  retry_schedule: schedule,
  active: z.boolean(),
  auth: z.strictObject({ type: z.enum(['none', 'basic', 'bearer', 'signature']), username: z.string().optional() }),
  public_key: z.string().optional(),
  state: z.enum(['active', 'failing', 'disabled', 'retired']),
  state_reason: z.string().nullable(),
  owner: z.string(),
  origin: z.enum(['admin', 'api', 'rest_hook']),
  last_delivered_at: time.nullable(),
  created_at: time,
  updated_at: time,
  secret: z.string().optional(),
})

export const rotation = z.strictObject({
  id: id('whk'),
  secret: z.string().optional(),
  public_key: z.string().optional(),
  overlap_hours: z.int(),
  old_until: time,
})

const response = z.strictObject({ status: z.int(), headers, body: z.string(), body_truncated: z.boolean() })

export const exchange = z.strictObject({
  ok: z.boolean(),
  status: z.int().nullable(),
  duration_ms: z.int(),
  event: id('evt'),
  delivery: deliveryId,
  request: z.strictObject({ method: z.string(), url: z.string(), headers, body: z.string() }),
  response: response.nullable(),
  error: z.string().optional(),
})

export const hours = z.strictObject({
  data: z.array(
    z.strictObject({
      hour: time,
      delivered: z.int(),
      failed: z.int(),
      p50: z.number().nullable(),
      p95: z.number().nullable(),
    }),
  ),
})

export const hook = z.strictObject({
  id: id('whk'),
  target_url: z.string(),
  event: z.string().nullable(),
  state: webhook.shape.state,
  created_at: time,
})

const attempt = z.strictObject({
  id: id('att'),
  number: z.int(),
  started_at: time,
  duration_ms: z.int(),
  outcome: z.string(),
  status: z.int().nullable(),
  error: z.string().nullable(),
  redelivery: z.boolean(),
  request: z.strictObject({
    method: z.string(),
    url: z.string().nullable(),
    headers,
    body: z.string().nullable(),
  }),
  response: response.nullable(),
})

export const delivery = z.strictObject({
  id: deliveryId,
  event: z.string(),
  type: z.string(),
  /** `unsaved` for a test of a webhook that was never saved. */
  webhook: z.string().regex(/^(whk_|unsaved$)/),
  site: z.string().nullable(),
  state: z.enum(['pending', 'delivering', 'delivered', 'retrying', 'failed', 'cancelled', 'held']),
  attempt_count: z.int(),
  test: z.boolean(),
  last_status: z.int().nullable(),
  last_outcome: z.string().nullable(),
  reason: z.string().nullable(),
  next_attempt_at: time.nullable(),
  created_at: time,
  batch: z.string().nullable(),
  finished_at: time.nullable(),
})
/** `events`: of a batch all that are in it, in their order. */
export const wholeDelivery = delivery.extend({ events: z.array(id('evt')), attempts: z.array(attempt) })

export const plugin = z.strictObject({
  slug: z.string(),
  title: z.string(),
  description: z.string(),
  version: z.string(),
  scope: z.enum(['site', 'network']),
  state: z.enum(['active', 'inactive', 'paused', 'failed', 'incompatible', 'removing']),
  active: z.boolean(),
  reason: z.string().nullable(),
  must_use: z.boolean(),
  sends: z.array(z.string()),
  listens: z.array(z.string()),
  stores: z.array(z.string()),
  contacts: z.array(z.string()),
})
export const pluginWithSettings = plugin.extend({ site: z.string().nullable(), settings: json })

export const redelivery = z.strictObject({
  id: id('red'),
  webhook: id('whk'),
  state: z.enum(['running', 'finished', 'stopped']),
  total: z.int(),
  done: z.int(),
  created_at: time,
})

export const site = z.strictObject({
  id: id('sit'),
  slug: z.string(),
  name: z.string(),
  state: z.enum(['active', 'archived', 'deleted']),
  created_at: time,
})

export const source = z.strictObject({
  id: id('src'),
  kind: z.string(),
  name: z.string(),
  site: z.string().nullable(),
  active: z.boolean(),
  url: z.string(),
  old_url_until: time.nullable(),
  has_secret: z.boolean(),
  settings: json,
  mapping: json.nullable(),
  taken: z.int(),
  refused: z.int(),
  last_taken_at: time.nullable(),
  last_refused_at: time.nullable(),
  created_at: time,
})

export const bin = z.strictObject({
  id: id('bin'),
  name: z.string(),
  url: z.string(),
  answer: z.strictObject({ kind: z.enum(answerKinds), figure: z.int() }),
  webhook: z.string().nullable(),
  received: z.int(),
  created_at: time,
})

export const capture = z.strictObject({
  id: id('cap'),
  method: z.string(),
  query: z.string(),
  headers: z.array(z.tuple([z.string(), z.string()])),
  body: z.string().meta({ description: 'base64' }),
  bytes: z.int(),
  verdict: z.enum(['valid', 'wrong', 'old', 'unsigned', 'unchecked']),
  status: z.int(),
  received_at: time,
})

export const setUp = setUpShape

/** What an import does, or would do. */
export const imported = z.strictObject({
  dry_run: z.boolean(),
  locked: z.boolean().meta({ description: 'the file has secrets, and no passphrase was given' }),
  counts: z.strictObject({
    create: z.int(),
    change: z.int(),
    same: z.int(),
    skip: z.int(),
    refuse: z.int(),
  }),
  items: z.array(
    z.strictObject({
      kind: z.enum(kinds),
      outcome: z.enum(outcomes),
      name: z.string(),
      site: z.string().nullable(),
      path: z.string(),
      changes: z.array(z.strictObject({ field: z.string(), before: z.unknown(), after: z.unknown() })),
      notes: z.array(z.string()),
      errors: z.array(z.strictObject({ path: z.string(), message: z.string() })),
    }),
  ),
})

/** A page of a list. */
export const listOf = <Item extends z.ZodType>(item: Item) =>
  z.strictObject({ data: z.array(item), next_cursor: z.string().nullable() })

export const count = <Name extends string>(name: Name) => z.strictObject({ [name]: z.int() })
