import { z } from 'zod'
import type { RouteKey } from '../../access/rules.ts'
import { webhookShape } from '../../webhooks/draft.ts'
import { changedBin } from '../bins.ts'
import { subscription } from '../hooks.ts'
import { changedSite, newSite } from '../sites.ts'
import { changedSource, newAddress, newSource } from '../sources.ts'
import * as answers from './answers.ts'

/** A route of the API, as its documentation tells of it. Who may call it stands in the rules. */
export interface Operation {
  readonly summary: string
  readonly description?: string
  /** Parameters of the query; all may be left out. */
  readonly query?: Readonly<Record<string, z.ZodType>>
  readonly headers?: Readonly<Record<string, z.ZodType>>
  readonly body?: z.ZodType
  /** The route whose fields the body has, more or less: the page tells of them once. */
  readonly like?: ApiRoute
  readonly status: 200 | 201 | 202 | 204
  /** What is answered with that status; nothing unless told. */
  readonly answer?: z.ZodType
}

export type ApiRoute = Extract<RouteKey, `${string} /api/v1/${string}`>

const time = z.iso.datetime()
const page = {
  limit: z.int().min(1).max(100).default(20),
  cursor: z.string().meta({ description: 'next_cursor of the page before' }),
}
const when = { since: time, until: time, test: z.boolean().meta({ description: 'only tests, or none' }) }
const nothing = { status: 204 } as const

const newEvent = z.strictObject({
  type: z.string().max(255),
  data: z.record(z.string(), z.unknown()),
  site: z.string().max(255).optional().meta({ description: 'slug or id; the main site unless told' }),
  id: z.string().max(255).optional().meta({ description: 'makes it idempotent, as Idempotency-Key does' }),
  occurred_at: time.optional().meta({ description: 'from 30 days ago to 5 minutes ahead' }),
})

const newWebhook = webhookShape.extend({
  condition: z.record(z.string(), z.unknown()).nullable().default(null),
  delivery: z
    .strictObject({
      mode: z.enum(['realtime', 'batched']).optional(),
      every_minutes: z.int().nullable().optional(),
      at: z.array(z.string()).nullable().optional(),
      max_events: z.int().min(1).max(100).optional(),
    })
    .default({}),
  headers: z.record(z.string(), z.string()).default({}),
})
const changedWebhook = newWebhook.partial().extend({
  auth: newWebhook.shape.auth.unwrap().partial().optional(),
  headers: z.record(z.string(), z.string().nullable()).optional(),
})
const event = z.string().meta({ description: 'the type to send the sample of; the first chosen one unless told' })

/** A schema that holds itself cannot be written without a reference. */
const anyJson = { settings: z.record(z.string(), z.unknown()).optional(), mapping: z.unknown().optional() }

