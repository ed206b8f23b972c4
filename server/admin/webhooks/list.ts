import { hourlyOf } from '../../../db/queries/deliveries.ts'
import { siteNames } from '../../../db/queries/sites.ts'
import { countWebhooks, latestDeliveries, listWebhooks, type Webhook } from '../../../db/queries/webhooks.ts'
import type { WebhookState } from '../../../db/schema.ts'
import type { Handlers } from '../../api/handlers.ts'
import type { Deps } from '../../deps.ts'
import { can } from '../../lib/actor.ts'
import { statusText } from '../../web/status-text.ts'
import { hookTitle } from '../../webhooks/presets.ts'
import { roomFor } from '../../webhooks/quota.ts'
import { shortUrl } from '../../webhooks/redact.ts'
import { hoursOf, startOfDay, totalOf } from '../day.ts'
import { webhooksHelp } from '../help.ts'
import { listing } from '../listing.ts'
import { page } from '../page.ts'
import { screenOf } from '../screen.ts'

const list = listing({
  word: 'state',
  views: ['active', 'failing', 'disabled', 'retired'] satisfies WebhookState[],
  columns: { name: 'name', state: 'state', last: 'last_delivery_at' },
  usual: { by: 'created_at', descending: true },
})

export const listRoutes = (deps: Deps): Handlers => ({
  'GET {area}/webhooks': async (c) => {
    const { actor, scope, t } = c.var
    const path = `${scope.base}/webhooks`
    const mayWrite = can(actor, 'webhooks:write', scope.owner)
    const words = { active: t('Active'), failing: t('Failing'), disabled: t('Disabled'), retired: t('Retired') }
    const asked = list.read(c)
    const filter = { owner: scope.site?.id ?? null, search: asked.q }
    const [screen, counts, room, own] = await Promise.all([
      screenOf(c, deps, 'webhooks'),
      countWebhooks(deps.db, filter),
      roomFor(deps.db, scope.owner),
      countWebhooks(deps.db, { owner: scope.owner }),
    ])
    const { slice, heads, frame } = list.page(c, asked, { path, rows: screen.rows, words, counts })
    const webhooks = await listWebhooks(deps.db, { ...filter, state: asked.view, ...slice })
    const used = Object.values(own).reduce((sum, one) => sum + one, 0)
    return page(c, deps, 'pages/webhooks/list', {
      title: t('Webhooks'),
      ...(mayWrite && { action: { href: `${path}/new`, label: t('Add New Webhook') } }),
      ...(room !== null && { lead: t('{count} of {most} webhooks are in use.', { count: used, most: room }) }),
      screen: screen.options,
      help: webhooksHelp(t),
      data: {
        shows: screen.shows,
        frame,
        heads,
        mayWrite,
        rows: await rowsOf(deps, webhooks),
      },
    })
  },
})

/** What the rows show, with what happened in the last hours: a handful of queries, whatever the number of rows. */
async function rowsOf(deps: Deps, webhooks: readonly Webhook[]) {
  if (webhooks.length === 0) return []
  const ids = webhooks.map(({ id }) => id)
  const since = startOfDay(deps.clock())
  const [hours, latest, names] = await Promise.all([
    hourlyOf(deps.db, ids, since),
    latestDeliveries(deps.db, ids),
    siteNames(
      deps.db,
      webhooks.map(({ owner }) => owner).filter((owner) => owner !== 'network'),
    ),
  ])
  return webhooks.map((webhook) => {
    const { id, name, state, events } = webhook
    const day = hoursOf(
      hours.filter((row) => row.webhook_id === id),
      since,
    )
    const last = latest.find((delivery) => delivery.webhook_id === id)
    return {
      id,
      name,
      state,
      url: shortUrl(webhook.url),
      hook: hookTitle(webhook),
      site: webhook.owner === 'network' ? null : (names.get(webhook.owner) ?? null),
      allEvents: webhook.all_events === 1,
      event: events[0] ?? null,
      lane: deps.host.eventType(events[0] ?? '')?.lane ?? 'realtime',
      more: Math.max(0, events.length - 1),
      hours: day,
      delivered: totalOf(day, 'delivered'),
      failed: totalOf(day, 'failed'),
      last: last
        ? {
            state: last.state,
            at: last.created_at,
            answer: last.last_status === null ? '' : `${last.last_status} ${statusText(last.last_status)}`.trim(),
          }
        : null,
      now: deps.clock(),
    }
  })
}
