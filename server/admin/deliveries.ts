import {
  countDeliveries,
  deliveriesAfter,
  deliveriesBefore,
  deliveriesById,
  MOST_COUNTED,
  type DeliveryRow,
  type Position,
} from '../../db/queries/deliveries.ts'
import { runningOf } from '../../db/queries/redeliveries.ts'
import { firstSites, siteBySlug } from '../../db/queries/sites.ts'
import { UNSAVED } from '../../db/queries/webhook-secrets.ts'
import { webhookNames } from '../../db/queries/webhooks.ts'
import type { WebhookState } from '../../db/schema.ts'
import type { Handlers } from '../api/handlers.ts'
import { redeliverMany, whyNotRedeliver } from '../api/redelivery.ts'
import type { Deps } from '../deps.ts'
import { can } from '../lib/actor.ts'
import { isDelivery } from '../webhooks/own.ts'
import { msg, type Message } from '../lib/message.ts'
import type { C } from '../web/env.ts'
import { seeOther } from '../web/flash.ts'
import { readForm } from '../web/forms.ts'
import type { Translator } from '../web/i18n.ts'
import { answerOf } from './answer.ts'
import { nothingDone, tickedIn } from './bulk.ts'
import { cursorAt, filterOf, positionOf, readAsked, states, type Asked } from './delivery-filter.ts'
import { deliveriesHelp } from './help.ts'
import { searchOf } from './log-filter.ts'
import { logPage } from './log-page.ts'
import { page } from './page.ts'
import { screenOf } from './screen.ts'
import { FEW_SITES } from './sites/choice.ts'

export const deliveryListRoutes = (deps: Deps): Handlers => ({
  'GET {area}/deliveries': async (c) => {
    const { t, scope, actor } = c.var
    const choices = await choicesOf(deps, c)
    const { asked, siteId } = await knownOnly(
      deps,
      c,
      readAsked((name) => c.req.query(name)),
    )
    const screen = await screenOf(c, deps, 'deliveries')
    const [found, views, run] = await Promise.all([
      pageOf(deps, c, asked, siteId, screen.rows),
      viewsOf(deps, c, asked),
      asked.webhook === '' ? undefined : runningOf(deps.db, asked.webhook),
    ])
    const path = `${scope.base}/deliveries`
    const { rows, newer, older } = found
    return page(c, deps, 'pages/deliveries/list', {
      title: t('Deliveries'),
      lead: t('Every event on its way to every webhook, newest first.'),
      screen: screen.options,
      help: deliveriesHelp(t),
      data: {
        shows: screen.shows,
        asked,
        choices,
        views,
        path,
        back: searchOf(asked),
        filtered: searchOf(asked) !== '',
        mayRedeliver: can(actor, 'deliveries:write', scope.owner),
        // A site has only its own to choose from, and so only its own to send again.
        webhook: choices.webhooks.find(({ id }) => id === asked.webhook) ?? null,
        hasFailed: views.some(({ state, empty }) => state === 'failed' && !empty),
        run: run && (scope.site === null || run.owner === scope.owner) ? run : null,
        rows: rows.map((row) => shownDelivery(t, row)),
        newer: newer && path + searchOf(asked, { after: newer }),
        older: older && path + searchOf(asked, { before: older }),
      },
    })
  },

  'POST {area}/deliveries': async (c) => {
    const form = await readForm(c)
    const path = backTo(c, form.get('back'))
    const ids = tickedIn(form, isDelivery)
    if (form.get('action') !== 'redeliver' || ids.length === 0) {
      return seeOther(c, deps, path, nothingDone)
    }
    const { owner } = c.var.scope
    const count = await redeliverMany(deps, c.var.actor, await deliveriesById(deps.db, ids, owner))
    const left = ids.length - count
    return seeOther(c, deps, path, {
      tone: count > 0 ? 'good' : 'bad',
      title: sentOnceMore(count),
      ...(left > 0 && {
        text: msg(
          '{left} left out: tests, those on their way or waiting with a batch or for a guard, and those whose data was erased or whose webhook is switched off.',
          { left },
        ),
      }),
    })
  },
})

function sentOnceMore(count: number): Message {
  if (count === 0) return msg('Nothing was redelivered.')
  return count === 1
    ? msg('1 delivery is being redelivered.')
    : msg('{count} deliveries are being redelivered.', { count })
}

/** The list that a form came from, with the filters it had. */
export function backTo(c: C, search: string): string {
  const fields = new URLSearchParams(search)
  return `${c.var.scope.base}/deliveries${fields.size > 0 ? `?${fields}` : ''}`
}

