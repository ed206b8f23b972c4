import { SECOND } from '../lib/clock.ts'
import type { JsonObject } from '../lib/json.ts'
import type { Trace } from '../lib/trace.ts'
import type { Engine } from '../webhooks/engine.ts'
import type { Emission } from './host.ts'
import type { Format, Loaded, Ordered, Ready, Source } from './loaded.ts'
import type { PluginEvent } from './define.ts'
import type { Standings } from './standing.ts'
import type { Tally, Watch } from './watch.ts'

/** How long each kind of handler may take, in milliseconds. */
export interface TimeLimits {
  readonly load: number
  readonly filter: number
  readonly listener: number
  readonly page: number
  readonly format: number
  readonly check: number
  readonly widget: number
  readonly route: number
  readonly source: number
  readonly cron: number
  readonly upgrade: number
}

export const timeLimits: TimeLimits = {
  load: 10 * SECOND,
  filter: 250,
  listener: 2 * SECOND,
  page: 5 * SECOND,
  format: SECOND,
  check: 2 * SECOND,
  widget: SECOND,
  route: 10 * SECOND,
  source: 10 * SECOND,
  cron: 60 * SECOND,
  upgrade: 10 * SECOND,
}

/** How many events in a row listeners may cause: more is a loop. */
export const MAX_CHAIN = 5

/** What every part of the host works with. */
export interface Core {
  readonly engine: Engine
  readonly safeMode: boolean
  /** When the host was made. */
  readonly begun: number
  readonly limits: TimeLimits
  readonly plugins: ReadonlyMap<string, Loaded>
  /** Those of them that can run, by slug. */
  readonly ready: readonly Ready[]
  readonly types: ReadonlyMap<
    string,
    { readonly event: PluginEvent; readonly schema: JsonObject; readonly owner: Ready }
  >
  /** In the order in which they run. */
  readonly listeners: ReadonlyMap<string, readonly Ordered[]>
  readonly filters: ReadonlyMap<string, readonly Ordered[]>
  /** By the name in their address. */
  readonly sources: ReadonlyMap<string, Source>
  /** By the name that webhooks use. */
  readonly formats: ReadonlyMap<string, Format>
  readonly standings: Standings
  readonly watch: Watch
  /** By the id of the handler. */
  readonly tallies: Map<string, Tally>
  /** Plugins of which one took the last process down: what runs by itself runs alone, see `marked`. */
  readonly suspects: ReadonlySet<string>
  readonly line: { last: Promise<void> }
  /** Upgrades under way in this process, by plugin and site. */
  readonly upgrading: Map<string, Promise<boolean>>
  /** Where a step failed, by plugin and site, and until when it is not tried again. */
  readonly failedUpgrades: Map<string, number>
  /** Lets listeners run, some time after the commit. */
  readonly hear: (events: readonly Stored[]) => void
}

/** An event that is stored, for those who listen. `chain` counts the listeners that led to it. */
export interface Stored {
  readonly id: string
  readonly type: string
  readonly site: string
  readonly data: Emission['data']
  readonly occurredAt: number
  readonly hops: number
  readonly trace: Trace | null
  readonly chain: number
}

/** Handlers of all plugins for each name: by priority, then slug, then the order in which they registered. */
export function inOrder(
  plugins: readonly Ready[],
  pick: (plugin: Ready) => ReadonlyMap<string, readonly Ordered[]>,
): ReadonlyMap<string, readonly Ordered[]> {
  const all = new Map<string, Ordered[]>()
  for (const plugin of plugins) {
    for (const [name, list] of pick(plugin)) all.set(name, [...(all.get(name) ?? []), ...list])
  }
  // Plugins come sorted by slug and sorting is stable, so the priority is all there is to compare.
  for (const list of all.values()) list.sort((a, b) => a.priority - b.priority)
  return all
}
