import { SECOND } from '../lib/clock.ts'

/** Remembers how long receivers take, so that slow ones cannot fill all slots. */
export interface Pace {
  note(webhookId: string, durationMs: number): void
  readonly isSlow: (webhookId: string) => boolean
  /** The average in milliseconds; null while nothing is known. */
  readonly of: (webhookId: string) => number | null
}

export const SLOW = 2 * SECOND
const WEIGHT = 0.3
const MOST_WEBHOOKS = 2000

/** Slow is who takes more than two seconds on the average, the latest attempts counting most. */
export function createPace(): Pace {
  const averages = new Map<string, number>()
  return {
    isSlow: (id) => (averages.get(id) ?? 0) > SLOW,
    of: (id) => averages.get(id) ?? null,
    note(id, durationMs) {
      const before = averages.get(id) ?? durationMs
      if (averages.size >= MOST_WEBHOOKS && !averages.has(id)) averages.clear()
      averages.set(id, before + (durationMs - before) * WEIGHT)
    },
  }
}
