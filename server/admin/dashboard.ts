import { auditEntries } from '../../db/queries/audit.ts'
import { countDeliveries, deliveriesBefore, hourly, hourlyOf, oldestWaiting } from '../../db/queries/deliveries.ts'
import { countWebhooks, listWebhooks, type Webhook } from '../../db/queries/webhooks.ts'
import type { RouteKey } from '../access/rules.ts'
import { rules } from '../access/rules.ts'
import type { Handlers } from '../api/handlers.ts'
import type { Deps } from '../deps.ts'
import { can, type Capability } from '../lib/actor.ts'
import type { PluginInfo } from '../plugin/host.ts'
import { shortUrl } from '../webhooks/redact.ts'
import type { C } from '../web/env.ts'
import type { Translator } from '../web/i18n.ts'
import { answerOf } from './answer.ts'
import { dayOf, hoursOf, startOfDay, totalOf } from './day.ts'
import { capped } from './deliveries.ts'
import { guardShown } from './guards.ts'
import { page } from './page.ts'
import { widgetBoxes } from './plugin-parts.ts'
import { whyOf } from './webhooks/why.ts'

const MOST_SHOWN = 5

export const dashboardRoutes = (deps: Deps): Handlers => ({
  'GET {area}': async (c) => {
    const { t, scope, actor } = c.var
    const { owner } = scope
    const whose = scope.site ? owner : null
    const may = (capability: Capability) => can(actor, capability, owner)
    const now = deps.clock()
    const since = startOfDay(now)
    const inState = (state: 'pending' | 'retrying' | 'held') => countDeliveries(deps.db, { owner, state })
    const [webhooks, ill, busy, hours, pending, retrying, held, oldest, failed, plugins, guards, boxes, acts] =
      await Promise.all([
        countWebhooks(deps.db, { owner: whose }),
        illWebhooks(deps, whose),
        busyWebhooks(deps, whose, since),
        hourly(deps.db, { owner, webhook: null, since }),
        inState('pending'),
        inState('retrying'),
        inState('held'),
        oldestWaiting(deps.db, owner),
        deliveriesBefore(deps.db, { owner, state: 'failed', test: false, before: null, limit: MOST_SHOWN }),
        mayHere(c, 'GET /network/plugins') ? deps.host.plugins({ faults: true }) : [],
        mayHere(c, 'GET /network/plugins') ? deps.host.guards() : [],
        widgetBoxes(c, deps),
        mayHere(c, 'GET /network/audit') ? auditEntries(deps.db, {}, { limit: MOST_SHOWN }) : [],
      ])
    const whys = await whyOf(deps, t, ill)
    const day = dayOf(t, hours, since)
    const all = Object.values(webhooks).reduce((total, count) => total + count, 0)
    return page(c, deps, 'pages/dashboard/dashboard', {
      title: t('Dashboard'),
      data: {
        now,
        webhooks: { ...webhooks, all },
        // Nothing was ever set up here, so there are no figures to show.
        untouched: all === 0 && day.delivered + day.failed === 0,
        ill: ill.map((webhook) => ({ ...illness(t, webhook), why: whys.get(webhook.id) ?? null })),
        busy,
        paused: plugins
          .filter(({ state }) => state === 'paused' || state === 'failed')
          .map((plugin) => trouble(t, plugin)),
        boxes,
        acts: acts.map(({ id, at, actor_name: who, action, target }) => ({ id, at, who, action, target })),
        guards: guards.map((guard) => guardShown(t, guard, may('network:write'))),
        plugins: plugins.length > 0 ? plugins.length : null,
        eventTypes: may('events:read') ? deps.host.eventTypes().length : null,
        mayAdd: may('webhooks:write'),
        mayResume: may('network:write'),
        day,
        waiting: capped(t, pending + retrying),
        held: capped(t, held),
        oldest,
        recent: failed.map((row) => ({
          id: row.id,
          type: row.type,
          webhook: row.webhook_name,
          answer: row.last_outcome === null ? '' : answerOf(t, row.last_outcome, row.last_status),
          at: row.finished_at ?? row.created_at,
        })),
      },
    })
  },
})

/** Whether the actor may see a page of Network Admin that this area has a link to. */
function mayHere(c: C, route: RouteKey): boolean {
  const rule = rules[route]
  return c.var.scope.site === null && rule !== 'public' && rule !== 'session' && can(c.var.actor, rule, 'network')
}

/** The webhooks that need somebody, those that were switched off first. */
async function illWebhooks(deps: Deps, owner: string | null): Promise<Webhook[]> {
  const inState = (state: 'disabled' | 'failing') =>
    listWebhooks(deps.db, { owner, state, sort: 'last_delivery_at', limit: MOST_SHOWN, offset: 0 })
  return (await Promise.all([inState('disabled'), inState('failing')])).flat()
}

/** The webhooks that were tried last, each with its last 24 hours; none in which nothing happened. */
async function busyWebhooks(deps: Deps, owner: string | null, since: number) {
  const latest = await listWebhooks(deps.db, { owner, sort: 'last_delivery_at', limit: MOST_SHOWN, offset: 0 })
  if (latest.length === 0) return []
  const ids = latest.map(({ id }) => id)
  const byWebhook = Map.groupBy(await hourlyOf(deps.db, ids, since), (row) => row.webhook_id)
  return latest
    .filter(({ id }) => byWebhook.has(id))
    .map(({ id, name }) => {
      const hours = hoursOf(byWebhook.get(id) ?? [], since)
      return { id, name, hours, delivered: totalOf(hours, 'delivered'), failed: totalOf(hours, 'failed') }
    })
}

const illness = (t: Translator, webhook: Webhook) => ({
  id: webhook.id,
  name: webhook.name,
  disabled: webhook.state === 'disabled',
  // What we write down ourselves is English; what the row itself tells can be said in any language.
  reason:
    webhook.state === 'disabled' && webhook.state_reason ? t(/* translated elsewhere */ webhook.state_reason) : null,
  told:
    webhook.failing_since === null
      ? ''
      : t.n(
          '{host}: one failure, on {time}.',
          '{host}: {count} failures in a row since {time}.',
          webhook.consecutive_failures,
          { host: shortUrl(webhook.url), time: t.dateTime(webhook.failing_since) },
        ),
})

const trouble = (t: Translator, { slug, title, state, reason, faults }: PluginInfo) => ({
  slug,
  title: t(/* translated elsewhere */ title),
  paused: state === 'paused',
  reason: reason ? t.say(reason) : '',
  fault: faults[0]?.message ?? null,
})
