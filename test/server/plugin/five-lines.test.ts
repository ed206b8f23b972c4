import { expect, test } from 'vitest'
import { testHost } from 'hookline/plugin/test'
import { shop } from './shop.ts'

test('paying an order emits order_paid', async () => {
  const host = await testHost(shop, { stored: { orders: [{ id: 'o1', total: 24900, status: 'open' }] } })
  await host.request('POST /orders/o1/pay')
  expect(host.emitted).toMatchObject([{ name: 'order_paid', payload: { order_id: 'o1', amount_minor: 24900 } }])
})
