import { membersOf } from '../../db/queries/batches.ts'
import { attemptsOf, bodiesOf, deliveriesBefore, type DeliveryRow } from '../../db/queries/deliveries.ts'
import { webhookById } from '../../db/queries/webhooks.ts'
import type { AttemptTable, DeliveryState } from '../../db/schema.ts'
import type { Deps } from '../deps.ts'
import { fromBase64 } from '../lib/base64.ts'
import { isoTime } from '../lib/clock.ts'
import { AppError, fail } from '../lib/errors.ts'
import { byName } from '../lib/headers.ts'
import { ownDelivery } from '../webhooks/own.ts'
import { sentIn, type Sent } from '../webhooks/sent.ts'
import type { C } from '../web/env.ts'
import { siteFilter, testFilter } from './events.ts'
import type { Handlers } from './handlers.ts'
import { listAnswer, pageOf, timeOf } from './list.ts'
import { redeliverOne } from './redelivery.ts'

const STATES: readonly string[] = [
  'pending',
  'delivering',
  'delivered',
  'retrying',
  'failed',
  'cancelled',
  'held',
] satisfies DeliveryState[]

export const deliveryRoutes = (deps: Deps): Handlers => ({
  'GET /api/v1/deliveries': async (c) => {
    const { limit, position } = pageOf(c, 'deliveries', ['number', 'string'])
    const state = c.req.query('state')
    if (state !== undefined && !STATES.includes(state))
      throw fail('bad_request', 'state is one of: {states}.', { states: STATES.join(', ') })
    const rows = await deliveriesBefore(deps.db, {
      owner: c.get('actor').owner,
      webhook: c.req.query('webhook'),
      event: c.req.query('event'),
      type: c.req.query('type'),
      state: state as DeliveryState | undefined,
      siteId: await siteFilter(deps, c),
      since: timeOf(c, 'since'),
      until: timeOf(c, 'until'),
      test: testFilter(c),
      before: position ? { seq: Number(position[0]), id: String(position[1]) } : null,
      limit: limit + 1,
    })
    return listAnswer('deliveries', rows, limit, showDelivery, (row) => [row.seq, row.id])
  },

  'GET /api/v1/deliveries/:id': async (c) => {
    const delivery = await mine(deps, c)
    const [webhook, attempts, bodies, members] = await Promise.all([
      webhookById(deps.db, delivery.webhook_id),
      attemptsOf(deps.db, delivery.id),
      bodiesOf(deps.db, delivery.event_id),
      delivery.type === 'batch' ? membersOf(deps.db, delivery.id) : [],
    ])
    const present = { url: delivery.webhook_url, format: webhook?.format, bodies }
    return Response.json({
      ...showDelivery(delivery),
      events: delivery.type === 'batch' ? members.map((member) => member.event_id) : [delivery.event_id],
      attempts: attempts.map((attempt) => showAttempt(attempt, sentIn(attempt, present))),
    })
  },

  'POST /api/v1/deliveries/:id/redeliver': async (c) => {
    const delivery = await mine(deps, c)
    const refused = await redeliverOne(deps, c.get('actor'), delivery)
    if (refused) throw new AppError('conflict', refused)
    return Response.json(showDelivery(await mine(deps, c)), { status: 202 })
  },
})

/** A delivery of the actor's own webhooks. */
export const mine = (deps: Deps, c: C): Promise<DeliveryRow> =>
  ownDelivery(deps.db, c.get('actor').owner, c.req.param('id') ?? '')

export const showDelivery = (delivery: DeliveryRow) => ({
  id: delivery.id,
  event: delivery.event_id,
  type: delivery.type,
  webhook: delivery.webhook_id,
  site: delivery.site_slug,
  state: delivery.state,
  attempt_count: delivery.attempts,
  test: delivery.test === 1,
  last_status: delivery.last_status,
  last_outcome: delivery.last_outcome,
  reason: delivery.reason,
  next_attempt_at: delivery.due_at !== null && delivery.state === 'retrying' ? isoTime(delivery.due_at) : null,
  created_at: isoTime(delivery.created_at),
  batch: delivery.batch_id || null,
  finished_at: delivery.finished_at === null ? null : isoTime(delivery.finished_at),
})

const headersOf = (json: string) => Object.fromEntries(byName(JSON.parse(json) as [string, string][]))

const showAttempt = (attempt: AttemptTable, { url, body }: Sent) => ({
  id: attempt.id,
  number: attempt.number,
  started_at: isoTime(attempt.started_at),
  duration_ms: attempt.duration_ms,
  outcome: attempt.outcome,
  status: attempt.status,
  error: attempt.error,
  redelivery: attempt.redelivery === 1,
  request: { method: 'POST', url, headers: headersOf(attempt.request_headers), body: body?.text ?? null },
  response:
    attempt.status === null
      ? null
      : {
          status: attempt.status,
          headers: headersOf(attempt.response_headers),
          body: new TextDecoder().decode(fromBase64(attempt.response_body)),
          body_truncated: attempt.body_truncated === 1,
        },
})
