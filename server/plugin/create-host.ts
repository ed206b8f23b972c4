import { askGuardsAgain, pluginGuards } from '../../db/queries/guards.ts'
import { muteHandler, unmuteHandler } from '../../db/queries/mutes.ts'
import { crashes } from '../../db/queries/plugin-crashes.ts'
import { lastFaults } from '../../db/queries/plugin-faults.ts'
import { pluginsChanged, pluginRowsOfSite, pluginStates } from '../../db/queries/plugins.ts'
import { MAIN_SITE } from '../../db/queries/sites.ts'
import { notFound } from '../lib/errors.ts'
import { inTurn } from '../lib/in-turn.ts'
import { inEnglish } from '../lib/message.ts'
import type { Engine } from '../webhooks/engine.ts'
import { runRoute, showPage } from './answer.ts'
import { changeSettings, setSettings, settingsForm } from './change-settings.ts'
import { crashedAtLoad, pauseCrashed } from './crash.ts'
import { ticking } from './cron.ts'
import { inOrder, timeLimits, type Core, type TimeLimits } from './core.ts'
import { recordFault } from './fault.ts'
import { pluginFormats, releasing } from './format.ts'
import { askAboutHeld, guardsToShow, rememberGuards } from './guard.ts'
import type { EventType, Host } from './host.ts'
import { capabilitiesOf } from './capability.ts'
import { runChecks } from './health-check.ts'
import { AT_NEXT_START, IN_SAFE_MODE, infoOf, unloaded } from './info.ts'
import { hooksOf } from './hooks.ts'
import { listening } from './listen.ts'
import { loadPlugins } from './load.ts'
import { handlersOf, type Ready, type Registry } from './loaded.ts'
import { faultsIn } from './payload.ts'
import { prepare } from './prepare.ts'
import { receive } from './receive.ts'
import { checkSettings, sourceKindsOf } from './source-kind.ts'
import { noWatch, type Watch } from './watch.ts'
import { switching, usable } from './switch.ts'
import { holdingsOf, removalStep } from './uninstall.ts'
import { isOnForAll, standings } from './standing.ts'
import { loadWidgets } from './widget.ts'

export type { Registry } from './loaded.ts'

export interface HostOptions {
  /** The plugins of this repository. */
  readonly registry: Registry
  /** Plugins from elsewhere: their events carry their slug in front, and they are never always on. */
  readonly outside?: Registry
  /** No plugin code runs, not even to load it. */
  readonly safeMode: boolean
  /** Whether there is a template of this name: a plugin is refused when a page or widget of it has none. */
  readonly hasTemplate?: ((name: string) => boolean) | undefined
  readonly limits?: Partial<TimeLimits>
  /** Whether unknown keys in its manifest keep an outside plugin from running; true by default. */
  readonly strict?: boolean
  /** Where plugins can take the process down. */
  readonly watch?: Watch
}

const FAULTS_SHOWN = 20

