import type { DeliveryRow } from '../../db/queries/deliveries.ts'
import { auditEntry } from '../access/audit.ts'
import { cancelOne, flushNow, stopRun } from '../api/delivery-changes.ts'
import type { Handlers } from '../api/handlers.ts'
import type { Deps } from '../deps.ts'
import { isoTime } from '../lib/clock.ts'
import { msg, type Message } from '../lib/message.ts'
import { ownDelivery, ownRedelivery, ownWebhook } from '../webhooks/own.ts'
import { startRedelivery, whyNotStart } from '../webhooks/redelivery.ts'
import { safeNext } from '../web/safe-url.ts'
import type { C } from '../web/env.ts'
import { seeOther } from '../web/flash.ts'
import { readForm } from '../web/forms.ts'
import { oneIn, spanNames, spans } from './log-filter.ts'

/** What a person puts right: cancels what waits, sends again what failed, sends a batch before its time. */
export const repairRoutes = (deps: Deps): Handlers => ({
  'POST {area}/deliveries/:id/cancel': async (c) => {
    const delivery = await deliveryOf(deps, c)
    const path = `${c.var.scope.base}/deliveries/${delivery.id}`
    if (!(await cancelOne(deps, c.var.actor, delivery))) {
      const text = msg('It is on its way right now, or has ended.')
      return seeOther(c, deps, path, { tone: 'bad', title: msg('It was not cancelled.'), text })
    }
    return seeOther(c, deps, path, { tone: 'good', title: msg('The delivery is cancelled.'), text: leftOf(delivery) })
  },

  'POST {area}/webhooks/:id/redeliver': async (c) => {
    const { actor, scope } = c.var
    const webhook = await ownWebhook(deps.db, scope.owner, c.req.param('id') ?? '')
    const path = `${scope.base}/deliveries?webhook=${webhook.id}`
    const refused = await whyNotStart(deps.db, webhook)
    if (refused) return seeOther(c, deps, path, { tone: 'bad', title: msg('Nothing was redelivered.'), text: refused })
    const form = await readForm(c)
    const span = oneIn(form.get, 'since', spanNames) ?? '24h'
    const since = deps.clock() - spans[span]
    const { run, statements } = await startRedelivery(deps, webhook, since, actor.id)
    if (run.total === 0) {
      const title = msg('Nothing was redelivered.')
      return seeOther(c, deps, path, { tone: 'info', title, text: msg('Nothing has failed in this time.') })
    }
    const audit = auditEntry(deps, actor, {
      action: 'webhook.redelivered',
      target: webhook.id,
      owner: webhook.owner,
      after: { since: isoTime(since), total: run.total },
    })
    await deps.db.commit([...audit, ...statements])
    return seeOther(c, deps, path, { tone: 'good', title: started(run.total) })
  },

  'POST {area}/redeliveries/:id/stop': async (c) => {
    const { actor, scope } = c.var
    const run = await ownRedelivery(deps.db, scope.owner, c.req.param('id') ?? '')
    await stopRun(deps, actor, run)
    return seeOther(c, deps, `${scope.base}/deliveries?webhook=${run.webhook_id}`, {
      tone: 'good',
      title: msg('It is stopped.'),
      text: msg('What was put on its way already goes out.'),
    })
  },

  'POST {area}/webhooks/:id/flush': async (c) => {
    const { actor, scope } = c.var
    const webhook = await ownWebhook(deps.db, scope.owner, c.req.param('id') ?? '')
    const back = safeNext((await readForm(c)).get('back'), deps.publicUrl())
    const path = back?.startsWith(`${scope.base}/`) ? back : `${scope.base}/webhooks/${webhook.id}`
    const count = await flushNow(deps, actor, webhook)
    return seeOther(c, deps, path, { tone: count > 0 ? 'good' : 'info', title: flushed(count) })
  },
})

/** The delivery of the URL; one that belongs to another area is not there. */
export const deliveryOf = (deps: Deps, c: C): Promise<DeliveryRow> =>
  ownDelivery(deps.db, c.var.scope.owner, c.req.param('id') ?? '')

const started = (total: number): Message =>
  total === 1
    ? msg('1 delivery is being redelivered.')
    : msg('{count} deliveries are being redelivered, step by step.', { count: total })

function leftOf(delivery: DeliveryRow): Message {
  if (delivery.batch_id) return msg('Its batch has ended; the other events in it go out in a new one.')
  if (delivery.type === 'batch') return msg('None of its events is sent. Redeliver sends them after all.')
  return msg('It is not sent. Redeliver sends it after all.')
}

function flushed(count: number): Message {
  if (count === 0) return msg('Nothing waits for a batch.')
  return count === 1 ? msg('1 event leaves in a batch now.') : msg('{count} events leave in batches now.', { count })
}
