import { countListeners, listenersTo } from '../../db/queries/listeners.ts'
import { MAIN_SITE } from '../../db/queries/sites.ts'
import type { Handlers } from '../api/handlers.ts'
import type { Deps } from '../deps.ts'
import { can } from '../lib/actor.ts'
import { notFound } from '../lib/errors.ts'
import type { EventType } from '../plugin/host.ts'
import type { Translator } from '../web/i18n.ts'
import { page } from './page.ts'
import { fieldsOf } from './schema-fields.ts'

const LISTENERS_SHOWN = 50

export const eventTypeRoutes = (deps: Deps): Handlers => ({
  'GET {area}/event-types': async (c) => {
    const { t, scope } = c.var
    const q = (c.req.query('q') ?? '').trim().slice(0, 100)
    const all = deps.host.eventTypes()
    const found = all.filter((type) => holds(t, type, q))
    const site = scope.site?.id ?? MAIN_SITE
    const [listeners, plugins] = await Promise.all([
      countListeners(deps.db, scope.site && scope.owner),
      Promise.all(
        [...Map.groupBy(found, ({ plugin }) => plugin)].map(async ([slug, list]) => ({
          slug,
          list,
          title: list[0]?.pluginTitle ?? slug,
          // Types of one plugin are available together.
          available: await deps.host.isAvailable(list[0]?.name ?? '', site),
        })),
      ),
    ])
    return page(c, deps, 'pages/event-types/list', {
      title: t('Event Types'),
      lead: t('All that webhooks can listen to, with what each of them carries.'),
      data: {
        q,
        path: `${scope.base}/event-types`,
        count: all.length,
        found: found.length,
        plugins: plugins.map((plugin) => ({
          ...plugin,
          title: t(/* translated elsewhere */ plugin.title),
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
