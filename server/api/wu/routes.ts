import { MAIN_SITE } from '../../../db/queries/sites.ts'
import { setting } from '../../../db/queries/settings.ts'
import type { Deps } from '../../deps.ts'
import { inEnglish, msg } from '../../lib/message.ts'
import { formats } from '../../webhooks/formats.ts'
import { formatNetwork } from '../../webhooks/network.ts'
import type { Handlers } from '../handlers.ts'
import { wuWebhookRoutes } from './webhooks.ts'

/** A sample is told from what really happened by its id. */
const SAMPLE_ID = 'evt_sample'

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
    const site = owner === 'network' ? MAIN_SITE : owner
    const network = await formatNetwork(deps)
    const hooks = await Promise.all(
      deps.host.eventTypes().map(async (type) => {
        if (!(await deps.host.isAvailable(type.name, site))) return []
        const sample = { id: SAMPLE_ID, type: type.name, occurredAt: deps.clock(), site: 'main', data: type.sample }
        const payload = formats['flat']?.one(sample, network, {}) ?? {}
        return [[type.name, { name: type.title, desc: type.description, payload, deprecated_args: [] }] as const]
      }),
    )
    return Response.json(Object.fromEntries(hooks.flat()))
  },
})
