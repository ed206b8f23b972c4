import { addTo } from '../lib/count.ts'
import type { Pace } from './pace.ts'
import { createReady, type Ready } from './ready.ts'

/**
 * Attempts under way, and the deliveries that wait for a slot. One holds its slot until it is recorded, so that no more
 * than `concurrency` are repeated after a crash.
 */
export function createSlots(options: {
  readonly concurrency: number
  readonly perWebhook: number
  readonly pace: Pace
  /** Makes the attempt and records it; never throws. */
  readonly deliver: (ready: Ready) => Promise<void>
  /** Whether its lease leaves the time for an attempt. */
  readonly isInTime: (ready: Ready) => boolean
  readonly late: (deliveries: readonly string[]) => void
  readonly freed: (webhook: string) => void
}) {
  const { concurrency, perWebhook, pace } = options
  const ready = createReady()
  const flying = new Map<string, number>()
  /** The deliveries of all this. */
  const ids = new Set<string>()
  let inFlight = 0
  let begun = 0

  const mayBegin = (webhook: string): boolean =>
    (flying.get(webhook) ?? 0) < perWebhook &&
    !(pace.isSlow(webhook) && pace.slowOf(flying) >= Math.floor(concurrency / 2))

  /** Fills the free slots, each for the webhook with the fewest attempts under way. */
  function begin(): void {
    while (inFlight < concurrency) {
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
    await options.deliver(next)
    forget([next.delivery.id])
    inFlight--
    addTo(flying, id, -1)
    begin()
    options.freed(id)
  }

  return {
    inFlight: () => inFlight,
    begun: () => begun,
    waiting: ready.size,
    size: () => inFlight + ready.size(),
    isFull: ready.isFull,
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
