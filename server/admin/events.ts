import { personById } from '../../db/queries/people.ts'
import { keyById } from '../../db/queries/api-keys.ts'
import { deliveriesBefore, statesOf } from '../../db/queries/deliveries.ts'
import { eventsAfter, eventsBefore, type EventRow } from '../../db/queries/events.ts'
import { firstSites, siteBySlug } from '../../db/queries/sites.ts'
import { sourceById } from '../../db/queries/sources.ts'
import { webhookNames } from '../../db/queries/webhooks.ts'
import { replayTo } from '../api/delivery-changes.ts'
import type { Handlers } from '../api/handlers.ts'
import type { Deps } from '../deps.ts'
import { can } from '../lib/actor.ts'
import { decodeCursor, encodeCursor } from '../lib/cursor.ts'
import { AppError } from '../lib/errors.ts'
import { isId } from '../lib/ids.ts'
import type { JsonObject } from '../lib/json.ts'
import { msg } from '../lib/message.ts'
import { traceId } from '../lib/trace.ts'
import { ownEvent, ownWebhook } from '../webhooks/own.ts'
import type { C } from '../web/env.ts'
import { seeOther } from '../web/flash.ts'
import { readForm } from '../web/forms.ts'
import type { Translator } from '../web/i18n.ts'
import { states } from './delivery-filter.ts'
import { eventsHelp } from './help.ts'
import { oneIn, searchOf, shapes, spanNames, spans, textIn, type Get, type Span } from './log-filter.ts'
import { erasedNotice, erasedOn } from './erased.ts'
import { logPage } from './log-page.ts'
import { page } from './page.ts'
import { screenOf } from './screen.ts'
import { FEW_SITES } from './sites/choice.ts'

const DELIVERIES_SHOWN = 100
const LIST = 'events'

/** What happened: every event that was stored, whether a webhook wanted it or not. */
export const eventPageRoutes = (deps: Deps): Handlers => ({
  'GET {area}/events': async (c) => {
    const { t, scope } = c.var
    const asked = readAsked((name) => c.req.query(name))
    const screen = await screenOf(c, deps, 'events')
    const [{ rows, newer, older }, choices] = await Promise.all([
      rowsOf(deps, c, asked, screen.rows),
      choicesOf(deps, c),
    ])
    const owner = scope.site ? scope.owner : 'network'
    const ids = rows.map(({ id }) => id)
    const byEvent = Map.groupBy(await statesOf(deps.db, ids, owner), ({ event_id: id }) => id)
    const path = `${scope.base}/events`
    const cursor = (row: EventRow | null) => row && encodeCursor(LIST, [row.seq])
    return page(c, deps, 'pages/events/list', {
      title: t('Events'),
      lead: t('Everything that happened, newest first, whether a webhook wanted it or not.'),
      screen: screen.options,
      help: eventsHelp(t),
      data: {
        asked,
        choices,
        shows: screen.shows,
        path,
        here: path + searchOf(asked),
        filtered: searchOf(asked) !== '',
        rows: rows.map((row) => ({
          ...row,
          from: sourceOf(t, row.source),
          glance: row.erased_at === null ? glanceAt(row.payload) : erasedOn(t, row.erased_at),
          states: states.flatMap((state) => byEvent.get(row.id)?.find((one) => one.state === state) ?? []),
        })),
        newer: newer && path + searchOf(asked, { after: cursor(newer) }),
        older: older && path + searchOf(asked, { before: cursor(older) }),
      },
    })
  },

  'GET {area}/events/:id': async (c) => {
    const { t, scope, actor } = c.var
    const event = await eventOf(deps, c)
    const mayDeliver =
      can(actor, 'deliveries:write', scope.owner) &&
      event.test === 0 &&
      event.rejected === null &&
      event.erased_at === null
    const [deliveries, webhooks, by] = await Promise.all([
      deliveriesBefore(deps.db, { owner: scope.owner, event: event.id, before: null, limit: DELIVERIES_SHOWN }),
      mayDeliver ? webhookNames(deps.db, scope.site && scope.owner) : [],
      whoOf(deps, event.source),
    ])
    const got = new Set(deliveries.map(({ webhook_id: id }) => id))
    const works = (state: string) => state === 'active' || state === 'failing'
    return page(c, deps, 'pages/events/event', {
      title: t('{event} on {site}', { event: event.type, site: event.site_slug }),
      crumbs: [{ href: `${scope.base}/events`, label: t('Events') }],
      help: eventsHelp(t),
      notices:
        event.rejected === null
          ? []
          : [{ tone: 'warn', title: t('A plugin kept this event from being sent.'), text: event.rejected }],
      data: {
        event,
        path: `${scope.base}/events/${event.id}`,
        erased: event.erased_at === null ? null : erasedNotice(t, event.erased_at),
        title: deps.host.eventType(event.type)?.title ?? null,
        traceId: event.trace && traceId(event.trace),
        from: sourceOf(t, event.source),
        by,
        deliveries,
        webhooks: webhooks.filter(({ id, state }) => works(state) && !got.has(id)),
      },
    })
  },

  'POST {area}/events/:id/deliver': async (c) => {
    const { scope, actor } = c.var
    const event = await eventOf(deps, c)
    const form = await readForm(c)
    const webhook = await ownWebhook(deps.db, scope.owner, form.get('webhook'))
    try {
      const made = await replayTo(deps, actor, event, webhook)
      const link = { href: `${scope.base}/deliveries/${made}`, label: msg('See what becomes of it') }
      const title = msg('The event goes to {webhook}.', { webhook: webhook.name })
      return seeOther(c, deps, `${scope.base}/events/${event.id}`, { tone: 'good', title, link })
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'conflict') throw error
      const title = msg('The event was not sent.')
      return seeOther(c, deps, `${scope.base}/events/${event.id}`, { tone: 'bad', title, text: error.detail })
    }
  },
})

