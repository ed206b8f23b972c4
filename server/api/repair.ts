import { deliveriesById, durationsOf, hourly } from '../../db/queries/deliveries.ts'
import { discardHeld } from '../../db/queries/webhooks.ts'
import type { RedeliveryTable } from '../../db/schema.ts'
import { auditEntry } from '../access/audit.ts'
import type { Deps } from '../deps.ts'
import { DAY, isoTime } from '../lib/clock.ts'
import { AppError, fail, invalid } from '../lib/errors.ts'
import { msg } from '../lib/message.ts'
import { percentile } from '../webhooks/histogram.ts'
import { isDelivery, ownDelivery, ownEvent, ownRedelivery, ownWebhook } from '../webhooks/own.ts'
import { startRedelivery, whyNotStart } from '../webhooks/redelivery.ts'
import type { C } from '../web/env.ts'
import { knownKeys, readJsonObject } from './body.ts'
import { mine, showDelivery } from './deliveries.ts'
import { cancelOne, flushNow, replayTo, stopRun } from './delivery-changes.ts'
import type { Handlers } from './handlers.ts'
import { redeliverMany } from './redelivery.ts'

const MOST_AT_ONCE = 100

/** What puts right what went wrong: many again, cancelled, discarded, sent to somebody who did not get it. */
export const repairRoutes = (deps: Deps): Handlers => ({
  'POST /api/v1/deliveries/redeliver': async (c) => {
    const body = await readJsonObject(c)
    knownKeys(body, ['ids'])
    const ids = Array.isArray(body.ids) ? body.ids : []
    if (ids.length === 0 || ids.length > MOST_AT_ONCE || !ids.every((id) => typeof id === 'string' && isDelivery(id))) {
      throw invalid([
        { path: 'ids', message: msg('Name 1 to {most} deliveries by their ids.', { most: MOST_AT_ONCE }) },
      ])
    }
    const { owner } = c.get('actor')
    const redelivered = await redeliverMany(deps, c.get('actor'), await deliveriesById(deps.db, ids, owner))
    return Response.json({ redelivered }, { status: 202 })
  },

  'POST /api/v1/deliveries/:id/cancel': async (c) => {
    const delivery = await mine(deps, c)
    if (!(await cancelOne(deps, c.get('actor'), delivery))) {
      const { state } = await mine(deps, c)
      throw fail('conflict', 'Only a delivery that waits can be cancelled; this one is {state}.', { state })
    }
    return Response.json(showDelivery(await mine(deps, c)))
  },

  'POST /api/v1/webhooks/:id/redeliver': async (c) => {
    const actor = c.get('actor')
    const webhook = await ownWebhook(deps.db, actor.owner, c.req.param('id') ?? '')
    const body = await readJsonObject(c)
    knownKeys(body, ['since', 'state'])
    const since = typeof body.since === 'string' ? Date.parse(body.since) : Number.NaN
    if (Number.isNaN(since))
      throw invalid([{ path: 'since', message: msg('This is a time such as 2026-01-31T12:00:00Z.') }])
    if (body.state !== undefined && body.state !== 'failed') {
      throw invalid([{ path: 'state', message: msg('This has to be one of: {values}.', { values: 'failed' }) }])
    }
    const refused = await whyNotStart(deps.db, webhook)
    if (refused) throw new AppError('conflict', refused)
    const { run, statements } = await startRedelivery(deps, webhook, since, actor.id)
    const audit = auditEntry(deps, actor, {
      action: 'webhook.redelivered',
      target: webhook.id,
      owner: webhook.owner,
      after: { since: isoTime(since), total: run.total },
    })
    await deps.db.commit([...audit, ...statements])
    return Response.json(showRun(run), { status: 202, headers: { location: `/api/v1/redeliveries/${run.id}` } })
  },

  'GET /api/v1/redeliveries/:id': async (c) => Response.json(showRun(await ownRun(deps, c))),

  'DELETE /api/v1/redeliveries/:id': async (c) => {
    await stopRun(deps, c.get('actor'), await ownRun(deps, c))
    return new Response(null, { status: 204 })
  },

  'POST /api/v1/webhooks/:id/flush': async (c) => {
    const actor = c.get('actor')
    const webhook = await ownWebhook(deps.db, actor.owner, c.req.param('id') ?? '')
    return Response.json({ flushed: await flushNow(deps, actor, webhook) })
  },

  'POST /api/v1/webhooks/:id/discard': async (c) => {
    const actor = c.get('actor')
    const webhook = await ownWebhook(deps.db, actor.owner, c.req.param('id') ?? '')
    const audit = auditEntry(deps, actor, { action: 'webhook.discarded', target: webhook.id, owner: webhook.owner })
    const results = await deps.db.commit([...audit, discardHeld(deps.db, webhook.id, deps.clock())])
    return Response.json({ discarded: results.at(-1)?.changes ?? 0 })
  },

  'POST /api/v1/events/:id/deliver': async (c) => {
    const actor = c.get('actor')
    const body = await readJsonObject(c)
    knownKeys(body, ['webhook'])
    const event = await ownEvent(deps.db, actor.owner, c.req.param('id') ?? '')
    const webhook = await ownWebhook(deps.db, actor.owner, typeof body.webhook === 'string' ? body.webhook : '')
    const made = await replayTo(deps, actor, event, webhook)
    return Response.json(showDelivery(await ownDelivery(deps.db, actor.owner, made)), { status: 202 })
  },

  'GET /api/v1/webhooks/:id/stats': async (c) => {
    const { owner } = c.get('actor')
    const webhook = await ownWebhook(deps.db, owner, c.req.param('id') ?? '')
    const since = deps.clock() - DAY
    const [hours, durations] = await Promise.all([
      hourly(deps.db, { owner, webhook: webhook.id, since }),
      durationsOf(deps.db, webhook.id, since),
    ])
    const took = Map.groupBy(durations, ({ hour }) => hour)
    return Response.json({
      data: hours.map(({ hour, delivered, failed }) => ({
        hour: isoTime(Number(hour)),
        delivered: Number(delivered),
        failed: Number(failed),
        p50: percentile(took.get(hour) ?? [], 0.5),
        p95: percentile(took.get(hour) ?? [], 0.95),
      })),
    })
  },
})

const ownRun = (deps: Deps, c: C): Promise<RedeliveryTable> =>
  ownRedelivery(deps.db, c.get('actor').owner, c.req.param('id') ?? '')

const showRun = (run: RedeliveryTable) => ({
  id: run.id,
  webhook: run.webhook_id,
  state: run.state,
  total: run.total,
  done: run.done,
  created_at: isoTime(run.created_at),
})
