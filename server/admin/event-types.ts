import { countListeners } from '../../db/queries/listeners.ts'
import { MAIN_SITE } from '../../db/queries/sites.ts'
import type { Handlers } from '../api/handlers.ts'
import type { Deps } from '../deps.ts'
import { page } from './page.ts'
import { fieldsOf } from './schema-fields.ts'

export const eventTypeRoutes = (deps: Deps): Handlers => ({
  'GET {area}/event-types': async (c) => {
    const { t, scope } = c.var
    const types = deps.host.eventTypes()
    const byPlugin = Map.groupBy(types, ({ plugin }) => plugin)
    const site = scope.site?.id ?? MAIN_SITE
    const [listeners, plugins] = await Promise.all([
      countListeners(deps.db, scope.site && scope.owner),
      Promise.all(
        [...byPlugin].map(async ([slug, list]) => ({
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
        count: types.length,
        plugins: plugins.map((plugin) => ({
          ...plugin,
          title: t(/* translated elsewhere */ plugin.title),
          list: plugin.list.map((type) => ({
            ...type,
            listeners: (listeners.byType.get(type.name) ?? 0) + listeners.ofAll,
            fields: fieldsOf(type.schema),
            sample: JSON.stringify(type.sample),
          })),
        })),
      },
    })
  },
})
