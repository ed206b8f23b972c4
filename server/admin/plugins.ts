import { sitesById } from '../../db/queries/sites.ts'
import { auditEntry } from '../access/audit.ts'
import type { Handlers } from '../api/handlers.ts'
import type { Deps } from '../deps.ts'
import { can } from '../lib/actor.ts'
import { notFound } from '../lib/errors.ts'
import { msg, type Message } from '../lib/message.ts'
import type { PluginInfo } from '../plugin/host.ts'
import type { C } from '../web/env.ts'
import { seeOther } from '../web/flash.ts'
import { readForm } from '../web/forms.ts'
import type { Translator } from '../web/i18n.ts'
import { backOf, nothingDone, tickedIn } from './bulk.ts'
import { guardShown } from './guards.ts'
import { listing, rowsAt, type Slice } from './listing.ts'
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
export const sorting = {
  columns: { name: 'name', state: 'state' },
  usual: { by: 'host', descending: false },
} as const
const list = listing({ word: 'state', views, ...sorting })

export const pluginRoutes = (deps: Deps): Handlers => ({
  'GET /network/plugins': async (c) => {
    const { t, actor } = c.var
    const all = await deps.host.plugins({ faults: true })
    const screen = await screenOf(c, deps, 'plugins')
    const asked = list.read(c)
    const holding = all.filter((plugin) => holds(t, plugin, asked.q))
    const words: Record<View, string> = {
      active: t('Active'),
      paused: t('Paused'),
      inactive: t('Inactive'),
      'must-use': t('Must-Use'),
    }
    const fitting = asked.view ? holding.filter(fits[asked.view]) : holding
    const { slice, heads, frame } = list.page(c, asked, {
      path: PATH,
      rows: screen.rows,
      words,
      counts: Object.fromEntries(views.map((view) => [view, holding.filter(fits[view]).length])),
      // One that must be used may be paused too.
      total: holding.length,
    })
    const mayWrite = can(actor, 'network:write', 'network')
    const paused = all.filter((plugin) => plugin.state === 'paused')
    const shownHere = rowsAt(ordered(t, fitting, slice), slice)
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
        frame,
        heads,
        plugins: shownHere.map((plugin) => shown(t, plugin, mayWrite)),
        sites: await siteNames(deps, shownHere),
        guards: (await deps.host.guards()).map((guard) => guardShown(t, guard, mayWrite)),
        safeMode: deps.config.safeMode,
      },
    })
  },

  'POST /network/plugins': async (c) => {
    const form = await readForm(c)
    const back = backOf(deps, form, PATH)
    const all = await deps.host.plugins()
    const slugs = tickedIn(form, (slug) => all.some((plugin) => plugin.slug === slug))
    const act = (['activate', 'deactivate'] as const).find((one) => one === form.get('action'))
    if (slugs.length === 0 || !act) return seeOther(c, deps, back, nothingDone)
    // What is so already, and what cannot be switched, is left as it is.
    const chosen = all
      .filter(({ slug }) => slugs.includes(slug))
      .filter((plugin) => actsOn(c.var.t, plugin).some(({ verb }) => verb === act))
    for (const plugin of chosen) await turn(deps, c, plugin, act)
    return seeOther(c, deps, back, { tone: 'good', title: turnedMany(act, chosen.length) })
  },

  'POST /network/plugins/:slug/activate': (c) => turned(deps, c, 'activate'),
  'POST /network/plugins/:slug/deactivate': (c) => turned(deps, c, 'deactivate'),
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
  'POST /network/plugins/:slug/pause': (c) => turned(deps, c, 'pause'),
  'POST /network/plugins/:slug/resume': (c) => turned(deps, c, 'resume'),
})

/** The plugin of the route, as `host.plugins` has it. */
export async function pluginAsked(c: C, deps: Deps, options: { readonly faults?: boolean } = {}): Promise<PluginInfo> {
  const plugin = (await deps.host.plugins(options)).find(({ slug }) => slug === c.req.param('slug'))
  if (!plugin) throw notFound()
  return plugin
}

type Titled = Pick<PluginInfo, 'title'>

/** What can be done with a plugin: how the audit log calls it, how it is done, and what is said then. */
export const turns = {
  activate: {
    action: 'plugin.activated',
    statements: ({ host }: Deps, slug: string) => host.activate(slug),
    done: ({ title: plugin }: Titled) => msg('{plugin} is active.', { plugin }),
  },
  deactivate: {
    action: 'plugin.deactivated',
    statements: ({ host }: Deps, slug: string) => host.deactivate(slug),
    done: ({ title: plugin }: Titled) => msg('{plugin} is inactive. What it stored is kept.', { plugin }),
  },
  pause: {
    action: 'plugin.paused',
    statements: ({ host }: Deps, slug: string, by: string) => host.pause(slug, by),
    done: ({ title: plugin }: PluginInfo) => msg('{plugin} is paused.', { plugin }),
  },
  resume: {
    action: 'plugin.resumed',
    statements: ({ host }: Deps, slug: string) => host.resume(slug),
    done: ({ title: plugin, version }: PluginInfo) =>
      version === ''
        ? msg('{plugin} is loaded when the server starts the next time.', { plugin })
        : msg('{plugin} runs again.', { plugin }),
  },
} as const
type Verb = keyof typeof turns

/** Switches a plugin, with the entry of the audit log in the same commit. */
async function turn(deps: Deps, c: C, { slug, state }: PluginInfo, verb: Verb): Promise<void> {
  const { action, statements } = turns[verb]
  const entry = { action, target: slug, owner: 'network', before: { state } }
  await deps.db.commit([...(await statements(deps, slug, c.var.actor.name)), ...auditEntry(deps, c.var.actor, entry)])
}

export const turnedMany = (act: 'activate' | 'deactivate', count: number): Message =>
  act === 'activate' ? msg('Plugins activated: {count}.', { count }) : msg('Plugins deactivated: {count}.', { count })

async function turned(deps: Deps, c: C, verb: Verb): Promise<Response> {
  const [form, plugin] = await Promise.all([readForm(c), pluginAsked(c, deps)])
  await turn(deps, c, plugin, verb)
  return seeOther(c, deps, backOf(deps, form, PATH), { tone: 'good', title: turns[verb].done(plugin) })
}

/** In the order of the host, or as it is asked for. */
export function ordered<Plugin extends { readonly title: string; readonly state: string }>(
  t: Translator,
  plugins: readonly Plugin[],
  { sort, descending }: Slice<'name' | 'state' | 'host'>,
): readonly Plugin[] {
  if (sort === 'host') return plugins
  const key = (plugin: Plugin) => (sort === 'name' ? t(/* translated elsewhere */ plugin.title) : plugin.state)
  const ascending = plugins.toSorted((a, b) => key(a).localeCompare(key(b), t.locale))
  return descending ? ascending.toReversed() : ascending
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
  /** Whether it can be switched, and so ticked. */
  turns: actsOn(t, plugin).some(({ verb }) => verb === 'activate' || verb === 'deactivate'),
})

/** What a button or a link does with a plugin; `asks`: on a page of its own, first. */
interface Act {
  readonly verb: Verb
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
  return Object.fromEntries((await sitesById(deps.db, ids)).map(({ id, slug }) => [id, slug]))
}
