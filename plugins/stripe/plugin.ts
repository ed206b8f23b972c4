import { z } from 'zod'
import { definePlugin, isObject, msg, reject, type JsonObject, type Rejection } from 'hookline/plugin'
import { paymentFailed, paymentReceived, paymentRefunded, type Payment } from '../payments/events.ts'
import { idOf, ofCharge, ofIntent, ofInvoice, ofRefund, text } from './payment.ts'
import { checkSignature } from './signature.ts'

/** What a kind of Stripe's events tells. Others are answered with success, and tell nothing. */
function tell(type: string, object: JsonObject, before: JsonObject[string] | undefined) {
  switch (type) {
    case 'payment_intent.succeeded':
      return received(ofIntent(object, 'completed'))
    case 'charge.succeeded':
      return received(ofCharge(object, 'completed'))
    case 'invoice.paid':
      // An invoice of nothing, as at the start of a trial, is paid as well.
      return object.amount_paid === 0 ? null : received(ofInvoice(object, 'completed'))
    case 'payment_intent.payment_failed':
      return failed(ofIntent(object, 'failed'))
    case 'charge.failed':
      // With a payment intent, that one tells of it.
      return idOf(object.payment_intent) ? null : failed(ofCharge(object, 'failed'))
    case 'invoice.payment_failed':
      return idOf(object.payment_intent) ? null : failed(ofInvoice(object, 'failed'))
    case 'charge.refunded':
      return { event: paymentRefunded, payload: ofRefund(object, before), once: null }
    default:
      return null
  }
}

/** A payment goes through once, whichever of Stripe's events tells of it first. */
const received = (payload: Payment) => ({ event: paymentReceived, payload, once: `received:${payload.payment_id}` })
const failed = (payload: Payment) => ({ event: paymentFailed, payload, once: null })

function told(body: unknown, takesTests: boolean) {
  const id = isObject(body) ? text(body.id) : null
  if (!isObject(body) || id === null || body.object !== 'event') return reject('This is no event of Stripe.')
  if (body.livemode === false && !takesTests) return []
  const data = isObject(body.data) ? body.data : {}
  if (!isObject(data.object)) return reject('The event holds no object.')
  const found = tell(String(body.type), data.object, data.previous_attributes)
  const occurredAt = typeof body.created === 'number' ? { occurredAt: new Date(body.created * 1000) } : {}
  return found === null
    ? []
    : [{ event: found.event, payload: { ...found.payload, stripe_event_id: id }, key: found.once ?? id, ...occurredAt }]
}

export default definePlugin(
  {
    slug: 'stripe',
    version: '1.0.0',
    title: 'Stripe',
    description: 'Takes the webhooks of Stripe, and tells of payments that went through, failed or were refunded.',
    requires: { host: '^1.0' },
    scope: 'site',
    defaultActive: true,
    emits: [paymentReceived, paymentFailed, paymentRefunded],
  },
  ({ source }) =>
    source('stripe', {
      title: 'Stripe',
      description: 'Payments of a Stripe account: received, failed and refunded.',
      steps: [
        msg(
          'In the Stripe Dashboard open Developers > Webhooks, and add an endpoint (a destination of the type webhook).',
        ),
        msg(
          'Choose the events payment_intent.succeeded, payment_intent.payment_failed and charge.refunded. For subscriptions choose invoice.paid and invoice.payment_failed instead of the first two.',
        ),
        msg('Paste the address below as the endpoint URL, and save.'),
        msg('Reveal the signing secret of the endpoint (it starts with whsec_), paste it here, and save.'),
      ],
      secret: {
        title: 'Signing secret',
        help: 'Stripe shows it on the page of the endpoint. It starts with whsec_.',
        required: true,
      },
      settings: z.strictObject({
        test_mode: z
          .boolean()
          .default(true)
          .meta({ title: 'Take events of the test mode', help: 'Without it they are answered, and tell nothing.' }),
      }),
      verify: (request, secret, { now }) => checkSignature(request, secret, now()),
      toEvents: (request, { settings }): ReturnType<typeof told> | Rejection =>
        told(request.json(), settings.test_mode),
    }),
)
