import { MAIN_SITE } from '../../db/queries/sites.ts'
import { inTurn } from '../lib/in-turn.ts'
import { inEnglish } from '../lib/message.ts'
import type { Engine } from '../webhooks/engine.ts'
import { catalogue } from './catalogue.ts'
import { configuring } from './change-settings.ts'
import { inOrder, timeLimits, type Core, type TimeLimits } from './core.ts'
import { crashedAtLoad, pauseCrashed } from './crash.ts'
import { ticking } from './cron.ts'
import { recordFault } from './fault.ts'
import { pluginFormats, releasing } from './format.ts'
import { askAboutHeld, rememberGuards } from './guard.ts'
import type { Host } from './host.ts'
import { listening } from './listen.ts'
import { loadPlugins } from './load.ts'
import type { Loaded, Registry } from './loaded.ts'
import { muting } from './mute.ts'
import { prepare } from './prepare.ts'
import { receive } from './receive.ts'
import { roster } from './roster.ts'
import { showing } from './show.ts'
import { standings } from './standing.ts'
import { switching } from './switch.ts'
import { removalStep } from './uninstall.ts'
import { noWatch, type Watch } from './watch.ts'

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

/** Loads the plugins and makes the host. Resolves also when plugins fail: then that is their state. */
export async function createHost(engine: Engine, options: HostOptions): Promise<Host> {
  const begun = engine.clock()
  const outside = withoutOurs(engine, options)
  const slugs = [...Object.keys(options.registry), ...Object.keys(outside)].sort()
  const loaded = options.safeMode ? [] : await load(engine, options, outside)
  const ears = listening(() => core)
  const crons = ticking(() => core)
  const release = releasing(() => core)
  const core: Core = { ...coreOf(engine, options, loaded), begun, hear: ears.hear }
  if (!options.safeMode) {
    await rememberGuards(core)
    await pauseCrashed(core)
    await tellIgnored(core)
  }
  return {
    ...catalogue(core),
    ...roster(core, slugs),
    ...switching(core),
    ...muting(core),
    ...configuring(core),
    ...showing(core),
    prepare: (list) => prepare(core, list),
    async emit(list) {
      const prepared = await prepare(core, list)
      const stored = engine.db.commit(prepared.statements)
      prepared.meanwhile()
      return prepared.finish(await stored)
    },
    receive: (arrival) => receive(core, arrival),
    formats: pluginFormats(() => core),
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
    runCron: crons.runNow,
  }
}

function withoutOurs({ log }: Engine, { registry, outside = {} }: HostOptions): Registry {
  for (const slug of Object.keys(outside)) {
    if (slug in registry)
      log.error('A plugin from outside has the slug of one of ours, and is left out.', { plugin: slug })
  }
  return Object.fromEntries(Object.entries(outside).filter(([slug]) => !(slug in registry)))
}

async function load(engine: Engine, options: HostOptions, outside: Registry): Promise<readonly Loaded[]> {
  const { registry, limits, strict = true, watch = noWatch, hasTemplate } = options
  const loaded = await loadPlugins(registry, outside, {
    clock: engine.clock,
    limit: limits?.load ?? timeLimits.load,
    strict,
    watch,
    crashed: await crashedAtLoad(engine, watch),
    hasTemplate,
  })
  for (const plugin of loaded) {
    if (plugin.state !== 'ready')
      engine.log.error('A plugin cannot run.', { plugin: plugin.slug, reason: inEnglish(plugin.reason) })
  }
  return loaded
}

function coreOf(
  engine: Engine,
  { safeMode, limits, watch = noWatch }: HostOptions,
  loaded: readonly Loaded[],
): Omit<Core, 'begun' | 'hear'> {
  const plugins = new Map(loaded.map((plugin) => [plugin.slug, plugin]))
  const ready = loaded.filter((plugin) => plugin.state === 'ready')
  return {
    engine,
    safeMode,
    limits: { ...timeLimits, ...limits },
    plugins,
    ready,
    types: new Map(
      ready.flatMap((owner) => owner.events.map(({ event, schema }) => [event.name, { event, schema, owner }])),
    ),
    listeners: inOrder(ready, (plugin) => plugin.listeners),
    filters: inOrder(ready, (plugin) => plugin.filters),
    sources: new Map(ready.flatMap(({ sources }) => sources.map((source) => [source.name, source]))),
    formats: new Map(ready.flatMap(({ formats }) => formats.map((format) => [format.name, format]))),
    standings: standings(engine, plugins),
    upgrading: new Map(),
    failedUpgrades: new Map(),
    watch,
    tallies: new Map(),
    suspects: new Set(watch.left.length > 1 ? watch.left.map(({ slug }) => slug) : []),
    line: { last: Promise.resolve() },
  }
}

/** What a manifest says that this host does not know is left out, and told. */
async function tellIgnored(core: Core): Promise<void> {
  for (const { slug, ignored } of core.ready) {
    if (ignored.length === 0) continue
    const error = new Error(`Its manifest says what this host does not know, so it is left out: ${ignored.join(', ')}.`)
    const handler = { slug, id: `${slug}/manifest` }
    await recordFault(core, { handler, site: MAIN_SITE, event: null, error, ms: 0, apart: true })
  }
}
