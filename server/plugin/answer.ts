import { fail, type AppError } from '../lib/errors.ts'
import { traceOf } from '../lib/trace.ts'
import { capabilityOf } from './capability.ts'
import { baseContext, readPart, writePart } from './context.ts'
import type { Core } from './core.ts'
import { handle } from './handle.ts'
import type { Visitor } from '../lib/actor.ts'
import type { PluginAnswer, PluginView } from './host.ts'
import type { Page, Ready, Route, Rule } from './loaded.ts'
import { demandNoSecret } from './secret.ts'
import { demandRun } from './upgrade.ts'
import type { Standing } from './standing.ts'

/** A request to a plugin of one site. `path` is below `/plugins/<slug>`. */
export interface Ask {
  readonly slug: string
  readonly path: string
  readonly site: string
  readonly request: Request
  /** A stranger, who gets what is public, where there is none. */
  readonly actor: Visitor | undefined
}

/** What a request meets: the plugin, and what holds for its site. */
interface Met {
  readonly plugin: Ready
  readonly standing: Standing
}
type Visit = Ask & Met

/** A page of a plugin that runs, loaded; null if there is none. */
export async function showPage(core: Core, ask: Ask): Promise<PluginView | null> {
  const visit = await meet(core, ask)
  const page = visit?.plugin.pages.find(({ path }) => path === ask.path)
  if (!visit || !page || visit.standing.isMuted(page.id) || !isLetIn(page.rule, ask.actor)) return null
  const handled = await handle(core, {
    handler: page,
    standing: visit.standing,
    byStrangers: page.rule === 'public',
    limit: core.limits.page,
    run: (_, signal) => loadPage(core, visit, page, signal),
  })
  if (!handled.ok) throw broken(visit.plugin, handled.fault)
  return handled.value
}

/** Lets a plugin's route answer; null if there is none. What it queued is committed below status 400. */
export async function runRoute(core: Core, ask: Ask): Promise<PluginAnswer | null> {
  if (ask.request.method !== 'POST') return null
  const visit = await meet(core, ask)
  if (!visit) return null
  for (const route of visit.plugin.routes) {
    const params = match(route.pattern, ask.path)
    if (!params || visit.standing.isMuted(route.id)) continue
    return isLetIn(route.rule, ask.actor) ? answer(core, visit, route, params) : null
  }
  return null
}

/** Where to go from a path that only takes forms: to the page that it stands below. Null for any other path. */
export async function pageAbove(core: Core, ask: Omit<Ask, 'request'>): Promise<string | null> {
  const found = await meet(core, ask)
  const isSeen = ({ rule }: { readonly rule: Rule }) => rule === 'public' || ask.actor !== undefined
  if (!found?.plugin.routes.some((route) => isSeen(route) && match(route.pattern, ask.path))) return null
  const paths = new Set(found.plugin.pages.filter(isSeen).map(({ path }) => path))
  let above = parent(ask.path)
  while (above !== '' && !paths.has(above)) above = parent(above)
  return above || null
}

const parent = (path: string): string => path.slice(0, path.lastIndexOf('/'))

async function answer(
  core: Core,
  visit: Visit,
  route: Route,
  params: Readonly<Record<string, string>>,
): Promise<PluginAnswer> {
  const { plugin, standing, request } = visit
  const handled = await handle<PluginAnswer>(core, {
    handler: route,
    standing,
    byStrangers: route.rule === 'public',
    limit: core.limits.route,
    run: async (unit, signal) => {
      const ctx = {
        ...baseContext(core, plugin, standing, signal),
        actor: visitor(visit),
        params,
        render: async (path: string, data: Readonly<Record<string, unknown>>, status = 422) => {
          const page = plugin.pages.find((one) => one.path === path)
          if (!page) throw new Error(`${plugin.slug} has no page ${path}.`)
          const view = await loadPage(core, visit, page, signal)
          demandNoSecret(data, standing.secrets(plugin.slug), `what the page ${path} shows`)
          return Object.assign(new Response(null, { status }), { view: { ...view, data: { ...view.data, ...data } } })
        },
        ...(await writePart(core, plugin, standing, { unit, signal, trace: traceOf(request.headers) })),
      }
      // A clone, because a unit that loses a race runs again and reads the body again.
      const response = await route.run(request.clone(), ctx)
      if (!(response instanceof Response)) throw new Error('The route did not answer with a Response.')
      return response
    },
    keeps: (response) => response.status < 400,
  })
  if (!handled.ok) throw broken(plugin, handled.fault)
  return handled.value
}

async function loadPage(core: Core, visit: Visit, page: Page, signal: AbortSignal): Promise<PluginView> {
  const { plugin, standing, request } = visit
  const data = await page.load({
    ...baseContext(core, plugin, standing, signal),
    actor: visitor(visit),
    query: new URL(request.url).searchParams,
    ...(await readPart(core, plugin, standing)),
  })
  if (data === null || typeof data !== 'object')
    throw new Error('load has to give an object: what the template may see.')
  demandNoSecret(data, standing.secrets(plugin.slug), `what the page ${page.path} shows`)
  return { handler: page.id, title: page.title, template: `@${plugin.slug}/${page.template}`, data: { ...data } }
}

/** The plugin of a request, where it runs; null where it does not. */
async function meet<A extends Pick<Ask, 'slug' | 'site'>>(core: Core, ask: A): Promise<(A & Met) | null> {
  const plugin = core.plugins.get(ask.slug)
  if (core.safeMode || plugin?.state !== 'ready') return null
  const standing = await core.standings.at(ask.site)
  if (!standing?.runs(ask.slug)) return null
  await demandRun(core, plugin, standing)
  return { ...ask, plugin, standing }
}

/** Whether a visitor may come. Somebody who is known is told that it is not allowed; a stranger finds nothing there. */
function isLetIn(rule: Rule, actor: Visitor | undefined): boolean {
  if (rule === 'public') return true
  if (actor && !actor.may(rule ?? 'network:write')) {
    throw fail('forbidden', 'Your role does not allow this. Ask a super admin of this network.')
  }
  return actor !== undefined
}

const visitor = ({ plugin, actor }: Visit) => (actor ? visitorOf(plugin, actor) : null)

/** A visitor as a plugin's handlers see one. */
export const visitorOf = ({ manifest }: Ready, { name, may }: Visitor) => ({
  name,
  may: (capability: string) => may(capabilityOf(manifest, capability)),
})

const broken = ({ manifest }: Ready, fault: string): AppError =>
  fail('internal', 'The plugin {plugin} could not answer. Its fault is kept as {fault}.', {
    plugin: manifest.title,
    fault,
  })

/** The values of the `:names` of a pattern, or null if the path is another one. */
export function match(pattern: string, path: string): Readonly<Record<string, string>> | null {
  const wanted = pattern.split('/')
  const given = path.split('/')
  if (wanted.length !== given.length) return null
  const params: Record<string, string> = {}
  for (const [i, part] of wanted.entries()) {
    const value = given[i] ?? ''
    if (!part.startsWith(':')) {
      if (part !== value) return null
      continue
    }
    try {
      params[part.slice(1)] = decodeURIComponent(value)
    } catch {
      return null
    }
    if (value === '') return null
  }
  return params
}
