import type { JsonObject } from '../lib/json.ts'

/** Where filters attach. It is a value and not a string, so that its type says what a filter takes and returns. */
export interface Point<Value> {
  readonly name: string
  readonly title: string
  /** When a filter of this point fails, or its plugin is paused or missing, nothing passes. */
  readonly guards?: true
  /** Never set; it only carries the type. */
  readonly value?: Value
}

/** What a filter returns in place of a value, to let none pass. */
export interface Rejection {
  readonly rejected: typeof mark
  readonly reason: string
}

const mark: unique symbol = Symbol('rejected')

/**
 * The answer of a filter that lets nothing pass. People see the reason. It is not an error, and not counted as a fault.
 */
export const reject = (reason: string): Rejection => ({ rejected: mark, reason })

export const isRejection = (value: unknown): value is Rejection =>
  typeof value === 'object' && value !== null && 'rejected' in value && value.rejected === mark

/**
 * The payload of an event before it is stored and sent: filtered once per event, not per webhook. What a filter returns
 * has to match the event's schema again. A rejected event is stored with the reason and is not delivered.
 */
export const webhookPayload: Point<JsonObject> = { name: 'webhook_payload', title: 'Webhook payload' }

/**
 * Asked last, once per event, whether it may go out. Returns the payload unchanged, or `reject(reason)`. While a guard
 * fails, the event is stored, its deliveries are held with the reason, and the guard is asked again every minute.
 */
export const webhookGuard: Point<JsonObject> = { name: 'webhook_guard', title: 'Webhook guard', guards: true }