/** Every route of the API. One that is missing here does not compile. */
export const operations: Readonly<Record<ApiRoute, Operation>> = {
  'POST /api/v1/events': {
    summary: 'Send an event',
    description: 'Answered once the event and all its deliveries are on durable storage.',
    headers: { 'Idempotency-Key': z.string().max(255) },
    body: newEvent,
    status: 202,
    answer: answers.emitted,
  },
  'POST /api/v1/events/batch': {
    summary: 'Send up to 500 events, all or none',
    body: z.array(newEvent).min(1).max(500),
    status: 202,
    answer: answers.emittedList,
  },
  'GET /api/v1/events': {
    summary: 'List events',
    query: { type: z.string(), site: z.string(), ...when, ...page },
    status: 200,
    answer: answers.listOf(answers.event),
  },
  'GET /api/v1/events/:id': { summary: 'Read an event', status: 200, answer: answers.event },
  'POST /api/v1/events/:id/deliver': {
    summary: 'Send an event to a webhook that did not get it',
    body: z.strictObject({ webhook: z.string() }),
    status: 202,
    answer: answers.delivery,
  },
  'GET /api/v1/event-types': {
    summary: 'List the events there are',
    status: 200,
    answer: answers.listOf(answers.eventType),
  },
  'GET /api/v1/event-types/:name': { summary: 'Read an event type', status: 200, answer: answers.eventType },
  'GET /api/v1/event-types/:name/sample': {
    summary: 'Read a sample',
    description: 'An array of one, with the fields that a REST hook delivers.',
    status: 200,
    answer: answers.sample,
  },

  'GET /api/v1/webhooks': {
    summary: 'List webhooks',
    query: page,
    status: 200,
    answer: answers.listOf(answers.webhook),
  },
  'POST /api/v1/webhooks': {
    summary: 'Add a webhook',
    description: 'A secret that is made for it is given in this answer, and never again.',
    body: newWebhook,
    status: 201,
    answer: answers.webhook,
  },
  'POST /api/v1/webhooks/test': {
    summary: 'Send a test event for a webhook that is not saved',
    description: 'Takes event as well: the type to send the sample of.',
    body: newWebhook.extend({ event: event.optional() }),
    like: 'POST /api/v1/webhooks',
    status: 200,
    answer: answers.exchange,
  },
  'GET /api/v1/webhooks/:id': { summary: 'Read a webhook', status: 200, answer: answers.webhook },
  'PATCH /api/v1/webhooks/:id': {
    summary: 'Change a webhook',
    description:
      'Takes any field, and within auth, signing, headers and delivery single ones. A header that is null goes.',
    body: changedWebhook,
    like: 'POST /api/v1/webhooks',
    status: 200,
    answer: answers.webhook,
  },
  'DELETE /api/v1/webhooks/:id': { summary: 'Delete a webhook', ...nothing },
  'POST /api/v1/webhooks/:id/test': {
    summary: 'Send a test event',
    body: z.strictObject({ event: event.optional() }),
    status: 200,
    answer: answers.exchange,
  },
  'POST /api/v1/webhooks/:id/rotate-secret': {
    summary: 'Rotate the signing secret',
    description: 'Both secrets sign until the overlap ends.',
    body: z.strictObject({
      overlap_hours: z.union([z.literal(0), z.literal(1), z.literal(24), z.literal(168)]).default(24),
    }),
    status: 200,
    answer: answers.rotation,
  },
  'POST /api/v1/webhooks/:id/flush': {
    summary: 'Send the waiting batch now',
    status: 200,
    answer: answers.count('flushed'),
  },
  'POST /api/v1/webhooks/:id/discard': {
    summary: 'Drop what is held',
    status: 200,
    answer: answers.count('discarded'),
  },
  'POST /api/v1/webhooks/:id/redeliver': {
    summary: 'Redeliver all that failed since a time',
    body: z.strictObject({ since: time, state: z.literal('failed').optional() }),
    status: 202,
    answer: answers.redelivery,
  },
  'GET /api/v1/webhooks/:id/stats': {
    summary: 'Read the figures of the last day, per hour',
    description: 'p50 and p95: the milliseconds that half and 95 % of the attempts kept within.',
    status: 200,
    answer: answers.hours,
  },

  'GET /api/v1/hooks': {
    summary: 'List REST hooks',
    query: { url: z.string().meta({ description: 'only those of this target_url' }), ...page },
    status: 200,
    answer: answers.listOf(answers.hook),
  },
  'POST /api/v1/hooks': {
    summary: 'Subscribe',
    description: 'The same address and event again give the hook that is there.',
    body: subscription,
    status: 201,
    answer: answers.hook,
  },
  'GET /api/v1/hooks/:id': { summary: 'Read a REST hook', status: 200, answer: answers.hook },
  'DELETE /api/v1/hooks/:id': {
    summary: 'Unsubscribe',
    description: 'Answered in the same way when it is gone already.',
    ...nothing,
  },

  'GET /api/v1/deliveries': {
    summary: 'List deliveries',
    query: {
      webhook: z.string(),
      event: z.string(),
      type: z.string(),
      state: answers.delivery.shape.state,
      site: z.string(),
      ...when,
      ...page,
    },
    status: 200,
    answer: answers.listOf(answers.delivery),
  },
  'GET /api/v1/deliveries/:id': {
    summary: 'Read a delivery with its attempts',
    description: 'Each with the exact request and answer, secrets masked.',
    status: 200,
    answer: answers.wholeDelivery,
  },
  'POST /api/v1/deliveries/redeliver': {
    summary: 'Redeliver up to 100 deliveries',
    body: z.strictObject({ ids: z.array(z.string()).min(1).max(100) }),
    status: 202,
    answer: answers.count('redelivered'),
  },
  'POST /api/v1/deliveries/:id/redeliver': {
    summary: 'Redeliver a delivery',
    description: 'One more attempt of the same delivery, now.',
    status: 202,
    answer: answers.delivery,
  },
  'POST /api/v1/deliveries/:id/cancel': {
    summary: 'Cancel a delivery that waits',
    status: 200,
    answer: answers.delivery,
  },
  'GET /api/v1/redeliveries/:id': { summary: 'Read how far a redelivery is', status: 200, answer: answers.redelivery },
  'DELETE /api/v1/redeliveries/:id': { summary: 'Stop a redelivery', ...nothing },

  'GET /api/v1/sites': { summary: 'List sites', status: 200, answer: answers.listOf(answers.site) },
  'POST /api/v1/sites': { summary: 'Add a site', body: newSite, status: 201, answer: answers.site },
  'GET /api/v1/sites/:id': { summary: 'Read a site', status: 200, answer: answers.site },
  'PATCH /api/v1/sites/:id': {
    summary: 'Rename, archive or bring back a site',
    body: changedSite,
    status: 200,
    answer: answers.site,
  },
  'DELETE /api/v1/sites/:id': { summary: 'Delete a site', ...nothing },

  'GET /api/v1/sources': {
    summary: 'List sources',
    query: { site: z.string(), ...page },
    status: 200,
    answer: answers.listOf(answers.source),
  },
  'POST /api/v1/sources': {
    summary: 'Add a source',
    description: 'The address to paste at the sender is given whole in this answer, and never again.',
    body: newSource.extend(anyJson),
    status: 201,
    answer: answers.source,
  },
  'GET /api/v1/sources/:id': { summary: 'Read a source', status: 200, answer: answers.source },
  'PATCH /api/v1/sources/:id': {
    summary: 'Change a source',
    description: 'Takes active as well.',
    body: changedSource.extend(anyJson),
    like: 'POST /api/v1/sources',
    status: 200,
    answer: answers.source,
  },
  'DELETE /api/v1/sources/:id': { summary: 'Delete a source', ...nothing },
  'POST /api/v1/sources/:id/rotate-address': {
    summary: 'Give a source another address',
    description: 'The old one is taken for a while longer, unless at_once.',
    body: newAddress,
    status: 200,
    answer: answers.source,
  },

  'GET /api/v1/bins': { summary: 'List bins', status: 200, answer: answers.listOf(answers.bin) },
  'POST /api/v1/bins': { summary: 'Add a bin', body: changedBin, status: 201, answer: answers.bin },
  'GET /api/v1/bins/:id': { summary: 'Read a bin', status: 200, answer: answers.bin },
  'GET /api/v1/bins/:id/captures': {
    summary: 'List what a bin caught',
    description: 'The newest hundred. Values of headers with credentials are masked.',
    status: 200,
    answer: answers.listOf(answers.capture),
  },
  'PATCH /api/v1/bins/:id': { summary: 'Change a bin', body: changedBin, status: 200, answer: answers.bin },
  'DELETE /api/v1/bins/:id': { summary: 'Delete a bin', ...nothing },

  'GET /api/v1/me': { summary: 'Read whose key this is', status: 200, answer: answers.me },
  'GET /api/v1/openapi.json': {
    summary: 'Read this description',
    status: 200,
    answer: z.looseObject({ openapi: z.string() }),
  },
}
