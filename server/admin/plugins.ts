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
import { page } from './page.ts'
import { isSafe } from './safe-mode.ts'

/** The views of the list, by what the URL calls them. Must-use plugins are apart: nobody switches them. */
const views: Readonly<Record<string, (plugin: PluginInfo) => boolean>> = {
  active: ({ state, mustUse }) => state === 'active' && !mustUse,
  paused: ({ state }) => state === 'paused',
  inactive: ({ state }) => ['inactive', 'failed', 'incompatible', 'removing'].includes(state),
  'must-use': ({ mustUse }) => mustUse,
}

export const pluginRoutes = (deps: Deps): Handlers => ({
  'GET /network/plugins': async (c) => {
    const { t, actor } = c.var
    const all = await deps.host.plugins()
    const asked = c.req.query('state') ?? ''
    const state = Object.hasOwn(views, asked) ? asked : ''
    const words: Record<string, string> = {
      active: t('Active'),
      paused: t('Paused'),
      inactive: t('Inactive'),
      'must-use': t('Must-Use'),
    }
    const items = Object.entries(views).map(([name, fits]) => ({
      href: `/network/plugins?state=${name}`,
      label: words[name],
      count: all.filter(fits).length,
      current: name === state,
    }))
    const mayWrite = can(actor, 'network:write', 'network')
    const paused = all.filter((plugin) => plugin.state === 'paused')
    const shownHere = all.filter(views[state] ?? (() => true))
    return page(c, deps, 'pages/plugins/list', {
      title: t('Plugins'),
      action: { href: '/network/hooks', label: t('Hooks'), icon: 'stack' },
      data: {
        safe: isSafe(c, deps),
        mayWrite,
        paused: paused.map((plugin) => shown(t, plugin, mayWrite)),
        views: [
          { href: '/network/plugins', label: t('All'), count: all.length, current: state === '' },
          ...items.filter(({ count, current }) => count > 0 || current),
        ],
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
  const slug = c.req.param('slug') ?? ''
  const plugin = (await deps.host.plugins()).find((one) => one.slug === slug)
  if (!plugin) throw notFound()
  const entry = { action: how.action, target: slug, owner: 'network', before: { state: plugin.state } }
  await deps.db.commit([...(await how.statements(slug)), ...auditEntry(deps, c.var.actor, entry)])
  return seeOther(c, deps, '/network/plugins', { tone: 'good', title: how.done(plugin.title, plugin) })
}

/** A plugin in the reader's words, with what may be done with it. */
export const shown = (t: Translator, plugin: PluginInfo, mayWrite: boolean) => ({
  ...plugin,
  title: t(/* translated elsewhere */ plugin.title),
  description: plugin.description === '' ? '' : t(/* translated elsewhere */ plugin.description),
  look: plugin.mustUse && plugin.state === 'active' ? 'must_use' : plugin.state,
  reason: plugin.reason ? t.say(plugin.reason) : null,
  acts: mayWrite ? actsOn(t, plugin) : [],
})

/** What can be done with a plugin now. One that cannot be loaded, or is not because of safe mode, is left alone. */
function actsOn(t: Translator, { state, mustUse, version }: PluginInfo) {
  const resume = { verb: 'resume', label: t('Resume'), danger: false }
  // One that took the process down is not even loaded.
  if (version === '') return state === 'paused' ? [resume] : []
  const turn =
    state === 'inactive'
      ? { verb: 'activate', label: t('Activate'), danger: false }
      : { verb: 'deactivate', label: t('Deactivate'), danger: true }
  if (state === 'failed' || state === 'incompatible' || state === 'removing') return []
  return [...(state === 'paused' ? [resume] : []), ...(mustUse ? [] : [turn])]
}

/** The names of the sites in which something failed. */
export async function siteNames(deps: Deps, plugins: readonly PluginInfo[]): Promise<Record<string, string>> {
  const ids = [...new Set(plugins.flatMap(({ faults }) => faults.map(({ site }) => site)))]
  const found = await Promise.all(ids.map((id) => siteById(deps.db, id)))
  return Object.fromEntries(found.flatMap((site) => (site ? [[site.id, site.slug]] : [])))
}
