import type { PluginFaultTable, PluginStateTable } from '../../db/schema.ts'
import { msg, type Message } from '../lib/message.ts'
import type { Fault, PluginInfo } from './host.ts'
import type { Loaded } from './loaded.ts'
import { isOnForAll } from './standing.ts'

const nothing = {
  scope: 'network',
  events: [],
  emits: [],
  listens: [],
  filters: [],
  stores: [],
  capabilities: [],
  contacts: [],
  routes: [],
  pages: [],
  crons: [],
  sources: [],
  faults: [],
  isSettable: false,
  isDefault: false,
} as const

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

/** A plugin as its manifest says it is, and as it stands in the network. */
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
  return {
    ...about,
    ...stateOf(plugin, state),
    scope: plugin.manifest.scope,
    events: plugin.events.map(({ event }) => event.name),
    emits: (manifest.emits ?? []).map(({ name }) => name),
    listens: [...plugin.listeners.keys()],
    filters: [...plugin.filters.keys()],
    stores: Object.keys(manifest.storage ?? {}),
    capabilities: (manifest.capabilities ?? []).map(({ name }) => `${slug}.${name}`),
    contacts: manifest.http ?? [],
    routes: plugin.routes.map(({ pattern, rule }) => ({ path: pattern, isPublic: rule === 'public' })),
    pages: plugin.pages.map(({ path, title, rule }) => ({ path, title, isPublic: rule === 'public' })),
    sources: plugin.sources.map(({ name }) => name),
    crons: plugin.crons.map(({ name, pattern }) => ({ id: name, pattern })),
    isSettable: plugin.fields.length > 0,
    isDefault: manifest.defaultActive ?? false,
  }
}

function stateOf(
  plugin: Extract<Loaded, { state: 'ready' }>,
  state: PluginStateTable | undefined,
): Pick<PluginInfo, 'state' | 'reason'> {
  if (state && state.removing_at !== null)
    return { state: 'removing', reason: msg('What it stored is being deleted, step by step.') }
  if (state && state.paused_at !== null) {
    const reason = state.paused_reason
    return { state: 'paused', reason: reason === null ? null : (JSON.parse(reason) as Message) }
  }
  return { state: isOnForAll(plugin, state) ? 'active' : 'inactive', reason: null }
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
