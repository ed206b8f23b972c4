import type { Outcome, WebhookState } from '../../db/schema.ts'
import { DAY, HOUR } from '../lib/clock.ts'
import { msg, type Message } from '../lib/message.ts'

/** What a webhook's health is judged by: test events are not in it. Times in milliseconds UTC. */
export interface HealthFacts {
  readonly state: WebhookState
  /** Attempts that failed since the last one that delivered. */
  readonly consecutiveFailures: number
  /** When the first of those was; null while there are none. */
  readonly failingSince: number | null
  /** How many of those were in the last hour. */
  readonly failuresLastHour: number
  readonly lastDeliveredAt: number | null
}

/** `change` is what has to be told: to the admin, by mail, as an event. `reason` says why, where something went wrong. */
export interface Health {
  readonly state: WebhookState
  readonly reason: Message | null
  readonly change: 'failing' | 'disabled' | 'recovered' | null
}

const FAILURES_UNTIL_FAILING = 10
const FAILURES_IN_AN_HOUR = 3
const LEAST_TRIES = 10
const WITHOUT_SUCCESS = 5 * DAY

/** What is known once an attempt has ended. */
export function afterAttempt(facts: HealthFacts, outcome: Outcome, now: number): HealthFacts {
  if (outcome === 'ok') {
    return { ...facts, consecutiveFailures: 0, failingSince: null, failuresLastHour: 0, lastDeliveredAt: now }
  }
  return {
    ...facts,
    consecutiveFailures: facts.consecutiveFailures + 1,
    failingSince: facts.failingSince ?? now,
    failuresLastHour: facts.failuresLastHour + 1,
  }
}

/**
 * Judges what is known, one step at a time: nobody is switched off without having been `failing`, and been told so,
 * before. What a person retired and what is switched off stays that way, whatever an attempt still under way brings.
 */
export function judgeHealth(facts: HealthFacts, now: number): Health {
  const { state, consecutiveFailures: failures } = facts
  if (state === 'failing') {
    if (failures === 0) return { state: 'active', reason: null, change: 'recovered' }
    if (failures >= LEAST_TRIES && now - (facts.failingSince ?? now) >= WITHOUT_SUCCESS) {
      return { state: 'disabled', reason: msg('For five days, every attempt has failed.'), change: 'disabled' }
    }
  }
  if (state === 'active') {
    const reason = whyFailing(facts, now)
    if (reason) return { state: 'failing', reason, change: 'failing' }
  }
  return { state, reason: null, change: null }
}

function whyFailing(facts: HealthFacts, now: number): Message | null {
  if (facts.consecutiveFailures >= FAILURES_UNTIL_FAILING) return msg('The last ten attempts have failed.')
  const deliveredLastHour = facts.lastDeliveredAt !== null && facts.lastDeliveredAt > now - HOUR
  if (facts.failuresLastHour < FAILURES_IN_AN_HOUR || deliveredLastHour) return null
  return msg('Every attempt of the last hour has failed.')
}
