import { z } from 'zod'
import { webhookShape } from '../../webhooks/draft.ts'
import { overlaps, usualOverlap } from '../../webhooks/rotate.ts'
import { subscription } from '../hooks.ts'
import * as answers from './answers.ts'
import { nothing, page, time, type Operations } from './operation.ts'

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
const event = z
  .string()
  .meta({ description: 'the type whose sample is sent; by default the first that the webhook wants' })

export const webhookOperations = {
  'GET /api/v1/webhooks': {
    summary: 'List webhooks',
    query: page,
    status: 200,
    answer: answers.listOf(answers.webhook),
  },
  'POST /api/v1/webhooks': {
    summary: 'Add a webhook',
    description: 'Only this answer has a secret that was created for it; it is not shown again.',
    body: newWebhook,
    status: 201,
    answer: answers.webhook,
  },
  'POST /api/v1/webhooks/test': {
    summary: 'Send a test event for a webhook that is not saved yet',
    description: 'Also takes event: the type whose sample is sent.',
    body: newWebhook.extend({ event: event.optional() }),
    like: 'POST /api/v1/webhooks',
    status: 200,
    answer: answers.exchange,
  },
  'GET /api/v1/webhooks/:id': { summary: 'Read a webhook', status: 200, answer: answers.webhook },
  'PATCH /api/v1/webhooks/:id': {
    summary: 'Change a webhook',
    description:
      'Takes any of the fields, and single fields within auth, signing, headers and delivery. A header of null is removed.',
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
      overlap_hours: z.literal(overlaps).default(usualOverlap),
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
    summary: 'Discard the held deliveries',
    status: 200,
    answer: answers.count('discarded'),
  },
  'POST /api/v1/webhooks/:id/redeliver': {
    summary: 'Redeliver all deliveries that have failed since a time',
    body: z.strictObject({ since: time, state: z.literal('failed').optional() }),
    status: 202,
    answer: answers.redelivery,
  },
  'GET /api/v1/webhooks/:id/stats': {
    summary: 'Read the figures of the last day, per hour',
    description: 'p50 and p95 are the milliseconds within which 50 % and 95 % of the attempts ended.',
    status: 200,
    answer: answers.hours,
  },
  'GET /api/v1/hooks': {
    summary: 'List REST hooks',
    query: { url: z.string().meta({ description: 'only those with this target_url' }), ...page },
    status: 200,
    answer: answers.listOf(answers.hook),
  },
  'POST /api/v1/hooks': {
    summary: 'Subscribe',
    description: 'If there is a hook for this address and event already, the answer is that one.',
    body: subscription,
    status: 201,
    answer: answers.hook,
  },
  'GET /api/v1/hooks/:id': { summary: 'Read a REST hook', status: 200, answer: answers.hook },
  'DELETE /api/v1/hooks/:id': {
    summary: 'Unsubscribe',
    description: 'The answer is the same when the hook is already gone.',
    ...nothing,
  },
} satisfies Operations
