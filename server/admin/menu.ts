import { countWebhooks } from '../../db/queries/webhooks.ts'
import { can } from '../lib/actor.ts'
import type { RouteKey } from '../access/rules.ts'
import type { Deps } from '../deps.ts'
import type { C } from '../web/env.ts'
import { urgentChecks, type Check } from './health-checks.ts'
import { isSafe } from './safe-mode.ts'

export interface Entry {
  readonly href: string
  readonly label: string
  readonly icon: string
  readonly current: boolean
  /** How many things behind it need somebody. */
  readonly count: number
  /** What stands below it while somebody is there, or always where it `isOpen`: the main job. */
  readonly items: readonly { readonly href: string; readonly label: string; readonly current: boolean }[]
  readonly isOpen: boolean
}

/** What an entry has besides: the routes below it, each with its label. */
type More = Partial<Pick<Entry, 'current' | 'count' | 'isOpen'>> & {
  readonly items?: readonly (readonly [RouteKey, string])[]
}

/** The menu of the area, in groups: only what there is, and only what the actor may see. `known`: what may be critical. */
export async function menuOf(
  c: C,
  deps: Deps,
  may: (route: RouteKey) => boolean,
  known?: readonly Check[],
): Promise<Entry[][]> {
  const { actor, scope, t } = c.var
  const { base, owner, site } = scope
  const path = c.req.path.replace(/(?<=.)\/$/, '')
  const area = site ? '/sites/:slug/admin' : '/network'
  /** Where a route leads from here; null where it is of another area, or not for the actor. */
  const hrefOf = (route: RouteKey): string | null => {
    const pattern = route.replace('GET ', '').replace('{area}', area)
    return pattern.startsWith(area) && may(route) ? base + pattern.slice(area.length) : null
  }
  const isAt = (href: string): boolean => path === href || (href !== base && path.startsWith(`${href}/`))
  const entry = (route: RouteKey, label: string, icon: string, { items = [], ...more }: More = {}): Entry[] => {
    const href = hrefOf(route)
    if (href === null) return []
    const below = items.flatMap(([to, word]) => {
      const at = hrefOf(to)
      return at === null ? [] : [{ href: at, label: word, current: path === at }]
    })
    return [{ href, label, icon, current: isAt(href), count: 0, isOpen: false, ...more, items: below }]
  }

  const [webhooks, plugins, pages] = await Promise.all([
    hrefOf('GET {area}/webhooks') === null ? null : countWebhooks(deps.db, { owner: site && owner }),
    hrefOf('GET /network/plugins') === null ? [] : deps.host.plugins(),
    isSafe(c, deps) ? [] : deps.host.pages(site?.id ?? null),
  ])
  const urgent = hrefOf('GET /network/health') === null ? [] : (known ?? (await urgentChecks(deps, t, plugins)))
  const pagesOfPlugins = pages
    .filter(({ rule }) => rule === 'public' || can(actor, rule ?? 'network:write', owner))
    .map(({ plugin, path: below, title }): Entry => {
      const href = `${base}/plugins/${plugin}${below}`
      const label = t(/* translated elsewhere */ title)
      return { href, label, icon: 'plug', current: isAt(href), count: 0, items: [], isOpen: false }
    })
  /** Pages of plugins lie below the list of plugins, and have entries of their own. */
  const isInPlugins = isAt(`${base}/plugins`) && !pagesOfPlugins.some(({ current }) => current)

  const groups = [
    entry('GET {area}', t('Dashboard'), 'dashboard'),
    [
      ...entry('GET {area}/webhooks', t('Webhooks'), 'hook', {
        count: webhooks ? webhooks.failing + webhooks.disabled : 0,
        isOpen: true,
        items: [
          ['GET {area}/webhooks', t('All Webhooks')],
          ['GET {area}/webhooks/new', t('Add New Webhook')],
        ],
      }),
      ...entry('GET {area}/deliveries', t('Deliveries'), 'deliveries'),
      ...entry('GET {area}/events', t('Events'), 'events'),
      ...entry('GET {area}/bins', t('Bins'), 'bin'),
      ...entry('GET {area}/event-types', t('Event Types'), 'types'),
      ...entry('GET {area}/sources', t('Sources'), 'source'),
    ],
    pagesOfPlugins,
    [
      ...entry('GET /network/sites', t('Sites'), 'sites', {
        items: [
          ['GET /network/sites', t('All Sites')],
          ['GET /network/sites/new', t('Add New Site')],
        ],
      }),
      ...entry('GET /network/users', t('Users'), 'users'),
      ...entry('GET /network/api-keys', t('API Keys'), 'key'),
      ...entry('GET /sites/:slug/admin/api-keys', t('API Keys'), 'key'),
      ...entry('GET /sites/:slug/admin/plugins', t('Plugins'), 'plug', { current: isInPlugins }),
      ...entry('GET /network/plugins', t('Plugins'), 'plug', {
        current: isInPlugins || path === '/network/hooks',
        count: plugins.filter(({ state }) => state === 'paused' || state === 'failed').length,
      }),
    ],
    [
      ...entry('GET /network/health', t('Health'), 'health', {
        count: urgent.filter(({ rank }) => rank === 'critical').length,
      }),
      ...entry('GET /network/audit', t('Audit'), 'audit'),
      ...entry('GET /network/privacy', t('Privacy'), 'shield'),
      ...entry('GET /network/export', t('Tools'), 'archive', {
        current: isAt('/network/export') || isAt('/network/import'),
        items: [
          ['GET /network/export', t('Export')],
          ['GET /network/import', t('Import')],
        ],
      }),
      ...entry('GET /network/settings', t('Settings'), 'settings'),
    ],
  ]
  return groups.filter((group) => group.length > 0)
}
