import type { JsonObject } from '../lib/json.ts'

/** Where filters attach. A value, not a string: its type says what a filter gets and has to give back. */
export interface Point<Value> {
  readonly name: string
  readonly title: string
  /** A filter of it that fails, or whose plugin is paused or missing, does not let pass: it leaves the point closed. */
  readonly guards?: true
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

/**
 * Asked last, once per event and site, whether an event may go out. It gives the payload back as it is, or `reject(reason)`.
 * While it cannot answer, the event is stored and its deliveries are held with the reason; it is asked again each minute.
 */
export const webhookGuard: Point<JsonObject> = { name: 'webhook_guard', title: 'Webhook guard', guards: true }
