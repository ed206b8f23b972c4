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

/** The menu of the area, in groups: only what there is, and only what the actor may see. `known`: what may be critical. */
export async function menuOf(
  c: C,
  deps: Deps,
  may: (route: RouteKey) => boolean,
  known?: readonly Check[],
): Promise<Entry[][]> {
  const { actor, scope, t } = c.var
  const { base } = scope
  const path = c.req.path.replace(/(?<=.)\/$/, '')
  const inNetwork = scope.site === null
  const [webhooks, plugins, pages] = await Promise.all([
    may('GET {area}/webhooks') ? countWebhooks(deps.db, { owner: inNetwork ? null : scope.owner }) : null,
    inNetwork && may('GET /network/plugins') ? deps.host.plugins() : [],
    isSafe(c, deps) ? [] : deps.host.pages(scope.site?.id ?? null),
  ])
  const urgent = inNetwork && may('GET /network/health') ? (known ?? (await urgentChecks(deps, t, plugins))) : null
  const entry = (href: string, label: string, icon: string, more: Partial<Entry> = {}): Entry => ({
    href,
    label,
    icon,
    current: path === href || (href !== base && path.startsWith(`${href}/`)),
    count: 0,
    items: [],
    isOpen: false,
    ...more,
  })
  const item = (href: string, label: string) => ({ href, label, current: path === href })
  const when = (shown: boolean, make: () => Entry): Entry[] => (shown ? [make()] : [])

  const pagesOfPlugins = pages
    .filter(({ rule }) => rule === 'public' || can(actor, rule ?? 'network:write', scope.owner))
    .map((page) =>
      entry(`${base}/plugins/${page.plugin}${page.path}`, t(/* translated elsewhere */ page.title), 'plug'),
    )
  /** Pages of plugins lie below the list of plugins, and have entries of their own. */
  const isInPlugins = entry(`${base}/plugins`, '', '').current && !pagesOfPlugins.some(({ current }) => current)

  const groups = [
    when(may('GET {area}'), () => entry(base, t('Dashboard'), 'dashboard')),
    [
      ...when(webhooks !== null, () =>
        entry(`${base}/webhooks`, t('Webhooks'), 'hook', {
          count: webhooks ? webhooks.failing + webhooks.disabled : 0,
          isOpen: true,
          items: [
            item(`${base}/webhooks`, t('All Webhooks')),
            ...(may('GET {area}/webhooks/new') ? [item(`${base}/webhooks/new`, t('Add New Webhook'))] : []),
          ],
        }),
      ),
      ...when(may('GET {area}/deliveries'), () => entry(`${base}/deliveries`, t('Deliveries'), 'deliveries')),
      ...when(may('GET {area}/events'), () => entry(`${base}/events`, t('Events'), 'events')),
      ...when(may('GET {area}/bins'), () => entry(`${base}/bins`, t('Bins'), 'bin')),
      ...when(may('GET {area}/event-types'), () => entry(`${base}/event-types`, t('Event Types'), 'types')),
      ...when(may('GET {area}/sources'), () => entry(`${base}/sources`, t('Sources'), 'source')),
    ],
    pagesOfPlugins,
    [
      ...when(inNetwork && may('GET /network/sites'), () =>
        entry('/network/sites', t('Sites'), 'sites', {
          items: [
            item('/network/sites', t('All Sites')),
            ...(may('GET /network/sites/new') ? [item('/network/sites/new', t('Add New Site'))] : []),
          ],
        }),
      ),
      ...when(inNetwork && may('GET /network/users'), () => entry('/network/users', t('Users'), 'users')),
      ...when(inNetwork && may('GET /network/api-keys'), () => entry('/network/api-keys', t('API Keys'), 'key')),
      ...when(!inNetwork && may('GET /sites/:slug/admin/api-keys'), () =>
        entry(`${base}/api-keys`, t('API Keys'), 'key'),
      ),
      ...when(!inNetwork && may('GET /sites/:slug/admin/plugins'), () =>
        entry(`${base}/plugins`, t('Plugins'), 'plug', { current: isInPlugins }),
      ),
      ...when(inNetwork && may('GET /network/plugins'), () =>
        entry('/network/plugins', t('Plugins'), 'plug', {
          current: isInPlugins || path === '/network/hooks',
          count: plugins.filter(({ state }) => state === 'paused' || state === 'failed').length,
        }),
      ),
    ],
    [
      ...when(urgent !== null, () =>
        entry('/network/health', t('Health'), 'health', {
          count: urgent?.filter(({ rank }) => rank === 'critical').length ?? 0,
        }),
      ),
      ...when(inNetwork && may('GET /network/audit'), () => entry('/network/audit', t('Audit'), 'audit')),
      ...when(inNetwork && may('GET /network/privacy'), () => entry('/network/privacy', t('Privacy'), 'shield')),
      ...when(inNetwork && may('GET /network/export'), () =>
        entry('/network/export', t('Tools'), 'archive', {
          current: /^\/network\/(export|import)(\/|$)/.test(path),
          items: [
            item('/network/export', t('Export')),
            ...(may('GET /network/import') ? [item('/network/import', t('Import'))] : []),
          ],
        }),
      ),
      ...when(inNetwork && may('GET /network/settings'), () => entry('/network/settings', t('Settings'), 'settings')),
    ],
  ]
  return groups.filter((group) => group.length > 0)
}
