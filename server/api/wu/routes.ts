import { siteFor } from '../../../db/queries/sites.ts'
import { setting } from '../../../db/queries/settings.ts'
import type { Deps } from '../../deps.ts'
import { inEnglish, msg } from '../../lib/message.ts'
import { sampler } from '../event-types.ts'
import type { Handlers } from '../handlers.ts'
import { wuWebhookRoutes } from './webhooks.ts'

/**
 * The part of Ultimate Multisite's REST API, wu/v2, that is about webhooks and events, so that tools made for it work
 * against this server unchanged.
 */
export const wuRoutes = (deps: Deps): Handlers => ({
  ...wuWebhookRoutes(deps),

  'GET /wp-json/wu/v2/auth': async () =>
    Response.json({
      success: true,
      label: await setting(deps.db, 'network_name'),
      message: inEnglish(msg('The key is good.')),
    }),

  // Every event that can be chosen, with a payload as it will arrive.
  'GET /wp-json/wu/v2/hooks': async (c) => {
    const { owner } = c.get('actor')
    const flatten = await sampler(deps, owner)
    const running = await deps.host.running(siteFor(owner))
    const hooks = deps.host
      .eventTypes()
      .filter(({ plugin }) => running.has(plugin))
      .map((type) => {
        const { name, title, description: desc } = type
        return [name, { name: title, desc, payload: flatten(type), deprecated_args: [] }] as const
      })
    return Response.json(Object.fromEntries(hooks))
  },
})
