import type { Outcome } from '../../db/schema.ts'
import { msg } from '../lib/message.ts'
import { jittered, MOST_AGE, retryAfter } from './retry.ts'

/** What is known of a delivery when one of its attempts has ended. Times in milliseconds UTC, the schedule in seconds. */
export interface DeliveryFacts {
  /** Attempts so far, this one included. */
  readonly attempts: number
  readonly firstAttemptAt: number
  readonly schedule: readonly number[]
  /** Asked for by a person, outside the schedule. `resume` is what the schedule had in mind; null when it had finished. */
  readonly redelivery: { readonly resume: Resume | null } | null
}

export interface Resume {
  readonly state: 'pending' | 'retrying' | 'held' | 'delivered'
  readonly dueAt: number | null
}

/** How the attempt ended. Header names in lower case. */
export interface AttemptFacts {
  readonly outcome: Outcome
  readonly status: number | null
  readonly responseHeaders: readonly (readonly [string, string])[]
  readonly error: string | null
}

/** What the delivery is from now on. `reason` and `disable` (why its webhook is switched off) are sentences in English. */
export interface Decision {
  readonly state: 'delivered' | 'failed' | 'pending' | 'retrying' | 'held'
  readonly dueAt: number | null
  readonly reason: string | null
  readonly disable: string | null
}

const GONE = msg('The receiver answered 410 Gone: it wants no more events.').text

/** Decides what becomes of a delivery. Pure: `chance` (0 to 1) is the only luck in it. */
export function decide(delivery: DeliveryFacts, attempt: AttemptFacts, now: number, chance: number): Decision {
  if (attempt.outcome === 'ok') return { state: 'delivered', dueAt: null, reason: null, disable: null }
  const why = attempt.error ?? 'The attempt failed.'
  if (attempt.status === 410) return { ...failed(GONE), disable: GONE }
  if (delivery.redelivery) {
    const { resume } = delivery.redelivery
    return resume ? { ...resume, reason: why, disable: null } : failed(why)
  }
  const scheduled = delivery.schedule[delivery.attempts - 1]
  if (scheduled === undefined) {
    return failed(delivery.attempts === 1 ? why : `${why} All ${delivery.attempts} attempts have failed.`)
  }
  const dueAt = now + (askedWait(attempt, now) ?? jittered(scheduled, chance))
  if (dueAt > delivery.firstAttemptAt + MOST_AGE) {
    return failed(`${why} The delivery has expired: five days are the most from the first attempt.`)
  }
  return { state: 'retrying', dueAt, reason: why, disable: null }
}

const failed = (reason: string): Decision => ({ state: 'failed', dueAt: null, reason, disable: null })

/** Only 429 and 503 may say when to come back; the wait is at most a day, and junk is as good as nothing. */
function askedWait(attempt: AttemptFacts, now: number): number | null {
  if (attempt.status !== 429 && attempt.status !== 503) return null
  const header = attempt.responseHeaders.find(([name]) => name === 'retry-after')
  return header ? retryAfter(header[1].trim(), now) : null
}
