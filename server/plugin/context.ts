import { newId } from '../lib/ids.ts'
import type { Level, Log } from '../lib/log.ts'
import type { Trace } from '../lib/trace.ts'
import { MAX_CHAIN, type Core, type Stored } from './core.ts'
import type { BaseContext, Happening, PluginEvent } from './define.ts'
import type { Handler, Ready } from './loaded.ts'
import { createHttp } from './http.ts'
import { demandFit, snapshot } from './payload.ts'
import { demandNoSecret, masked } from './secret.ts'
import type { Standing } from './standing.ts'
import { readStorage, writeStorage } from './storage.ts'
import type { Unit } from './unit.ts'

/** What every handler has, whatever its plugin declared. */
export function baseContext(core: Core, plugin: Ready, standing: Standing, signal: AbortSignal): BaseContext {
  const { engine } = core
  const { site } = standing
  return {
    site: { id: site.id, slug: site.slug, name: site.name },
    log: logOf(engine.log, { plugin: plugin.slug, site: site.slug }, () => standing.secrets(plugin.slug)),
    now: () => new Date(engine.clock()),
    newId: () => newId('rec', engine),
    signal,
  }
}

/** Whatever a plugin logs: a secret setting does not get into the log. */
const logOf = (log: Log, about: Readonly<Record<string, string>>, secrets: () => readonly string[]): Log => {
  const clean = (fields: Readonly<Record<string, unknown>>) =>
    secrets().length > 0 ? (JSON.parse(masked(JSON.stringify(fields), secrets())) as typeof fields) : fields
  const line = (level: Level) => (message: string, fields?: Readonly<Record<string, unknown>>) =>
    log[level](masked(message, secrets()), { ...(fields && clean(fields)), ...about })
  return { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') }
}

export const happening = (event: Pick<Stored, 'id' | 'type' | 'occurredAt'>): Happening => ({
  id: event.id,
  type: event.type,
  occurredAt: new Date(event.occurredAt),
})

/** Settings, for a plugin that declared some. */
export const settingsPart = async ({ slug, manifest }: Ready, standing: Standing) =>
  manifest.settings ? { settings: (await standing.settings(slug)).values } : {}

/** What a handler has that changes nothing: settings, and storage to read, as far as the plugin declared them. */
export const readPart = async (core: Core, plugin: Ready, standing: Standing) => ({
  ...(await settingsPart(plugin, standing)),
  ...(plugin.manifest.storage ? { storage: readStorage(core.engine.db, plugin.manifest, standing.site.id) } : {}),
})

/** A plugin emits only what its manifest names. */
export function demandNamed(plugin: Ready, event: PluginEvent): void {
  if (namedBy(plugin).includes(event)) return
  throw new Error(`${plugin.slug} may not emit ${event.name}: name it in events, or in emits if its owner shares it.`)
}

const namedBy = ({ manifest }: Ready): readonly PluginEvent[] => [...(manifest.events ?? []), ...(manifest.emits ?? [])]

/** What a handler does things with, as far as the plugin declared it. Writes and events wait in the unit. */
export async function writePart(
  core: Core,
  plugin: Ready,
  standing: Standing,
  {
    unit,
    signal,
    heard,
    trace = heard?.event.trace ?? null,
  }: { unit: Unit; signal: AbortSignal; heard?: { by: Handler; event: Stored }; trace?: Trace | null },
) {
  const { manifest } = plugin
  const { site, mostBytes } = standing
  const emit = (event: PluginEvent, payload: unknown) => {
    demandNamed(plugin, event)
    const chain = heard ? heard.event.chain + 1 : 0
    if (chain > MAX_CHAIN) {
      throw new Error(`${event.name} would be event ${chain} in a row that a listener emits; that is a loop.`)
    }
    const data = snapshot(payload, mostBytes)
    demandFit(event, data)
    demandNoSecret(data, standing.secrets(plugin.slug), `the payload of ${event.name}`)
    const emission = { type: event.name, site: site.id, data, source: `plugin:${plugin.slug}`, trace }
    if (!heard) return unit.emit(emission)
    // Listeners may run twice; what they emit is stored once, because the key says which run of which handler it was.
    const key = `${heard.event.id}/${heard.by.id}/${unit.emissions.length}`
    unit.emit({ ...emission, key, once: true, hops: heard.event.hops })
  }
  return {
    ...(await settingsPart(plugin, standing)),
    ...(manifest.http ? { http: createHttp(core, plugin, signal, trace) } : {}),
    ...(manifest.storage ? { storage: writeStorage(core.engine, manifest, site.id, unit) } : {}),
    ...(namedBy(plugin).length > 0 ? { emit } : {}),
  }
}
