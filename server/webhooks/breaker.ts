import type { Outcome } from '../../db/schema.ts'
import { MINUTE, SECOND } from '../lib/clock.ts'

/**
 * Keeps a receiver that is down from being called for every delivery that waits. Closed, all goes out; open, nothing does
 * until a time; after it, one attempt at a time, and more with every success.
 */
export interface Breaker {
  /** Nothing is sent before this, in milliseconds UTC; null while it is closed. */
  readonly until: number | null
  /** How many times it has opened since it was closed: each doubles the wait. */
  readonly step: number
  /** Closed: failures in a row. Else: how many attempts more than one at a time the receiver has earned. */
  readonly streak: number
}

export const closed: Breaker = { until: null, step: 0, streak: 0 }

const FAILURES_UNTIL_OPEN = 5
const FIRST_WAIT = 30 * SECOND
const LONGEST_WAIT = 15 * MINUTE
/** After these, ten go at a time, which is as many as a webhook may have under way anyway. */
const SUCCESSES_UNTIL_CLOSED = 9

/** The breaker after one attempt. A 429 says that somebody is there: it does not count. */
export function breakerAfter(
  breaker: Breaker,
  attempt: { readonly outcome: Outcome; readonly status: number | null },
  now: number,
): Breaker {
  if (attempt.status === 429) return breaker
  const { until, step, streak } = breaker
  if (attempt.outcome === 'ok') {
    return until !== null && streak + 1 < SUCCESSES_UNTIL_CLOSED ? { ...breaker, streak: streak + 1 } : closed
  }
  if (until === null) {
    return streak + 1 < FAILURES_UNTIL_OPEN ? { ...breaker, streak: streak + 1 } : opened(1, now)
  }
  // It was under way when the breaker opened, and says nothing new.
  if (now < until) return breaker
  // Half as many at a time: a receiver that fails now and then is not one that is down.
  return streak > 0 ? { ...breaker, streak: Math.floor(streak / 2) } : opened(step + 1, now)
}

/** How many attempts may be under way at once, of the `most` that the webhook may have. */
export function slotsOf({ until, streak }: Breaker, now: number, most: number): number {
  if (until === null) return most
  return now < until ? 0 : Math.min(1 + streak, most)
}

const opened = (step: number, now: number): Breaker => ({
  until: now + Math.min(FIRST_WAIT * 2 ** (step - 1), LONGEST_WAIT),
  step,
  streak: 0,
})