/** What the URL of the list asks for; what makes no sense there is as good as not there. */
interface Asked {
  readonly type: string
  /** A slug. */
  readonly site: string
  readonly since: Span | null
  readonly test: 'yes' | 'no' | null
  /** The id of an event. */
  readonly q: string
}

const readAsked = (get: Get): Asked => ({
  type: textIn(get, 'type', shapes.eventType),
  site: textIn(get, 'site', shapes.slug),
  since: oneIn(get, 'since', spanNames),
  test: oneIn(get, 'test', ['yes', 'no']),
  q: textIn(get, 'q', shapes.id),
})

async function rowsOf(deps: Deps, c: C, asked: Asked, size: number) {
  const none = { rows: [], newer: null, older: null }
  const { scope } = c.var
  if (asked.q !== '' && !isId('evt', asked.q)) return none
  const site = scope.site === null && asked.site !== '' ? await siteBySlug(deps.db, asked.site) : null
  if (site === undefined) return none
  const filter = {
    siteId: scope.site?.id ?? site?.id ?? null,
    id: asked.q || undefined,
    type: asked.type || undefined,
    since: asked.since && deps.clock() - spans[asked.since],
    until: null,
    test: asked.test && asked.test === 'yes',
  }
  return logPage<EventRow, number>(
    {
      after: (seq, limit) => eventsAfter(deps.db, { ...filter, limit }, seq),
      before: (before, limit) => eventsBefore(deps.db, { ...filter, before, limit }),
    },
    { after: positionOf(c.req.query('after')), before: positionOf(c.req.query('before')), size },
  )
}

function positionOf(cursor: string | undefined): number | null {
  if (!cursor) return null
  try {
    return Number(decodeCursor(LIST, cursor, ['number'])[0])
  } catch {
    return null
  }
}

async function choicesOf(deps: Deps, { var: { scope, t } }: C) {
  const types = deps.host.eventTypes().map(({ name, title }) => ({ name, title: t(/* translated elsewhere */ title) }))
  return { types, sites: scope.site ? [] : await firstSites(deps.db, FEW_SITES + 1) }
}

/** The event of the URL, if the area may see it. */
const eventOf = (deps: Deps, c: C): Promise<EventRow> => ownEvent(deps.db, c.var.scope.owner, c.req.param('id') ?? '')

/** Where an event came from, in words. */
function sourceOf(t: Translator, source: string): string {
  const [kind, id = ''] = source.split(/:(.*)/s)
  if (kind === 'plugin') return t('Plugin {plugin}', { plugin: id })
  if (kind === 'api') return t('API')
  if (kind === 'source') return t('Source')
  if (kind === 'test') return t('Test')
  // The network tells of itself.
  return 'Hookline'
}

/** Who that was by name, while there is somebody of that id. */
async function whoOf(deps: Deps, source: string): Promise<string | null> {
  const [kind, id = ''] = source.split(/:(.*)/s)
  if (kind === 'api') return (await keyById(deps.db, id))?.name ?? null
  if (kind === 'source') return (await sourceById(deps.db, id))?.name ?? null
  if (kind === 'test') return (await personById(deps.db, id))?.name ?? null
  return null
}

const MOST_AT_A_GLANCE = 90

/** The first plain values of a payload, as one line of a list has room for. */
function glanceAt(payload: string): string {
  const values = Object.values(JSON.parse(payload) as JsonObject)
  const plain = values.filter((value) => typeof value === 'string' || typeof value === 'number').map(String)
  const line = plain.filter((text) => text !== '').join(' · ')
  return line.length > MOST_AT_A_GLANCE ? `${line.slice(0, MOST_AT_A_GLANCE)}…` : line
}
