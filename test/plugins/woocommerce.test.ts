import { describe, expect, test } from 'vitest'
import { testHost } from 'hookline/plugin/test'
import payments from '../../plugins/payments/plugin.ts'
import woocommerce from '../../plugins/woocommerce/plugin.ts'
import { hmac } from '../support/hmac.ts'
import { recorded, recordedBy } from '../support/recorded.ts'

const SECRET = 'woo-recording-secret-0001'
const host = () => testHost(woocommerce, { beside: [payments], now: new Date('2026-11-21T22:40:00Z') })
const sent = (name: string) => ({ ...recorded(name), secret: SECRET })

/** An order like the recorded one with other values, as the shop would sign it. */
async function order(change: object, topic = 'order.updated', delivery = '1') {
  const body = JSON.stringify({ ...(JSON.parse(recorded('woocommerce-order.updated').body) as object), ...change })
  const headers = {
    'x-wc-webhook-topic': topic,
    'x-wc-webhook-delivery-id': delivery,
    'x-wc-webhook-signature': await hmac(SECRET, body, 'base64'),
  }
  return { body, headers, secret: SECRET }
}

const named = (list: readonly { readonly name: string }[]) => list.map(({ name }) => name)

describe('the source woocommerce', () => {
  test.each([
    ['order.created', { id: '8', status: 'pending', total: '59.80', customer_id: '2', parent_id: null }],
    ['order.updated', { id: '8', date_created_gmt: '2026-11-21T22:37:41Z', date_paid_gmt: null }],
    ['order.deleted', { id: '12' }],
    ['customer.created', { id: '2', email: 'john@example.test', role: 'customer' }],
    ['product.created', { id: '5', sku: 'PREMIUM', price: '29.90' }],
  ])('takes the recorded %s with its signature', async (topic, payload) => {
    const { receive, emitted } = await host()
    expect(await receive('woocommerce', sent(`woocommerce-${topic}`))).toMatchObject({ status: 200, reason: null })
    expect(emitted).toMatchObject([{ name: `woocommerce.${topic.replace('.', '_')}`, payload }])
  })

  test('takes the recorded ping unsigned', async () => {
    const { receive, emitted } = await host()
    for (const arrival of [sent('woocommerce-ping'), recorded('woocommerce-ping')])
      expect(await receive('woocommerce', arrival)).toMatchObject({ status: 200, events: [] })
    expect(emitted).toEqual([])
  })

  test('takes each recording once, and two of one second as two', async () => {
    const { receive, emitted } = await host()
    const all = recordedBy('woocommerce')
    for (const { name } of [...all, ...all]) await receive('woocommerce', sent(name))
    expect(emitted).toHaveLength(all.length - 1)
    await receive('woocommerce', await order({ status: 'on-hold' }, 'order.updated', 'same'))
    await receive('woocommerce', await order({ status: 'cancelled' }, 'order.updated', 'same'))
    expect(emitted).toHaveLength(all.length + 1)
  })

  test('tells of a payment once, when the order becomes paid', async () => {
    const { receive, emitted } = await host()
    const paid = { status: 'processing', date_paid_gmt: '2026-11-21T22:39:00', transaction_id: 'tx_1' }
    await receive('woocommerce', await order({ status: 'pending' }))
    await receive('woocommerce', await order(paid, 'order.updated', '2'))
    await receive('woocommerce', await order({ ...paid, status: 'completed' }, 'order.updated', '3'))
    const received = emitted.filter(({ name }) => name === 'payment_received')
    expect(received).toMatchObject([
      {
        payload: {
          payment_id: 'tx_1',
          payment_status: 'completed',
          payment_total: 'GBP 59.80',
          payment_total_raw: 59.8,
          payment_currency: 'GBP',
          payment_gateway: 'bacs',
          payment_date_created: '2026-11-21T22:39:00Z',
          customer_id: '2',
          customer_name: 'John Doe',
          customer_user_email: 'john@example.test',
          membership_id: null,
          amount_minor: 5980,
          order_id: '8',
        },
      },
    ])
  })

  test('tells of each refund and of each try that failed', async () => {
    const { receive, emitted } = await host()
    const first = { id: 21, reason: 'Broken', total: '-10.00' }
    await receive('woocommerce', await order({ refunds: [first] }))
    await receive(
      'woocommerce',
      await order({ refunds: [first, { id: 22, total: '-49.80' }], status: 'refunded' }, 'order.updated', '2'),
    )
    await receive('woocommerce', await order({ status: 'failed' }, 'order.updated', '3'))
    const money = emitted.filter(({ name }) => name.startsWith('payment_'))
    expect(named(money)).toEqual(['payment_refunded', 'payment_refunded', 'payment_failed'])
    expect(money.map(({ payload }) => payload.amount_minor)).toEqual([1000, 4980, 5980])
    expect(money[0]?.payload).toMatchObject({ payment_status: 'partially-refunded', refund_reason: 'Broken' })
  })

  test('takes a webhook of an action, and answers topics of extensions without an event', async () => {
    const { receive, emitted } = await host()
    const body = '{"action":"woocommerce_low_stock","arg":5}'
    const signature = await hmac(SECRET, body, 'base64')
    for (const topic of ['action.woocommerce_low_stock', 'subscription.created']) {
      const headers = { 'x-wc-webhook-topic': topic, 'x-wc-webhook-signature': signature }
      expect(await receive('woocommerce', { body, headers, secret: SECRET })).toMatchObject({ status: 200 })
    }
    expect(emitted).toMatchObject([
      { name: 'woocommerce.action_fired', payload: { action: 'woocommerce_low_stock', arg: 5 } },
    ])
  })

  test('refuses another secret, another body, and a request without a topic', async () => {
    const { receive, emitted, faults } = await host()
    const { headers, body } = recorded('woocommerce-order.created')
    const { 'x-wc-webhook-topic': _, ...noTopic } = headers
    const wrong = [
      await receive('woocommerce', { headers, body, secret: 'another' }),
      await receive('woocommerce', { headers, body: body.replace('59.80', '0.01'), secret: SECRET }),
      await receive('woocommerce', { headers: {}, body, secret: SECRET }),
      await receive('woocommerce', { headers: noTopic, body, secret: SECRET }),
    ]
    expect(wrong.map(({ status }) => status)).toEqual([401, 401, 401, 422])
    expect(emitted).toEqual([])
    expect(faults).toEqual([])
  })
})
