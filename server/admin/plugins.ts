import { siteById } from '../../db/queries/sites.ts'
import { auditEntry } from '../access/audit.ts'
import type { Handlers } from '../api/handlers.ts'
import type { Deps } from '../deps.ts'
import type { Statement } from '../../db/db.ts'
import { can } from '../lib/actor.ts'
import { notFound } from '../lib/errors.ts'
import { msg, type Message } from '../lib/message.ts'
import type { PluginInfo } from '../plugin/host.ts'
import type { C } from '../web/env.ts'
import { seeOther } from '../web/flash.ts'
import type { Translator } from '../web/i18n.ts'
import { guardShown } from './guards.ts'
import { frameOf, listing, rowsAt, sliceOf } from './listing.ts'
import { page } from './page.ts'
import { isSafe } from './safe-mode.ts'
import { screenOf } from './screen.ts'

const PATH = '/network/plugins'

/** The views of the list, by what the URL calls them. Must-use plugins are apart: nobody switches them. */
const views = ['active', 'paused', 'inactive', 'must-use'] as const
type View = (typeof views)[number]
const fits: Readonly<Record<View, (plugin: PluginInfo) => boolean>> = {
  active: ({ state, mustUse }) => state === 'active' && !mustUse,
  paused: ({ state }) => state === 'paused',
  inactive: ({ state }) => ['inactive', 'failed', 'incompatible', 'removing'].includes(state),
  'must-use': ({ mustUse }) => mustUse,
}
const list = listing({ word: 'state', views, columns: [] })

export const pluginRoutes = (deps: Deps): Handlers => ({
  'GET /network/plugins': async (c) => {
    const { t, actor } = c.var
    const all = await deps.host.plugins()
    const screen = await screenOf(c, deps, 'plugins')
    const asked = list.read((name) => c.req.query(name))
    const holding = all.filter((plugin) => holds(t, plugin, asked.q))
    const words: Record<View, string> = {
      active: t('Active'),
      paused: t('Paused'),
      inactive: t('Inactive'),
      'must-use': t('Must-Use'),
    }
    const fitting = asked.view ? holding.filter(fits[asked.view]) : holding
    const slice = sliceOf(asked, fitting.length, screen.rows)
    const mayWrite = can(actor, 'network:write', 'network')
    const paused = all.filter((plugin) => plugin.state === 'paused')
    const shownHere = rowsAt(fitting, slice)
    return page(c, deps, 'pages/plugins/list', {
      title: t('Plugins'),
      action: { href: '/network/hooks', label: t('Hooks'), icon: 'stack' },
      screen: screen.options,
      help: [
        t(
          'A plugin that is active here runs on every site. Inactive: a site may switch it on for itself, unless it is one for the whole network.',
        ),
        t(
          'Paused: it failed too often, or somebody paused it. Nothing of it runs until somebody chooses Resume. What it stored is kept.',
        ),
      ],
      data: {
        safe: isSafe(c, deps),
        mayWrite,
        paused: paused.map((plugin) => shown(t, plugin, mayWrite)),
        shows: screen.shows,
        frame: frameOf(c, list, asked, {
          path: PATH,
          count: fitting.length,
          slice,
          views: [
            { view: null, label: t('All'), count: holding.length },
            ...views
              .map((view) => ({ view, label: words[view], count: holding.filter(fits[view]).length }))
              .filter(({ view, count }) => count > 0 || view === asked.view),
          ],
        }),
        plugins: shownHere.map((plugin) => shown(t, plugin, mayWrite)),
        sites: await siteNames(deps, shownHere),
        guards: (await deps.host.guards()).map((guard) => guardShown(t, guard, mayWrite)),
        safeMode: deps.config.safeMode,
      },
    })
  },

  'POST /network/plugins/:slug/activate': (c) =>
    turn(deps, c, {
      action: 'plugin.activated',
      statements: (slug) => deps.host.activate(slug),
      done: (plugin) => msg('{plugin} is active.', { plugin }),
    }),
  'POST /network/plugins/:slug/deactivate': (c) =>
    turn(deps, c, {
      action: 'plugin.deactivated',
      statements: (slug) => deps.host.deactivate(slug),
      done: (plugin) => msg('{plugin} is inactive. What it stored is kept.', { plugin }),
    }),
  'GET /network/plugins/:slug/pause': async (c) => {
    const { t } = c.var
    const { slug, title: english } = await pluginAsked(c, deps)
    const title = t(/* translated elsewhere */ english)
    return page(c, deps, 'pages/plugins/pause', {
      title: t('Pause {name}?', { name: title }),
      crumbs: [{ href: `${PATH}/${slug}`, label: title }],
      data: { path: `${PATH}/${slug}` },
    })
  },
  'POST /network/plugins/:slug/pause': (c) =>
    turn(deps, c, {
      action: 'plugin.paused',
      statements: (slug) => deps.host.pause(slug, c.var.actor.name),
      done: (plugin) => msg('{plugin} is paused.', { plugin }),
    }),
  'POST /network/plugins/:slug/resume': (c) =>
    turn(deps, c, {
      action: 'plugin.resumed',
      statements: (slug) => deps.host.resume(slug),
      done: (plugin, { version }) =>
        version === ''
          ? msg('{plugin} is loaded when the server starts the next time.', { plugin })
          : msg('{plugin} runs again.', { plugin }),
    }),
})

