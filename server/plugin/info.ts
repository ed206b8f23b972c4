import type { PluginFaultTable, PluginStateTable } from '../../db/schema.ts'
import { msg, type Message } from '../lib/message.ts'
import type { Fault, PluginInfo } from './host.ts'
import type { Loaded } from './loaded.ts'
import { isOnForAll } from './standing.ts'

const nothing = { events: [], listens: [], filters: [], stores: [], routes: [], sources: [], faults: [] }

/** Of a plugin whose code is not here. */
export const unloaded = (slug: string, reason: Message): PluginInfo => ({
  ...nothing,
  slug,
  title: slug,
  description: '',
  version: '',
  state: 'inactive',
  reason,
  mustUse: false,
})
export const IN_SAFE_MODE = msg('Safe mode is on: no plugin code runs.')
export const AT_NEXT_START = msg('It is loaded when the server starts the next time.')

/** What the Plugins page knows of a plugin. */
export function infoOf(
  plugin: Loaded,
  state: PluginStateTable | undefined,
  faults: readonly PluginFaultTable[],
): PluginInfo {
  const { slug, manifest } = plugin
  const about = {
    slug,
    title: manifest.title ?? slug,
    description: manifest.description ?? '',
    version: manifest.version ?? '',
    mustUse: manifest.mustUse ?? false,
    faults: faults.map(faultOf),
  }
  if (plugin.state !== 'ready') return { ...nothing, ...about, state: plugin.state, reason: plugin.reason }
  const paused = state !== undefined && state.paused_at !== null
  return {
    ...about,
    state: paused ? 'paused' : isOnForAll(plugin, state) ? 'active' : 'inactive',
    reason: paused && state.paused_reason !== null ? (JSON.parse(state.paused_reason) as Message) : null,
    events: plugin.events.map(({ event }) => event.name),
    listens: [...plugin.listeners.keys()],
    filters: [...plugin.filters.keys()],
    stores: Object.keys(manifest.storage ?? {}),
    routes: plugin.routes.map(({ pattern }) => `POST ${pattern}`),
    sources: plugin.sources.map(({ name }) => name),
  }
}

const faultOf = (row: PluginFaultTable): Fault => ({
  id: row.id,
  handler: row.handler,
  event: row.event_type,
  site: row.site_id,
  message: row.message,
  stack: row.stack,
  durationMs: row.duration_ms,
  at: row.at,
})
