import { z } from 'zod'
import { tryCommit, type Statement } from '../../db/db.ts'
import { siteBySlugOrId, type Site } from '../../db/queries/sites.ts'
import { auditEntry, type AuditEntry } from '../access/audit.ts'
import type { Deps } from '../deps.ts'
import { AppError, invalid, notFound } from '../lib/errors.ts'
import { inEnglish, msg, type Message } from '../lib/message.ts'
import type { PluginInfo } from '../plugin/host.ts'
import type { C } from '../web/env.ts'
import { parsed, readJsonObject } from './body.ts'
import type { Handlers } from './handlers.ts'
import { listAnswer, pageOf } from './list.ts'

const LIST = 'plugins'

/** With `site` (slug or id) it is about that site alone. A setting that is null is taken back; what is left out stays. */
export const changedPlugin = z.strictObject({
  site: z.string().optional(),
  active: z.boolean().optional(),
  paused: z.boolean().optional(),
  settings: z.record(z.string(), z.json()).optional(),
})

export const pluginRoutes = (deps: Deps): Handlers => ({
  'GET /api/v1/plugins': async (c) => {
    const { limit, position } = pageOf(c, LIST, ['string'])
    const after = position === null ? '' : String(position[0])
    const rows = (await deps.host.plugins())
      .filter(({ slug }) => slug > after)
      .sort((a, b) => (a.slug < b.slug ? -1 : 1))
      .slice(0, limit + 1)
    return listAnswer(LIST, rows, limit, show, ({ slug }) => [slug])
  },

  'GET /api/v1/plugins/:slug': async (c) => {
    const plugin = await find(deps, c)
    return answer(deps, plugin.slug, await siteOf(deps, c.req.query('site')))
  },

  'PATCH /api/v1/plugins/:slug': async (c) => {
    const { slug } = await find(deps, c)
    const { site: named, active, paused, settings } = parsed(changedPlugin, await readJsonObject(c))
    const site = await siteOf(deps, named)
    if (site && paused !== undefined) {
      const message = msg('A plugin is paused and resumed for all sites at once. Leave site out.')
      throw invalid([{ path: 'paused', message }])
    }
    const owner = site?.id ?? 'network'
    const statements: Statement[] = []
    const add = (list: readonly Statement[], entry: Omit<AuditEntry, 'target' | 'owner'>) =>
      statements.push(...list, ...auditEntry(deps, c.var.actor, { ...entry, target: slug, owner }))
    if (active === true) add(await deps.host.activate(slug, site?.id), { action: 'plugin.activated' })
    if (active === false) add(await deps.host.deactivate(slug, site?.id), { action: 'plugin.deactivated' })
    if (paused === true) add(await deps.host.pause(slug, c.var.actor.name), { action: 'plugin.paused' })
    if (paused === false) add(await deps.host.resume(slug), { action: 'plugin.resumed' })
    if (settings) {
      const { statements: list, before, after } = await deps.host.changeSettings(slug, site?.id ?? null, settings)
      add(list, { action: 'plugin.configured', before, after })
    }
    await commit(deps, statements, msg('Somebody else has changed this plugin in the meantime. Try again.'))
    return answer(deps, slug, site)
  },

  'DELETE /api/v1/plugins/:slug': async (c) => {
    const { slug } = await find(deps, c)
    const entry = { action: 'plugin.uninstalled', target: slug, owner: 'network' }
    const statements = [...(await deps.host.uninstall(slug)), ...auditEntry(deps, c.var.actor, entry)]
    await commit(deps, statements, msg('This plugin is active somewhere. Deactivate it everywhere first.'))
    return new Response(null, { status: 204 })
  },
})

async function find(deps: Deps, c: C): Promise<PluginInfo> {
  const plugin = (await deps.host.plugins()).find(({ slug }) => slug === c.req.param('slug'))
  if (!plugin) throw notFound()
  return plugin
}

async function siteOf(deps: Deps, named: string | undefined): Promise<Site | null> {
  if (named === undefined) return null
  const site = await siteBySlugOrId(deps.db, named)
  if (!site) throw invalid([{ path: 'site', message: msg('There is no site of this name.') }])
  return site
}

async function commit(deps: Deps, statements: readonly Statement[], refused: Message): Promise<void> {
  if (statements.length > 0 && !(await tryCommit(deps.db, statements))) throw new AppError('conflict', refused)
}

/** One plugin, with what is set for it; of a secret no more than that there is one. */
async function answer(deps: Deps, slug: string, site: Site | null): Promise<Response> {
  const [all, here] = await Promise.all([deps.host.plugins(), site ? deps.host.pluginsAt(site.id) : []])
  const plugin = all.find((one) => one.slug === slug)
  if (!plugin) throw notFound()
  const isLoaded = plugin.isSettable && plugin.state !== 'removing'
  const form = isLoaded ? await deps.host.settings(slug, site?.id ?? null) : null
  const ofSite = here.find((one) => one.slug === slug)
  return Response.json({
    ...show(plugin),
    site: site?.slug ?? null,
    ...(site && { active: ofSite ? ofSite.isOnHere || ofSite.isOnForAll : plugin.state === 'active' }),
    settings: Object.fromEntries(
      (form?.settings ?? []).map(({ field, value, isSet }) => [
        field.name,
        field.secret ? { set: isSet } : (value ?? null),
      ]),
    ),
  })
}

const show = (plugin: PluginInfo) => ({
  slug: plugin.slug,
  title: plugin.title,
  description: plugin.description,
  version: plugin.version,
  scope: plugin.scope,
  state: plugin.state,
  active: plugin.state === 'active',
  reason: plugin.reason ? inEnglish(plugin.reason) : null,
  must_use: plugin.mustUse,
  sends: [...plugin.events, ...plugin.emits],
  listens: plugin.listens,
  stores: plugin.stores,
  contacts: plugin.contacts,
})
