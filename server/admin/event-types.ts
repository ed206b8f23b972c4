import { countListeners, listenersTo } from '../../db/queries/listeners.ts'
import { MAIN_SITE } from '../../db/queries/sites.ts'
import type { Handlers } from '../api/handlers.ts'
import type { Deps } from '../deps.ts'
import { can } from '../lib/actor.ts'
import { notFound } from '../lib/errors.ts'
import type { EventType } from '../plugin/host.ts'
import type { Translator } from '../web/i18n.ts'
import { eventTypesHelp } from './help.ts'
import { countBy, listing } from './listing.ts'
import { page } from './page.ts'
import { fieldsOf } from './schema-fields.ts'
import { screenOf } from './screen.ts'

const LISTENERS_SHOWN = 50
/** Of a plugin with more than so many, one opens what one looks for. */
const MANY = 10
const list = listing({
  word: 'lane',
  views: ['realtime', 'batched'],
  columns: {},
  usual: { by: 'plugin', descending: false },
})

export const eventTypeRoutes = (deps: Deps): Handlers => ({
  'GET {area}/event-types': async (c) => {
    const { t, scope } = c.var
    const asked = list.read(c)
    const all = deps.host.eventTypes()
    const holding = all.filter((type) => holds(t, type, asked.q))
    const found = asked.view ? holding.filter(({ lane }) => lane === asked.view) : holding
    const site = scope.site?.id ?? MAIN_SITE
    const [screen, listeners, running] = await Promise.all([
      screenOf(c, deps, 'event-types'),
      countListeners(deps.db, scope.site && scope.owner),
      deps.host.running(site),
    ])
    const { frame } = list.page(c, asked, {
      path: `${scope.base}/event-types`,
      rows: screen.rows,
      words: { realtime: t('Real time'), batched: t('Batched') },
      counts: countBy(holding, ({ lane }) => lane),
    })
    const plugins = [...Map.groupBy(found, ({ plugin }) => plugin)].map(([slug, list]) => ({
      slug,
      list,
      title: list[0]?.pluginTitle ?? slug,
      available: running.has(slug),
    }))
    return page(c, deps, 'pages/event-types/list', {
      title: t('Event Types'),
      lead: t('All events that webhooks can listen to, and the data of each.'),
      screen: screen.options,
      help: eventTypesHelp(t),
      data: {
        shows: screen.shows,
        count: all.length,
        found: found.length,
        frame,
        plugins: plugins.map((plugin) => ({
          ...plugin,
          title: t(/* translated elsewhere */ plugin.title),
          open: asked.q !== '' || plugin.list.length <= MANY,
          list: plugin.list.map((type) => ({
            ...wordsOf(t, type),
            listeners: (listeners.byType.get(type.name) ?? 0) + listeners.ofAll,
          })),
        })),
      },
    })
  },

  'GET {area}/event-types/:name': async (c) => {
    const { t, scope, actor } = c.var
    const type = deps.host.eventType(c.req.param('name') ?? '')
    if (!type) throw notFound()
    const mayWrite = can(actor, 'webhooks:write', scope.owner)
    const [available, listeners] = await Promise.all([
      deps.host.isAvailable(type.name, scope.site?.id ?? MAIN_SITE),
      listenersTo(deps.db, type.name, { owner: scope.site && scope.owner, limit: LISTENERS_SHOWN }),
    ])
    const words = wordsOf(t, type)
    return page(c, deps, 'pages/event-types/event-type', {
      title: words.title,
      lead: `${words.sentence}.`,
      crumbs: [{ href: `${scope.base}/event-types`, label: t('Event Types') }],
      help: eventTypesHelp(t),
      ...(mayWrite && {
        action: {
          href: `${scope.base}/webhooks/new?event=${encodeURIComponent(type.name)}`,
          label: t('Add New Webhook'),
        },
      }),
      data: {
        type: { ...words, description: t(/* translated elsewhere */ type.description) },
        plugin: t(/* translated elsewhere */ type.pluginTitle),
        available,
        listeners,
        mayTest: mayWrite,
        fields: fieldsOf(type.schema),
        sample: JSON.stringify(type.sample),
        back: `${scope.base}/event-types/${encodeURIComponent(type.name)}`,
        log: `type=${encodeURIComponent(type.name)}`,
      },
    })
  },
})

const wordsOf = (t: Translator, { name, title, sentence, lane }: EventType) => ({
  name,
  lane,
  title: t(/* translated elsewhere */ title),
  sentence: t(/* translated elsewhere */ sentence),
})

/** Whether a type's words, in the reader's language, hold all of the words that were looked for. */
function holds(t: Translator, type: EventType, q: string): boolean {
  const { title, sentence } = wordsOf(t, type)
  const text = `${type.name} ${title} ${sentence} ${type.pluginTitle}`.toLowerCase()
  return q
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word))
}
