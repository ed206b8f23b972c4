import { auditEntry } from '../access/audit.ts'
import type { Handlers } from '../api/handlers.ts'
import type { Deps } from '../deps.ts'
import { notFound } from '../lib/errors.ts'
import type { SitePlugin } from '../plugin/host.ts'
import type { C } from '../web/env.ts'
import { seeOther } from '../web/flash.ts'
import { readForm } from '../web/forms.ts'
import type { Translator } from '../web/i18n.ts'
import { backOf, nothingDone, tickedIn } from './bulk.ts'
import { countBy, listing, rowsAt } from './listing.ts'
import { page } from './page.ts'
import { saved, saveSettings, settingsPart, type Unsaved } from './plugin-settings.ts'
import { holds, ordered, sorting, turnedMany, turns } from './plugins.ts'
import { screenOf } from './screen.ts'

const list = listing({ word: 'state', views: ['active', 'inactive'], ...sorting })
const viewOf = ({ look }: { look: string }): 'active' | 'inactive' =>
  look === 'active' || look === 'must_use' ? 'active' : 'inactive'

/** The plugins of one site: which run there, and what is set for them there. */
export const sitePluginRoutes = (deps: Deps): Handlers => ({
  'GET /sites/:slug/admin/plugins': async (c) => {
    const { t, scope } = c.var
    const asked = list.read(c)
    const [screen, all] = await Promise.all([screenOf(c, deps, 'plugins'), deps.host.pluginsAt(siteOf(c))])
    const holding = all.filter((plugin) => holds(t, plugin, asked.q)).map((plugin) => shown(t, plugin))
    const words = { active: t('Active'), inactive: t('Inactive') }
    const fitting = asked.view ? holding.filter((plugin) => viewOf(plugin) === asked.view) : holding
    const { slice, heads, frame } = list.page(c, asked, {
      path: `${scope.base}/plugins`,
      rows: screen.rows,
      words,
      counts: countBy(holding, viewOf),
    })
    return page(c, deps, 'pages/plugins/site', {
      title: t('Plugins'),
      screen: screen.options,
      help: [
        t(
          'What a super admin has switched on for all sites cannot be switched off here. Settings count for this site alone.',
        ),
      ],
      data: {
        shows: screen.shows,
        frame,
        heads,
        plugins: rowsAt(ordered(t, fitting, slice), slice),
      },
    })
  },

  'POST /sites/:slug/admin/plugins': async (c) => {
    const form = await readForm(c)
    const back = backOf(deps, form, `${c.var.scope.base}/plugins`)
    const all = (await deps.host.pluginsAt(siteOf(c))).map((plugin) => shown(c.var.t, plugin))
    const slugs = tickedIn(form, (slug) => all.some((plugin) => plugin.slug === slug))
    const act = (['activate', 'deactivate'] as const).find((one) => one === form.get('action'))
    if (slugs.length === 0 || !act) return seeOther(c, deps, back, nothingDone)
    // What is so already, and what the site cannot switch, is left as it is.
    const chosen = all.filter((plugin) => slugs.includes(plugin.slug) && plugin.act === act)
    for (const plugin of chosen) await turn(c, deps, plugin, act)
    return seeOther(c, deps, back, { tone: 'good', title: turnedMany(act, chosen.length) })
  },

  'POST /sites/:slug/admin/plugins/:plugin/activate': (c) => turned(c, deps, 'activate'),
  'POST /sites/:slug/admin/plugins/:plugin/deactivate': (c) => turned(c, deps, 'deactivate'),

  'GET /sites/:slug/admin/plugins/:plugin': async (c) => pluginPage(c, deps, await asked(c, deps)),

  'POST /sites/:slug/admin/plugins/:plugin': async (c) => {
    const [plugin, form] = await Promise.all([asked(c, deps), readForm(c)])
    const known = await deps.host.settings(plugin.slug, siteOf(c))
    if (!known) throw notFound()
    const unsaved = await saveSettings(deps, c, known, form)
    if (unsaved) return pluginPage(c, deps, plugin, unsaved)
    return seeOther(c, deps, `${c.var.scope.base}/plugins/${plugin.slug}`, { tone: 'good', title: saved })
  },
})

function siteOf(c: C): string {
  const { site } = c.var.scope
  if (!site) throw notFound()
  return site.id
}

async function asked(c: C, deps: Deps): Promise<SitePlugin> {
  const plugin = (await deps.host.pluginsAt(siteOf(c))).find(({ slug }) => slug === c.req.param('plugin'))
  if (!plugin) throw notFound()
  return plugin
}

type Verb = 'activate' | 'deactivate'

async function turn(c: C, deps: Deps, { slug, isOnHere }: SitePlugin, verb: Verb): Promise<void> {
  const site = siteOf(c)
  const statements = await deps.host[verb](slug, site)
  const { action } = turns[verb]
  const entry = { action, target: slug, owner: site, before: { state: isOnHere ? 'active' : 'inactive' } }
  await deps.db.commit([...statements, ...auditEntry(deps, c.var.actor, entry)])
}

async function turned(c: C, deps: Deps, verb: Verb): Promise<Response> {
  const [plugin, form] = await Promise.all([asked(c, deps), readForm(c)])
  await turn(c, deps, plugin, verb)
  const back = backOf(deps, form, `${c.var.scope.base}/plugins`)
  return seeOther(c, deps, back, { tone: 'good', title: turns[verb].done(plugin) })
}

/** Paused, or active, for whatever reason; a site can only take back what it switched on itself. */
const shown = (t: Translator, plugin: SitePlugin) => {
  const isOn = plugin.isOnHere || plugin.isOnForAll
  return {
    ...plugin,
    title: t(/* translated elsewhere */ plugin.title),
    description: plugin.description === '' ? '' : t(/* translated elsewhere */ plugin.description),
    look: plugin.mustUse
      ? 'must_use'
      : plugin.state === 'paused' || plugin.state === 'removing'
        ? plugin.state
        : isOn
          ? 'active'
          : 'inactive',
    note: plugin.isOnForAll ? t('For all sites, by a super admin.') : null,
    act: plugin.isOnForAll || plugin.state === 'removing' ? null : plugin.isOnHere ? 'deactivate' : 'activate',
  }
}

async function pluginPage(c: C, deps: Deps, plugin: SitePlugin, unsaved: Unsaved = {}): Promise<Response> {
  const { t, scope } = c.var
  const known = await deps.host.settings(plugin.slug, siteOf(c))
  const { about, settings, conflict } = settingsPart(t, known, unsaved)
  return page(c, deps, 'pages/plugins/site-plugin', {
    title: t(/* translated elsewhere */ plugin.title),
    crumbs: [{ href: `${scope.base}/plugins`, label: t('Plugins') }],
    ...(plugin.description !== '' && { lead: t(/* translated elsewhere */ plugin.description) }),
    ...about,
    data: {
      plugin: shown(t, plugin),
      path: `${scope.base}/plugins/${plugin.slug}`,
      publicPath: `/sites/${scope.site?.slug ?? ''}/plugins/${plugin.slug}`,
      settings,
      conflict,
    },
  })
}
