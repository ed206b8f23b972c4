import { z } from 'zod'
import * as answers from './answers.ts'
import { page, time, when, type Operations } from './operation.ts'

const newEvent = z.strictObject({
  type: z.string().max(255),
  data: z.record(z.string(), z.unknown()),
  site: z.string().max(255).optional().meta({ description: 'slug or id; the main site by default' }),
  id: z.string().max(255).optional().meta({ description: 'makes it idempotent, as Idempotency-Key does' }),
  occurred_at: time.optional().meta({ description: 'from 30 days ago to 5 minutes ahead' }),
})

const trace = {
  traceparent: z
    .string()
    .meta({ description: 'the trace that it belongs to, which goes on to the receivers (W3C Trace Context)' }),
  tracestate: z.string().max(512),
}

export const eventOperations = {
  'POST /api/v1/events': {
    summary: 'Send an event',
    description: 'Answers once the event and all its deliveries are durably stored.',
    headers: { 'Idempotency-Key': z.string().max(255), ...trace },
    body: newEvent,
    status: 202,
    answer: answers.emitted,
  },
  'POST /api/v1/events/batch': {
    summary: 'Send up to 500 events, all or nothing',
    description: 'At most 4 MiB; 1 MiB on Workers.',
    headers: trace,
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
  'GET /api/v1/journal': {
    summary: 'Pull events',
    description:
      'Events in the order in which they were stored, without tests. The Link header has the URL of the next request.',
    query: {
      seek: z.string().meta({ description: 'where to begin: a time, or how long ago, as in -PT2H' }),
      ...page,
    },
    status: 200,
    answer: answers.listOf(answers.event),
    empty: 'At the end. Ask again after Retry-After.',
  },
  'GET /api/v1/event-types': {
    summary: 'List event types',
    description: 'All of them at once, unless limit or cursor asks for a page.',
    query: page,
    status: 200,
    answer: answers.listOf(answers.eventType),
  },
  'GET /api/v1/event-types/:name': { summary: 'Read an event type', status: 200, answer: answers.eventType },
  'GET /api/v1/event-types/:name/sample': {
    summary: 'Read a sample',
    description: 'An array with one item, with the fields that a REST hook delivers.',
    status: 200,
    answer: answers.sample,
  },
} satisfies Operations
