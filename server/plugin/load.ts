import type { Clock } from '../lib/clock.ts'
import type { JsonObject } from '../lib/json.ts'
import { msg, type Message } from '../lib/message.ts'
import { checkEvent, takes, wrongManifest } from './check.ts'
import { hostVersion, type HandlerOptions, type Manifest, type Plugin, type PluginEvent } from './define.ts'
import { within } from './within.ts'

/** Every plugin there is, by slug, not loaded yet. */
export type Registry = Readonly<Record<string, () => Promise<{ readonly default: Plugin }>>>

/** Something a plugin registered: its id is unique in the whole network. */
export interface Handler {
  readonly slug: string
  readonly id: string
}
/** Methods, not functions: their parameters stand for whatever types the plugin's author was given. */
export interface Ordered extends Handler {
  readonly priority: number
  run(value: unknown, ctx: object): unknown
}
export interface Route extends Handler {
  readonly pattern: string
  run(request: Request, ctx: object): unknown
}
export interface Page extends Handler {
  readonly path: string
  readonly title: string
  readonly template: string
  load(ctx: object): unknown
}

/** A plugin that may run. */
export interface Ready {
  readonly state: 'ready'
  readonly slug: string
  readonly manifest: Manifest
  readonly events: readonly { readonly event: PluginEvent; readonly schema: JsonObject }[]
  /** By event name. */
  readonly listeners: ReadonlyMap<string, readonly Ordered[]>
  /** By the name of the point. */
  readonly filters: ReadonlyMap<string, readonly Ordered[]>
  readonly routes: readonly Route[]
  readonly pages: readonly Page[]
}
/** A plugin that may not, and why. */
export interface Unusable {
  readonly state: 'failed' | 'incompatible'
  readonly slug: string
  readonly manifest: Partial<Manifest>
  readonly reason: Message
}
export type Loaded = Ready | Unusable

/**
 * Imports, checks and registers every plugin, each on its own: what is wrong with one becomes its state and never
 * anybody else's problem. `ours` are the plugins of this repository.
 */
export async function loadPlugins(
  ours: Registry,
  outside: Registry,
  deps: { readonly clock: Clock; readonly limit: number; readonly templates?: ReadonlySet<string> | undefined },
): Promise<readonly Loaded[]> {
  const slugs = [...new Set([...Object.keys(ours), ...Object.keys(outside)])].sort()
  const loaded = await Promise.all(
    slugs.map(async (slug) => {
      const load = ours[slug] ?? outside[slug]
      const got = await within(deps.limit, deps.clock, async () => (await load?.())?.default)
      if (!got.ok) return failed(slug, {}, msg('It could not be loaded: {error}', { error: sentenceOf(got.error) }))
      return examine(slug, got.value, slug in ours, deps.templates)
    }),
  )
  return knowEachOther(loaded)
}

function examine(
  slug: string,
  plugin: Plugin | undefined,
  ours: boolean,
  templates: ReadonlySet<string> | undefined,
): Loaded {
  if (!plugin) return failed(slug, {}, msg('It has no default export.'))
  const { manifest } = plugin
  const wrong = wrongManifest(slug, manifest, ours)
  if (wrong) return failed(slug, {}, wrong)
  if (!takes(manifest.requires.host)) {
    const reason = msg('It needs the plugin interface {needed}; this is {version}.', {
      needed: manifest.requires.host,
      version: hostVersion,
    })
    return { state: 'incompatible', slug, manifest, reason }
  }
  const events: { event: PluginEvent; schema: JsonObject }[] = []
  for (const event of manifest.events ?? []) {
    const { schema, wrong } = checkEvent(manifest, event, ours)
    if (wrong) return failed(slug, manifest, wrong)
    events.push({ event, schema })
  }
  try {
    const registered = collect(plugin)
    const bare = registered.pages.find(({ template }) => templates && !templates.has(`@${slug}/${template}`))
    if (bare) {
      const reason = msg('The page {path} has no template {file}.', { path: bare.path, file: `${bare.template}.eta` })
      return failed(slug, manifest, reason)
    }
    return { state: 'ready', slug, manifest, events, ...registered }
  } catch (error) {
    return failed(slug, manifest, msg('It could not register: {error}', { error: sentenceOf(error) }))
  }
}

