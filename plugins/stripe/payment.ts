import { isObject, type Json, type JsonObject } from 'hookline/plugin'
import { amountFields } from '../payments/currency.ts'
import type { Payment } from '../payments/events.ts'

export const text = (value: Json | undefined): string | null =>
  typeof value === 'string' && value !== '' ? value : null
const amount = (value: Json | undefined): number => (typeof value === 'number' && Number.isInteger(value) ? value : 0)

/** The id of what may be an id or the whole thing, as Stripe expands some. */
export const idOf = (value: Json | undefined): string | null => text(value) ?? (isObject(value) ? text(value.id) : null)

const inside = (value: Json | undefined, ...path: readonly string[]): Json | undefined =>
  path.reduce<Json | undefined>((one, step) => (isObject(one) ? one[step] : undefined), value)

/** A payment of Stripe with the field names that payments have here. `created` is in seconds. */
function payment(
  object: JsonObject,
  minor: number,
  more: Partial<Payment> & { payment_status: Payment['payment_status'] },
): Payment {
  const created = typeof object.created === 'number' ? object.created : 0
  return {
    payment_id: text(object.id) ?? 'unknown',
    payment_gateway: 'stripe',
    payment_date_created: new Date(created * 1000).toISOString(),
    customer_id: idOf(object.customer),
    customer_name: null,
    customer_user_email: null,
    membership_id: text(inside(object, 'metadata', 'membership_id')),
    ...amountFields(minor, text(object.currency) ?? 'usd'),
    ...more,
  }
}

export const ofIntent = (intent: JsonObject, payment_status: 'completed' | 'failed'): Payment => {
  const method = payment_status === 'failed' ? inside(intent, 'last_payment_error', 'payment_method') : undefined
  const billing = inside(method, 'billing_details')
  return payment(
    intent,
    amount(payment_status === 'completed' ? (intent.amount_received ?? intent.amount) : intent.amount),
    {
      payment_status,
      customer_name: text(inside(billing, 'name')) ?? text(inside(intent, 'shipping', 'name')),
      customer_user_email: text(intent.receipt_email) ?? text(inside(billing, 'email')),
      stripe_description: text(intent.description),
      ...(payment_status === 'failed' && { failure_reason: text(inside(intent, 'last_payment_error', 'message')) }),
    },
  )
}

export const ofCharge = (charge: JsonObject, payment_status: 'completed' | 'failed'): Payment =>
  payment(charge, amount(charge.amount), {
    ...personOf(charge),
    payment_id: idOf(charge.payment_intent) ?? text(charge.id) ?? 'unknown',
    payment_status,
    stripe_description: text(charge.description),
    ...(payment_status === 'failed' && { failure_reason: text(charge.failure_message) }),
  })

/** What was paid back just now: a charge tells the sum of all its refunds, and what that was before. */
export function ofRefund(charge: JsonObject, before: Json | undefined): Payment {
  const minor = amount(charge.amount_refunded) - amount(inside(before, 'amount_refunded'))
  return payment(charge, minor, {
    ...personOf(charge),
    payment_id: idOf(charge.payment_intent) ?? text(charge.id) ?? 'unknown',
    payment_status: charge.refunded === true ? 'refunded' : 'partially-refunded',
  })
}

export const ofInvoice = (invoice: JsonObject, payment_status: 'completed' | 'failed'): Payment =>
  payment(invoice, amount(payment_status === 'completed' ? invoice.amount_paid : invoice.amount_due), {
    payment_id: idOf(invoice.payment_intent) ?? text(invoice.id) ?? 'unknown',
    payment_status,
    customer_name: text(invoice.customer_name),
    customer_user_email: text(invoice.customer_email),
    membership_id:
      text(inside(invoice, 'metadata', 'membership_id')) ??
      idOf(invoice.subscription) ??
      idOf(inside(invoice, 'parent', 'subscription_details', 'subscription')),
    invoice_number: text(invoice.number),
  })

const personOf = (charge: JsonObject) => ({
  customer_name: text(inside(charge, 'billing_details', 'name')),
  customer_user_email: text(charge.receipt_email) ?? text(inside(charge, 'billing_details', 'email')),
})
