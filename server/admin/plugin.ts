import { tryCommit } from '../../db/db.ts'
import { auditEntry } from '../access/audit.ts'
import type { Handlers } from '../api/handlers.ts'
import type { Deps } from '../deps.ts'
import { can } from '../lib/actor.ts'
import { fail, notFound, type FieldError } from '../lib/errors.ts'
import { msg } from '../lib/message.ts'
import type { PluginInfo } from '../plugin/host.ts'
import type { C } from '../web/env.ts'
import { seeOther } from '../web/flash.ts'
import { errorsByPath, readForm } from '../web/forms.ts'
import { faultsNotice, page } from './page.ts'
import { saved, saveSettings, settingsPart, type Unsaved } from './plugin-settings.ts'
import { pluginAsked, shown, siteNames } from './plugins.ts'

const LIST = '/network/plugins'

/** One plugin in Network Admin: what it may do, its settings, its faults, and the way out. */
export const onePluginRoutes = (deps: Deps): Handlers => ({
  'GET /network/plugins/:slug': async (c) => pluginPage(c, deps, await pluginAsked(c, deps, { faults: true })),

  'POST /network/plugins/:slug': async (c) => {
    const [plugin, form] = await Promise.all([pluginAsked(c, deps, { faults: true }), readForm(c)])
    const known = await deps.host.settings(plugin.slug, null)
    if (!known) throw notFound()
    const unsaved = await saveSettings(deps, c, known, form)
    if (unsaved) return pluginPage(c, deps, plugin, unsaved)
    return seeOther(c, deps, `${LIST}/${plugin.slug}`, { tone: 'good', title: saved })
  },

  'GET /network/plugins/:slug/uninstall': async (c) => uninstallPage(c, deps, await pluginAsked(c, deps), []),

  'POST /network/plugins/:slug/uninstall': async (c) => {
    const [plugin, form] = await Promise.all([pluginAsked(c, deps, { faults: true }), readForm(c)])
    if (form.get('slug').trim() !== plugin.slug) {
      const message = msg('Type {slug} to confirm.', { slug: plugin.slug })
      return uninstallPage(c, deps, plugin, [{ path: 'slug', message }])
    }
    const entry = { action: 'plugin.uninstalled', target: plugin.slug, owner: 'network' }
    const statements = [...(await deps.host.uninstall(plugin.slug)), ...auditEntry(deps, c.var.actor, entry)]
    if (!(await tryCommit(deps.db, statements))) {
      throw fail('conflict', 'The plugin {plugin} is active somewhere. Deactivate it everywhere first.', {
        plugin: plugin.title,
      })
    }
    return seeOther(c, deps, LIST, {
      tone: 'good',
      title: msg('{plugin} is uninstalled. What it stored is being deleted.', { plugin: plugin.title }),
    })
  },
})

const isUsable = ({ state, version }: PluginInfo): boolean =>
  version !== '' && state !== 'failed' && state !== 'incompatible' && state !== 'removing'

async function pluginPage(c: C, deps: Deps, plugin: PluginInfo, unsaved: Unsaved = {}): Promise<Response> {
  const { t, actor } = c.var
  const { slug } = plugin
  const mayWrite = can(actor, 'network:write', 'network')
  const known = isUsable(plugin) ? await deps.host.settings(slug, null) : null
  const { about, settings, conflict } = settingsPart(t, known, unsaved)
  return page(c, deps, 'pages/plugins/plugin', {
    title: t(/* translated elsewhere */ plugin.title),
    crumbs: [{ href: LIST, label: t('Plugins') }],
    ...(plugin.description !== '' && { lead: t(/* translated elsewhere */ plugin.description) }),
    ...about,
    data: {
      plugin: shown(t, plugin, mayWrite),
      path: `${LIST}/${slug}`,
      mayWrite,
      publicPath: `/plugins/${slug}`,
      settings,
      conflict,
      sites: await siteNames(deps, [plugin]),
      canUninstall: mayWrite && plugin.state === 'inactive' && plugin.version !== '' && !plugin.mustUse,
    },
  })
}

async function uninstallPage(c: C, deps: Deps, plugin: PluginInfo, errors: readonly FieldError[]): Promise<Response> {
  const { t } = c.var
  return page(c, deps, 'pages/plugins/uninstall', {
    title: t('Uninstall {name}?', { name: t(/* translated elsewhere */ plugin.title) }),
    crumbs: [{ href: `${LIST}/${plugin.slug}`, label: t(/* translated elsewhere */ plugin.title) }],
    ...(errors.length > 0 && { status: 422, notices: [faultsNotice(t, errors)] }),
    data: {
      slug: plugin.slug,
      holdings: await deps.host.holdings(plugin.slug),
      errors: errorsByPath(errors, t),
    },
  })
}
