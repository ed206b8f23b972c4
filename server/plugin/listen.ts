import { markHeard, unheardEvents, type UnheardEvent } from '../../db/queries/plugins.ts'
import { SECOND } from '../lib/clock.ts'
import { copyOf, storedPayload } from '../lib/json.ts'
import { baseContext, happening, writePart } from './context.ts'
import type { Core, Stored } from './core.ts'
import { handle } from './handle.ts'
import type { Ordered } from './loaded.ts'
import type { Standing } from './standing.ts'
import { AppError } from '../lib/errors.ts'
import { recordFault } from './fault.ts'
import { marked } from './run.ts'
import { mayRun } from './upgrade.ts'

const AT_ONCE = 8
/** More events than this wait in the database, not in memory. */
const MOST_WAITING = 1000
const GRACE = 10 * SECOND

/**
 * Runs listeners after the commit: one event's handlers in series, several events at once. An event stays unheard in
 * the database until all its listeners have run, so that `tick` finds what a crash left behind.
 */
export function listening(core: () => Core) {
  const waiting: Stored[] = []
  const known = new Set<string>()
  const running = new Set<Promise<void>>()

  /** What an earlier process left is heard one after the other: one of its listeners may have ended that process. */
  let line = Promise.resolve()
  const cutShort = (event: Stored, error: unknown) =>
    core().engine.log.error('Listeners were cut short; the tick runs them again.', {
      event: event.id,
      error: String(error),
    })

  const start = () => {
    while (running.size < AT_ONCE) {
      const event = waiting.shift()
      if (!event) return
      const run = tell(core(), event)
        .catch((error: unknown) => cutShort(event, error))
        .finally(() => {
          running.delete(run)
          known.delete(event.id)
          start()
        })
      running.add(run)
    }
  }

  const hear = (events: readonly Stored[]) => {
    for (const event of events) {
      if (known.has(event.id) || waiting.length >= MOST_WAITING) continue
      known.add(event.id)
      waiting.push(event)
    }
    start()
  }

  return {
    hear,
    async tick(now: number): Promise<void> {
      if (core().safeMode) return
      const own: Stored[] = []
      const left: Stored[] = []
      const unreadable: string[] = []
      for (const row of await unheardEvents(core().engine.db, now - GRACE, 100)) {
        const event = storedOf(row)
        if (event === null) unreadable.push(row.id)
        else if (row.created_at < core().begun) left.push(event)
        else own.push(event)
      }
      hear(own)
      for (const event of left) {
        if (known.has(event.id)) continue
        known.add(event.id)
        line = line
          .then(() => tell(core(), event, true))
          .catch((error: unknown) => cutShort(event, error))
          .finally(() => known.delete(event.id))
      }
      await passOver(core(), unreadable)
    },
    async settled(): Promise<void> {
      await line
      while (running.size > 0) await Promise.all(running)
    },
  }
}

function storedOf(event: UnheardEvent): Stored | null {
  const { id, type, site_id: site, occurred_at: occurredAt, hops, trace } = event
  const data = storedPayload(event.payload)
  return data && { id, type, site, data, occurredAt, hops, trace, chain: 0 }
}

/** What no listener can be told counts as heard: met at every tick, enough of it would leave no room for the others. */
async function passOver({ engine: { db, clock, log } }: Core, events: readonly string[]): Promise<void> {
  if (events.length === 0) return
  await db.commit(events.map((id) => markHeard(db, id, clock())))
  for (const event of events) log.error('An event cannot be read, so no listener hears of it.', { event })
}

/** `left`: by an earlier process. */
async function tell(core: Core, event: Stored, left = false): Promise<void> {
  const standing = await core.standings.at(event.site)
  for (const listener of standing ? (core.listeners.get(event.type) ?? []) : []) {
    if (standing?.runs(listener.slug) && !standing.isMuted(listener.id)) {
      const once = () => tellOne(core, listener, standing, event)
      await (left ? marked(core, listener, once) : once())
    }
  }
  await core.engine.db.commit([markHeard(core.engine.db, event.id, core.engine.clock())])
}

async function tellOne(core: Core, listener: Ordered, standing: Standing, event: Stored): Promise<void> {
  const plugin = core.plugins.get(listener.slug)
  if (plugin?.state !== 'ready' || !(await mayRun(core, plugin, standing))) return
  try {
    await handle(core, {
      handler: listener,
      standing,
      event,
      limit: core.limits.listener,
      run: async (unit, signal) => {
        const ctx = {
          ...baseContext(core, plugin, standing, signal),
          event: happening(event),
          ...(await writePart(core, plugin, standing, { unit, signal, heard: { by: listener, event } })),
        }
        // A copy each, so that no listener changes what the next one hears.
        await listener.run(copyOf(event.data), ctx)
      },
    })
  } catch (error) {
    // It emitted what could not be taken. A database that fails is not its doing: then the event stays unheard.
    if (!(error instanceof AppError)) throw error
    await recordFault(core, { handler: listener, site: standing.site.id, event, error, ms: 0 })
  }
}
