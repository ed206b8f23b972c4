import { isObject, type Json, type JsonObject } from 'hookline/plugin'
import { amountFields, minorOf } from '../payments/currency.ts'
import { paymentFailed, paymentReceived, paymentRefunded, type Payment } from '../payments/events.ts'

const text = (value: Json | undefined): string | null => (typeof value === 'string' && value !== '' ? value : null)

/**
 * What an order says about money, whichever topic it came with. The keys make each happen once for an order: it is paid
 * once, each refund is made once, and a try to pay fails once at a time.
 */
export function paymentsOf(order: JsonObject) {
  const id = text(order.id)
  if (id === null || text(order.currency) === null) return []
  const paid = text(order.date_paid_gmt)
  const total = minorOf(text(order.total) ?? '', text(order.currency) ?? '') ?? 0
  const received =
    paid === null
      ? []
      : [{ event: paymentReceived, payload: payment(order, total, 'completed', paid), key: `paid:${id}` }]
  const refunded = (Array.isArray(order.refunds) ? order.refunds : []).flatMap((refund: Json) => {
    const minor = isObject(refund)
      ? minorOf((text(refund.total) ?? '').replace(/^-/, ''), text(order.currency) ?? '')
      : null
    if (!isObject(refund) || text(refund.id) === null || minor === null) return []
    const status = order.status === 'refunded' ? 'refunded' : 'partially-refunded'
    const payload = {
      ...payment(order, minor, status, text(order.date_modified_gmt)),
      refund_reason: text(refund.reason),
    }
    return [{ event: paymentRefunded, payload, key: `refund:${text(refund.id)}` }]
  })
  const failed =
    order.status === 'failed'
      ? [
          {
            event: paymentFailed,
            payload: payment(order, total, 'failed', text(order.date_modified_gmt)),
            key: `failed:${id}:${text(order.date_modified_gmt)}`,
          },
        ]
      : []
  return [...received, ...refunded, ...failed]
}

function payment(
  order: JsonObject,
  minor: number,
  payment_status: Payment['payment_status'],
  at: string | null,
): Payment {
  const billing = isObject(order.billing) ? order.billing : {}
  const name = [text(billing.first_name), text(billing.last_name)].filter(Boolean).join(' ')
  return {
    payment_id: text(order.transaction_id) ?? text(order.id) ?? '',
    payment_status,
    payment_gateway: text(order.payment_method) ?? 'woocommerce',
    payment_date_created: at ?? text(order.date_created_gmt) ?? '1970-01-01T00:00:00Z',
    customer_id: text(order.customer_id),
    customer_name: name === '' ? null : name,
    customer_user_email: text(billing.email),
    membership_id: null,
    ...amountFields(minor, text(order.currency) ?? ''),
    order_id: text(order.id),
    order_number: text(order.number),
  }
}