/** The plugin of the route. */
export async function pluginAsked(c: C, deps: Deps): Promise<PluginInfo> {
  const plugin = (await deps.host.plugins()).find(({ slug }) => slug === c.req.param('slug'))
  if (!plugin) throw notFound()
  return plugin
}

/** Switches a plugin, with the entry of the audit log in the same commit. */
async function turn(
  deps: Deps,
  c: C,
  how: {
    action: string
    statements: (slug: string) => Promise<readonly Statement[]>
    done: (title: string, plugin: PluginInfo) => Message
  },
): Promise<Response> {
  const plugin = await pluginAsked(c, deps)
  const { slug } = plugin
  const entry = { action: how.action, target: slug, owner: 'network', before: { state: plugin.state } }
  await deps.db.commit([...(await how.statements(slug)), ...auditEntry(deps, c.var.actor, entry)])
  return seeOther(c, deps, PATH, { tone: 'good', title: how.done(plugin.title, plugin) })
}

/** Whether a plugin's words, in the reader's language, hold what was looked for. */
export const holds = (t: Translator, plugin: Pick<PluginInfo, 'slug' | 'title' | 'description'>, q: string): boolean =>
  [
    plugin.slug,
    t(/* translated elsewhere */ plugin.title),
    plugin.description && t(/* translated elsewhere */ plugin.description),
  ]
    .join(' ')
    .toLowerCase()
    .includes(q.toLowerCase())

/** A plugin in the reader's words, with what may be done with it. */
export const shown = (t: Translator, plugin: PluginInfo, mayWrite: boolean) => ({
  ...plugin,
  title: t(/* translated elsewhere */ plugin.title),
  description: plugin.description === '' ? '' : t(/* translated elsewhere */ plugin.description),
  look: plugin.mustUse && plugin.state === 'active' ? 'must_use' : plugin.state,
  reason: plugin.reason ? t.say(plugin.reason) : null,
  acts: mayWrite ? actsOn(t, plugin) : [],
})

/** What a button or a link does with a plugin; `asks`: on a page of its own, first. */
interface Act {
  readonly verb: 'activate' | 'deactivate' | 'pause' | 'resume'
  readonly label: string
  readonly asks?: true
  readonly danger?: true
}

/** What can be done with a plugin now. One that cannot be loaded, or is not because of safe mode, is left alone. */
function actsOn(t: Translator, { state, mustUse, version }: PluginInfo): readonly Act[] {
  const resume = { verb: 'resume', label: t('Resume') } as const
  // One that took the process down is not even loaded.
  if (version === '') return state === 'paused' ? [resume] : []
  if (state === 'failed' || state === 'incompatible' || state === 'removing') return []
  if (mustUse) return state === 'paused' ? [resume] : []
  if (state === 'inactive') return [{ verb: 'activate', label: t('Activate') }]
  const deactivate = { verb: 'deactivate', label: t('Deactivate'), danger: true } as const
  return state === 'paused' ? [resume, deactivate] : [deactivate, { verb: 'pause', label: t('Pause'), asks: true }]
}

/** The names of the sites in which something failed. */
export async function siteNames(deps: Deps, plugins: readonly PluginInfo[]): Promise<Record<string, string>> {
  const ids = [...new Set(plugins.flatMap(({ faults }) => faults.map(({ site }) => site)))]
  const found = await Promise.all(ids.map((id) => siteById(deps.db, id)))
  return Object.fromEntries(found.flatMap((site) => (site ? [[site.id, site.slug]] : [])))
}
