import type { JsonObject } from '../lib/json.ts'

/** Where filters attach. A value, not a string: its type says what a filter gets and has to give back. */
export interface Point<Value> {
  readonly name: string
  readonly title: string
  /** Never filled: it only carries the type. */
  readonly value?: Value
}

/** What a filter gives instead of a value when there shall be none. */
export interface Rejection {
  readonly rejected: typeof mark
  readonly reason: string
}

const mark: unique symbol = Symbol('rejected')

/** Ends a filter with a reason that people get to see. An answer, not an error: nothing is counted as a fault. */
export const reject = (reason: string): Rejection => ({ rejected: mark, reason })

export const isRejection = (value: unknown): value is Rejection =>
  typeof value === 'object' && value !== null && 'rejected' in value && value.rejected === mark

/**
 * The payload of an event before it is stored and sent: once per event and site, never per webhook. What a filter gives
 * back has to satisfy the event's schema again. A rejected event is kept with its reason and makes no delivery.
 */
export const webhookPayload: Point<JsonObject> = { name: 'webhook_payload', title: 'Webhook payload' }
