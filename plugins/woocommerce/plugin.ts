import { definePlugin, digestOf, isObject, isSigned, msg, reject, type Inbound, type JsonObject } from 'hookline/plugin'
import { paymentFailed, paymentReceived, paymentRefunded } from '../payments/events.ts'
import { actionFired } from './actions.ts'
import * as coupons from './coupons.ts'
import * as customers from './customers.ts'
import { normal } from './normal.ts'
import * as orders from './orders.ts'
import { paymentsOf } from './payment.ts'
import * as products from './products.ts'

/** The events of WooCommerce's topics, such as `order.created`. */
const topics = new Map(
  [orders, products, customers, coupons]
    .flatMap((area) => Object.values(area))
    .map((event) => [event.name.replace('woocommerce.', '').replace('_', '.'), event] as const),
)

/** What each resource has at least, so that what an old version lacks is null. */
const WANTED: Readonly<Record<string, readonly string[]>> = {
  order: Object.keys(orders.orderUpdated.sample),
  product: Object.keys(products.productUpdated.sample),
  customer: Object.keys(customers.customerUpdated.sample),
  coupon: Object.keys(coupons.couponUpdated.sample),
}

const ORDER = { line_items: [] }

function resourceOf(topic: string, thing: JsonObject): JsonObject {
  const [resource = '', verb] = topic.split('.')
  if (verb === 'deleted') return normal(thing, [])
  return normal(resource === 'order' ? { ...ORDER, ...thing } : thing, WANTED[resource] ?? [])
}

async function told(request: Inbound) {
  const topic = request.headers.get('x-wc-webhook-topic')
  const body = request.json()
  if (topic === null || !isObject(body)) return reject('This is no webhook of WooCommerce: it has no topic.')
  // One id is shared by all that the shop sends within a second.
  const delivery = request.headers.get('x-wc-webhook-delivery-id') ?? ''
  const key = `${delivery.slice(0, 64)}:${topic.slice(0, 64)}:${(await digestOf(request.bytes)).slice(0, 32)}`
  if (topic.startsWith('action.')) {
    const action = typeof body.action === 'string' ? body.action : topic.slice('action.'.length)
    return [{ event: actionFired, payload: { ...body, action, arg: body.arg ?? null }, key }]
  }
  const event = topics.get(topic)
  if (!event) return []
  const payload = resourceOf(topic, body)
  if (typeof payload.id !== 'string') return reject('The body has no id.')
  const money = topic.startsWith('order.') && topic !== 'order.deleted' ? paymentsOf(payload) : []
  return [{ event, payload: payload as JsonObject & { id: string }, key }, ...money]
}

export default definePlugin(
  {
    slug: 'woocommerce',
    version: '1.0.0',
    title: 'WooCommerce',
    description:
      'Takes the webhooks of a WooCommerce shop: orders, products, customers and coupons, and payments of orders.',
    requires: { host: '^1.0' },
    scope: 'site',
    events: [...topics.values(), actionFired],
    emits: [paymentReceived, paymentFailed, paymentRefunded],
  },
  ({ source }) =>
    source('woocommerce', {
      title: 'WooCommerce',
      description: 'Orders, products, customers and coupons of a shop, and the payments of its orders.',
      steps: [
        msg('In the shop open WooCommerce > Settings > Advanced > Webhooks, and choose Add webhook.'),
        msg('Give it a name, set Status to Active, and choose a topic. For payments choose Order updated.'),
        msg(
          'Paste the address below as Delivery URL. Make up a long secret, enter it there as Secret and here as well.',
        ),
        msg('Leave the API version at the newest, and save. WooCommerce tries the address at once.'),
        msg('Add one webhook for each topic that you need. All of them use the same address and secret.'),
      ],
      secret: {
        title: 'Secret',
        help: 'The same as in the field Secret of the webhook in WooCommerce.',
        required: true,
      },
      // On saving it posts webhook_id=1 as a form, unsigned, and wants to see 200.
      isPing: ({ headers, text }) => !headers.has('x-wc-webhook-topic') && /^webhook_id=\d+$/.test(text),
      verify: (request, secret) =>
        isSigned(request.bytes, secret, request.headers.get('x-wc-webhook-signature') ?? '', 'base64'),
      toEvents: told,
    }),
)
