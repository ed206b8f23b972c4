import type { WebhookTable } from '../../db/schema.ts'
import { SECOND } from '../lib/clock.ts'

/** Holds webhooks to their `rate_per_second`. Times in milliseconds UTC, handed in. */
export interface Rate {
  /** Whether one more request may go out now; counts it if so. */
  take(webhookId: string, perSecond: number, now: number): boolean
  /** How many may go out now. */
  free(webhookId: string, perSecond: number, now: number): number
  /** When the next one may: `now`, or up to a second later. */
  nextFree(webhookId: string, perSecond: number, now: number): number
  /** When the first of these webhooks may again that may not now; null when there is none. */
  nextTurn(webhooks: Iterable<Pick<WebhookTable, 'id' | 'rate_per_second'>>, now: number): number | null
}

const MOST_WEBHOOKS = 2000

/**
 * Remembers what went out in the last second, so that no second, wherever it starts, sees more than the rate: a bucket
 * that refills would let twice as many through in its first one. What is older needs no memory.
 */
export function createRate(): Rate {
  const taken = new Map<string, number[]>()

  /** When requests of the last second went out, the oldest first. */
  function recent(webhookId: string, now: number): number[] {
    const times = taken.get(webhookId) ?? []
    // A clock that was set back must not stop a webhook until it is that late again.
    if ((times.at(-1) ?? now) > now) times.length = 0
    const alive = times.findIndex((time) => time > now - SECOND)
    times.splice(0, alive === -1 ? times.length : alive)
    return times
  }

  function forgetIdle(now: number): void {
    for (const id of taken.keys()) if (recent(id, now).length === 0) taken.delete(id)
  }

  const free = (webhookId: string, perSecond: number, now: number): number =>
    Math.max(0, perSecond - recent(webhookId, now).length)

  const nextFree = (webhookId: string, perSecond: number, now: number): number => {
    const times = recent(webhookId, now)
    const oldest = times[times.length - perSecond]
    return oldest === undefined ? now : oldest + SECOND
  }

  return {
    free,
    nextFree,

    take(webhookId, perSecond, now) {
      const times = recent(webhookId, now)
      if (times.length >= perSecond) return false
      if (!taken.has(webhookId)) {
        if (taken.size >= MOST_WEBHOOKS) forgetIdle(now)
        taken.set(webhookId, times)
      }
      times.push(now)
      return true
    },

    nextTurn(webhooks, now) {
      const turns = [...webhooks].flatMap(({ id, rate_per_second: per }) =>
        per === null ? [] : nextFree(id, per, now),
      )
      const later = turns.filter((at) => at > now)
      return later.length > 0 ? Math.min(...later) : null
    },
  }
}