/** Lets the plugin register. Throws a sentence for what cannot be wired. */
function collect(plugin: Plugin): Pick<Ready, 'listeners' | 'filters' | 'routes' | 'pages'> {
  const { slug } = plugin.manifest
  const listeners = new Map<string, Ordered[]>()
  const filters = new Map<string, Ordered[]>()
  const routes: Route[] = []
  const pages: Page[] = []
  const ids = new Set<string>()
  let open = true
  const take = (id: string): Handler => {
    if (!open) throw new Error('register has ended; handlers cannot be added later.')
    const handler = { slug, id: `${slug}/${id}` }
    if (ids.has(handler.id)) throw new Error(`There are two handlers ${handler.id}.`)
    ids.add(handler.id)
    return handler
  }
  const ordered = (
    lists: Map<string, Ordered[]>,
    kind: string,
    name: string,
    run: Ordered['run'],
    options: HandlerOptions = {},
  ) => {
    const list = lists.get(name) ?? []
    lists.set(name, list)
    list.push({ ...take(options.id ?? `${kind}:${name}#${list.length}`), priority: options.priority ?? 10, run })
  }
  const result: unknown = plugin.register({
    on: (event, run, options) => ordered(listeners, 'on', event.name, run, options),
    filter: (point, run, options) => ordered(filters, 'filter', point.name, run, options),
    route: (pattern, run) => {
      if (!/^POST \/./.test(pattern)) throw new Error(`The route ${pattern} has to be "POST /…".`)
      routes.push({ ...take(`route:${pattern}`), pattern: pattern.slice('POST '.length), run })
    },
    page: (path, page) => {
      if (!/^\/./.test(path)) throw new Error(`The page ${path} has to begin with a slash and a name.`)
      const { title, template, load } = page
      pages.push({ ...take(`page:${path}`), path, title, template, load })
    },
  })
  open = false
  if (result instanceof Promise) {
    result.catch(() => {})
    throw new Error('register is asynchronous; it only collects, so it has to be synchronous.')
  }
  return { listeners, filters, routes, pages }
}

/** An event has one owner, and is emitted by others only as its owner allows. The first slug of the alphabet owns. */
function knowEachOther(loaded: readonly Loaded[]): readonly Loaded[] {
  const owners = new Map<string, { slug: string; event: PluginEvent }>()
  const owned = loaded.map((plugin) => {
    if (plugin.state !== 'ready') return plugin
    for (const { event } of plugin.events) {
      const owner = owners.get(event.name)
      if (owner) {
        return failed(
          plugin.slug,
          plugin.manifest,
          msg('The event {name} belongs to {owner}.', { name: event.name, owner: owner.slug }),
        )
      }
    }
    for (const { event } of plugin.events) owners.set(event.name, { slug: plugin.slug, event })
    return plugin
  })
  return owned.map((plugin) => {
    for (const event of plugin.state === 'ready' ? (plugin.manifest.emits ?? []) : []) {
      if (owners.get(event.name)?.event !== event) {
        return failed(
          plugin.slug,
          plugin.manifest,
          msg('It emits {name}, which no loaded plugin owns.', { name: event.name }),
        )
      }
      if (!event.shared) {
        return failed(
          plugin.slug,
          plugin.manifest,
          msg('It emits {name}, which its owner does not share.', { name: event.name }),
        )
      }
    }
    return plugin
  })
}

const failed = (slug: string, manifest: Partial<Manifest>, reason: Message): Unusable => ({
  state: 'failed',
  slug,
  manifest,
  reason,
})

export const sentenceOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
