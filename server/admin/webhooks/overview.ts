import { deliveriesBefore, durationsOf, hourly, nextAttempt } from '../../../db/queries/deliveries.ts'
import type { Webhook } from '../../../db/queries/webhooks.ts'
import type { Deps } from '../../deps.ts'
import type { C } from '../../web/env.ts'
import { percentile } from '../../webhooks/histogram.ts'
import { shownDelivery } from '../deliveries.ts'
import { dayOf, startOfDay } from '../day.ts'

const SHOWN = 5

/** How a webhook did in the last 24 hours, and its last deliveries; null while there is nothing to tell. */
export async function overviewOf(c: C, deps: Deps, { id }: Webhook) {
  const { scope, t } = c.var
  const now = deps.clock()
  const since = startOfDay(now)
  const [hours, durations, next, recent] = await Promise.all([
    hourly(deps.db, { owner: 'network', webhook: id, since }),
    durationsOf(deps.db, id, since),
    nextAttempt(deps.db, id),
    deliveriesBefore(deps.db, { owner: 'network', webhook: id, before: null, limit: SHOWN }),
  ])
  if (recent.length === 0) return null
  const day = dayOf(t, hours, since)
  const tried = day.delivered + day.failed
  const ofTheDay = [...Map.groupBy(durations, ({ bucket }) => bucket)].map(([bucket, rows]) => ({
    bucket,
    attempts: rows.reduce((sum, { attempts }) => sum + attempts, 0),
  }))
  const took = (share: number) => {
    const ms = percentile(ofTheDay, share)
    return ms === null ? null : t.duration(ms)
  }
  return {
    day,
    arrived: tried === 0 ? null : { share: t.percent(day.delivered / tried), delivered: day.delivered, tried },
    typical: took(0.5),
    slowest: took(0.95),
    next,
    now,
    recent: recent.map((row) => shownDelivery(t, row)),
    deliveries: `${scope.base}/deliveries`,
    all: `${scope.base}/deliveries?webhook=${id}`,
  }
}
