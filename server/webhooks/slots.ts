import type { Clock } from '../lib/clock.ts'
import { addTo } from '../lib/count.ts'
import { SLOW, type Pace } from './pace.ts'
import { createReady, type Ready } from './ready.ts'
import type { Limits } from './sending.ts'

/**
 * Attempts under way, and the deliveries that wait for a slot. One holds its slot until it is recorded, so that no more
 * than `concurrency` are repeated after a crash.
 */
export function createSlots(options: {
  /** As they stand at the moment. */
  readonly limits: Limits
  readonly pace: Pace
  readonly clock: Clock
  /** Makes the attempt and records it; never throws. */
  readonly deliver: (ready: Ready) => Promise<void>
  /** Whether its lease leaves the time for an attempt. */
  readonly isInTime: (ready: Ready) => boolean
  readonly late: (deliveries: readonly string[]) => void
  readonly freed: (webhook: string) => void
}) {
  const { limits, pace, clock } = options
  const ready = createReady()
  const flying = new Map<string, number>()
  /** Since when nothing came back from a webhook with attempts under way; in milliseconds UTC. */
  const silentSince = new Map<string, number>()
  /** The deliveries of all this. */
  const ids = new Set<string>()
  let inFlight = 0
  let begun = 0

  /** Who begins to hang is slow after two seconds, and not only when the first attempts run out of time. */
  const isSlow = (webhook: string): boolean =>
    pace.isSlow(webhook) || clock() - (silentSince.get(webhook) ?? Infinity) > SLOW
  /** How many more attempts slow webhooks may begin, beside these. */
  const freeForSlow = (counts: ReadonlyMap<string, number>): number =>
    [...counts].reduce(
      (free, [webhook, count]) => (isSlow(webhook) ? free - count : free),
      Math.floor(limits.concurrency / 2),
    )
  const mayBegin = (webhook: string): boolean =>
    (flying.get(webhook) ?? 0) < limits.perWebhook && !(isSlow(webhook) && freeForSlow(flying) <= 0)

  /** Fills the free slots, each for the webhook with the fewest attempts under way. */
  function begin(): void {
    while (inFlight < limits.concurrency) {
      const next = ready.next(flying, mayBegin)
      if (!next) return
      if (options.isInTime(next)) void fly(next)
      else options.late(forget([next.delivery.id]))
    }
  }

  function forget(deliveries: readonly string[]): readonly string[] {
    for (const id of deliveries) ids.delete(id)
    return deliveries
  }

  async function fly(next: Ready): Promise<void> {
    const { id } = next.webhook
    inFlight++
    begun++
    addTo(flying, id, 1)
    if (!silentSince.has(id)) silentSince.set(id, clock())
    await options.deliver(next)
    forget([next.delivery.id])
    inFlight--
    addTo(flying, id, -1)
    if (flying.has(id)) silentSince.set(id, clock())
    else silentSince.delete(id)
    begin()
    options.freed(id)
  }

  return {
    inFlight: () => inFlight,
    begun: () => begun,
    waiting: ready.size,
    size: () => inFlight + ready.size(),
    isFull: ready.isFull,
    isSlow,
    freeForSlow,
    has: (delivery: string): boolean => ids.has(delivery),
    of: (webhook: string): number => (flying.get(webhook) ?? 0) + ready.of(webhook),
    /** Under way and waiting, by webhook. */
    counts(): Map<string, number> {
      const counts = new Map(flying)
      for (const [webhook, count] of ready.counts()) addTo(counts, webhook, count)
      return counts
    },
    add(items: readonly Ready[]): void {
      for (const item of items) {
        ids.add(item.delivery.id)
        ready.add(item)
      }
      begin()
    },
    /** Takes out what waits for a slot: of one webhook, or all. Gives the ids of the deliveries. */
    drop: (webhook?: string): readonly string[] => forget(ready.drop(webhook)),
  }
}

export type Slots = ReturnType<typeof createSlots>