/** Loads the plugins and makes the host. Resolves also when plugins fail: then that is their state. */
export async function createHost(engine: Engine, options: HostOptions): Promise<Host> {
  const { db } = engine
  const begun = engine.clock()
  const watch = options.watch ?? noWatch
  const limits = { ...timeLimits, ...options.limits }
  const { registry } = options
  const outside = Object.fromEntries(Object.entries(options.outside ?? {}).filter(([slug]) => !(slug in registry)))
  for (const slug of Object.keys(options.outside ?? {})) {
    if (!(slug in outside))
      engine.log.error('A plugin from outside has the slug of one of ours, and is left out.', { plugin: slug })
  }
  const slugs = [...Object.keys(registry), ...Object.keys(outside)].sort()
  const loaded = options.safeMode
    ? []
    : await loadPlugins(registry, outside, {
        clock: engine.clock,
        limit: limits.load,
        strict: options.strict ?? true,
        watch,
        crashed: await crashedAtLoad(engine, watch),
        hasTemplate: options.hasTemplate,
      })
  for (const plugin of loaded) {
    if (plugin.state !== 'ready')
      engine.log.error('A plugin cannot run.', { plugin: plugin.slug, reason: inEnglish(plugin.reason) })
  }
  const plugins = new Map(loaded.map((plugin) => [plugin.slug, plugin]))
  const ready = loaded.filter((plugin) => plugin.state === 'ready')
  const ears = listening(() => core, begun)
  const crons = ticking(() => core)
  const release = releasing(() => core)
  const core: Core = {
    engine,
    safeMode: options.safeMode,
    limits,
    plugins,
    types: new Map(
      ready.flatMap((owner) => owner.events.map(({ event, schema }) => [event.name, { event, schema, owner }])),
    ),
    listeners: inOrder(loaded, (plugin) => plugin.listeners),
    filters: inOrder(loaded, (plugin) => plugin.filters),
    sources: new Map(ready.flatMap(({ sources }) => sources.map((source) => [source.name, source]))),
    formats: new Map(ready.flatMap(({ formats }) => formats.map((format) => [format.name, format]))),
    standings: standings(engine, plugins),
    upgrading: new Map(),
    failedUpgrades: new Map(),
    watch,
    tallies: new Map(),
    suspects: new Set(watch.left.length > 1 ? watch.left.map(({ slug }) => slug) : []),
    line: { last: Promise.resolve() },
    hear: ears.hear,
  }
  if (!options.safeMode) {
    await rememberGuards(core)
    await pauseCrashed(core)
    await tellIgnored(core)
  }
  const types = new Map(
    ready
      .flatMap(eventTypesOf)
      .sort(byPluginAndTitle)
      .map((type) => [type.name, type]),
  )

  const kinds = ready.flatMap(sourceKindsOf).sort((a, b) => a.title.localeCompare(b.title, 'en'))

  /** The plugin of a handler that is there, or that guards although it is missing. */
  const ownerOf = async (handler: string): Promise<string> => {
    const known = ready.some((plugin) => handlersOf(plugin).some(({ id }) => id === handler))
    if (!known && !(await pluginGuards(db)).some((guard) => guard.handler === handler)) throw notFound()
    return handler.slice(0, handler.indexOf('/'))
  }
  const standingAt = async (site: string) => (await core.standings.of([site])).get(site)

  const capabilities = capabilitiesOf(ready)

  return {
    eventTypes: () => [...types.values()],
    eventType: (name) => types.get(name),
    capabilities: () => capabilities,
    async isAvailable(type, site) {
      const owner = core.types.get(type)?.owner
      return owner !== undefined && ((await standingAt(site))?.runs(owner.slug) ?? false)
    },
    async running(site) {
      const standing = await standingAt(site)
      return new Set(ready.map(({ slug }) => slug).filter((slug) => standing?.runs(slug)))
    },
    prepare: (list) => prepare(core, list),
    async emit(list) {
      const prepared = await prepare(core, list)
      return prepared.finish(await db.commit(prepared.statements))
    },
    async plugins({ faults: withFaults = false } = {}) {
      if (options.safeMode) return slugs.map((slug) => unloaded(slug, IN_SAFE_MODE))
      const states = new Map((await pluginStates(db)).map((state) => [state.slug, state]))
      const left = new Set(await crashes(db))
      const faults = withFaults ? await lastFaults(db, [...plugins.keys()], FAULTS_SHOWN) : []
      return loaded.map((plugin) => {
        const { slug } = plugin
        if (plugin.state === 'paused' && !left.has(slug)) return unloaded(slug, AT_NEXT_START)
        const own = faults.filter((fault) => fault.slug === slug).slice(0, FAULTS_SHOWN)
        return infoOf(plugin, states.get(slug), own)
      })
    },
    ...switching(core),
    formats: pluginFormats(() => core),
    checks: () => runChecks(core),
    widgets: (site, actor) => loadWidgets(core, site ?? MAIN_SITE, actor),
    blame: (handler, site, error) =>
      recordFault(core, {
        handler: { slug: handler.slice(0, handler.indexOf('/')), id: handler },
        site: site ?? MAIN_SITE,
        event: null,
        error,
        ms: 0,
      }),
    async pluginsAt(site) {
      const [states, rows] = await Promise.all([pluginStates(db), pluginRowsOfSite(db, site)])
      return ready
        .filter(({ manifest }) => manifest.scope === 'site')
        .map((plugin) => {
          const state = states.find(({ slug }) => slug === plugin.slug)
          const isOnHere = rows.some(({ slug, active }) => slug === plugin.slug && active === 1)
          return { ...infoOf(plugin, state, []), isOnHere, isOnForAll: isOnForAll(plugin, state) }
        })
        .sort((a, b) => a.title.localeCompare(b.title, 'en'))
    },
    holdings: async (slug) => holdingsOf(core, usable(core, slug)),
    guards: () => guardsToShow(core),
    hooks: () => hooksOf(core),
    begun,
    async mute(handler, by) {
      const slug = await ownerOf(handler)
      return [muteHandler(db, { handler, slug, at: engine.clock(), by }), askGuardsAgain(db, slug), pluginsChanged(db)]
    },
    async unmute(handler) {
      await ownerOf(handler)
      return [unmuteHandler(db, handler), pluginsChanged(db)]
    },
    async pages(site) {
      const standing = await standingAt(site ?? MAIN_SITE)
      return ready
        .filter(({ slug }) => standing?.runs(slug))
        .flatMap(({ pages }) => pages.map(({ slug, path, title, rule }) => ({ plugin: slug, path, title, rule })))
    },
    view: (slug, path, site, request, actor) => showPage(core, { slug, path, site, request, actor }),
    route: (slug, path, site, request, actor) => runRoute(core, { slug, path, site, request, actor }),
    sources: () => kinds,
    sourceSettings: (name, settings) => checkSettings(core.sources.get(name), settings),
    misfits(name, payload) {
      const type = core.types.get(name)
      return type ? faultsIn(type.event, payload) : []
    },
    receive: (arrival) => receive(core, arrival),
    tick: (now) =>
      inTurn(engine.log, {
        listeners: () => ears.tick(now),
        guards: () => askAboutHeld(core),
        formats: release,
        crons: () => crons.tick(now),
        removal: () => removalStep(core),
      }),
    async settled() {
      await crons.settled()
      await ears.settled()
    },
    async settings(slug, site) {
      const plugin = usable(core, slug)
      return plugin.manifest.settings ? settingsForm(core, plugin, site) : null
    },
    setSettings: async (slug, site) => setSettings(core, usable(core, slug), site),
    changeSettings: async (slug, site, given, revision) =>
      changeSettings(core, usable(core, slug), site, given, revision),
    runCron: crons.runNow,
  }
}

/** What a manifest says that this host does not know is left out, and told. */
async function tellIgnored(core: Core): Promise<void> {
  for (const plugin of core.plugins.values()) {
    if (plugin.state !== 'ready' || plugin.ignored.length === 0) continue
    const error = new Error(
      `Its manifest says what this host does not know, so it is left out: ${plugin.ignored.join(', ')}.`,
    )
    const handler = { slug: plugin.slug, id: `${plugin.slug}/manifest` }
    await recordFault(core, { handler, site: MAIN_SITE, event: null, error, ms: 0, apart: true })
  }
}

const eventTypesOf = ({ manifest, events }: Ready): EventType[] =>
  events.map(({ event, schema }) => ({
    name: event.name,
    title: event.title,
    sentence: event.sentence,
    description: event.description,
    lane: event.lane,
    plugin: manifest.slug,
    pluginTitle: manifest.title,
    shared: event.shared,
    sample: JSON.parse(JSON.stringify(event.sample)) as EventType['sample'],
    schema,
  }))

const byPluginAndTitle = (a: EventType, b: EventType): number =>
  a.pluginTitle.localeCompare(b.pluginTitle, 'en') || a.title.localeCompare(b.title, 'en')