interface Choices {
  readonly webhooks: readonly { readonly id: string; readonly name: string; readonly state: WebhookState }[]
  readonly types: readonly { readonly name: string; readonly title: string }[]
  readonly sites: readonly { readonly id: string; readonly slug: string; readonly name: string }[]
}

/** What the filters offer. A site has only itself to choose. */
async function choicesOf(deps: Deps, c: C): Promise<Choices> {
  const { scope, t } = c.var
  const [webhooks, all] = await Promise.all([
    webhookNames(deps.db, scope.site && scope.owner),
    scope.site ? [] : firstSites(deps.db, FEW_SITES + 1),
  ])
  const types = deps.host.eventTypes().map(({ name, title }) => ({ name, title: t(/* translated elsewhere */ title) }))
  return { webhooks, types, sites: all }
}

/** A site that nobody knows is as good as not asked for, and so is any in a site's own admin. */
async function knownOnly(deps: Deps, c: C, asked: Asked): Promise<{ asked: Asked; siteId: string | null }> {
  const site = c.var.scope.site || asked.site === '' ? undefined : await siteBySlug(deps.db, asked.site)
  return { asked: { ...asked, site: site?.slug ?? '' }, siteId: site?.id ?? null }
}

/** One page of rows, with the cursors of its neighbours. */
async function pageOf(deps: Deps, c: C, asked: Asked, siteId: string | null, size: number) {
  const filter = filterOf(asked, { owner: c.var.scope.owner, siteId, now: deps.clock() })
  if (!filter) return { rows: [], newer: null, older: null }
  const { rows, newer, older } = await logPage<DeliveryRow, Position>(
    {
      after: (position, limit) => deliveriesAfter(deps.db, { ...filter, limit }, position),
      before: (before, limit) => deliveriesBefore(deps.db, { ...filter, before, limit }),
    },
    { after: positionOf(c.req.query('after')), before: positionOf(c.req.query('before')), size },
  )
  return { rows, newer: newer && cursorAt(newer), older: older && cursorAt(older) }
}

/** The views by state. They count while nothing but a webhook narrows the list: other counts would be dear, or wrong. */
async function viewsOf(deps: Deps, c: C, asked: Asked) {
  const { t, scope } = c.var
  const counts = !asked.type && !asked.site && !asked.since && !asked.answer && !asked.q
  const words: Record<(typeof states)[number], string> = {
    pending: t('Pending'),
    delivering: t('Delivering'),
    retrying: t('Retrying'),
    delivered: t('Delivered'),
    failed: t('Failed'),
    held: t('Held'),
    cancelled: t('Cancelled'),
  }
  const view = async (state: (typeof states)[number] | null, label: string) => {
    const filter = { owner: scope.owner, webhook: asked.webhook, ...(state && { state }) }
    const count = counts ? await countDeliveries(deps.db, filter) : undefined
    return {
      state,
      href: `${scope.base}/deliveries${searchOf(asked, { state })}`,
      label,
      current: asked.state === state,
      ...(count !== undefined && { count: capped(t, count) }),
      empty: count === 0,
    }
  }
  const all = await Promise.all([view(null, t('All')), ...states.map((state) => view(state, words[state]))])
  return all.filter((each, i) => i === 0 || each.current || !each.empty)
}

/** A count of a log: exact up to a thousand. */
export const capped = (t: Translator, count: number): string =>
  count > MOST_COUNTED ? `${t.number(MOST_COUNTED)}+` : t.number(count)

/** A delivery as a row shows it. */
export function shownDelivery(t: Translator, row: DeliveryRow) {
  const tries = t.n('1 attempt', '{count} attempts', row.attempts)
  const waits = row.state === 'retrying' && row.resume_state === null
  const next = waits && row.due_at !== null ? t('next {time}', { time: t.dateTime(row.due_at) }) : ''
  return {
    id: row.id,
    type: row.type,
    event: row.event_id,
    state: row.state,
    test: row.test === 1,
    webhook: row.webhook_state === null ? null : { id: row.webhook_id, name: row.webhook_name },
    unsaved: row.webhook_id === UNSAVED,
    site: row.site_slug,
    answer: row.last_outcome === null ? null : answerOf(t, row.last_outcome, row.last_status),
    more: row.attempts > 0 ? [tries, next].filter(Boolean).join(', ') : '',
    reason: row.state === 'held' || row.state === 'cancelled' || row.last_outcome === null ? row.reason : null,
    at: row.created_at,
    redelivers: whyNotRedeliver(row) === null,
  }
}
