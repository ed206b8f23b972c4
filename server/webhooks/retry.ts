import { DAY, HOUR, SECOND } from '../lib/clock.ts'

/** Waits in seconds after each failed attempt: ten attempts in about three days. */
export const DEFAULT_SCHEDULE: readonly number[] = [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400]

/** However the waits add up (`Retry-After`, a stop, a breaker): after this a delivery has expired. */
export const MOST_AGE = 5 * DAY
const MOST_RETRY_AFTER = 24 * HOUR
const JITTER = 0.2

/** Milliseconds to wait, ±20 % so that what failed together does not come back together. `chance` is 0 to 1. */
export const jittered = (seconds: number, chance: number): number =>
  Math.round(seconds * SECOND * (1 - JITTER + 2 * JITTER * chance))

const DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/

/** What a `Retry-After` asks for, in milliseconds from now, at most 24 hours; null for junk and for times gone by. */
export function retryAfter(value: string, now: number): number | null {
  const wait = /^\d+$/.test(value) ? Number(value) * SECOND : DATE.test(value) ? Date.parse(value) - now : Number.NaN
  return wait > 0 ? Math.min(wait, MOST_RETRY_AFTER) : null
}
