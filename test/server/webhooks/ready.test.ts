import { expect, test } from 'vitest'
import type { WebhookTable } from '../../../db/schema.ts'
import { createReady, readyFrom } from '../../../server/webhooks/ready.ts'

const item = (webhook: string, id: string, body = 'x') =>
  readyFrom(
    {
      id,
      webhookId: webhook,
      lease: { owner: 'us', until: 1 },
      event: { id: 'evt_1', type: 'payment_received', siteId: 'sit_main', siteSlug: 'main', hops: 0, trace: null },
      createdAt: 0,
      format: 'standard',
      body,
    },
    { id: webhook } as WebhookTable,
  )
const always = () => true

test('the turn goes round among webhooks, and each keeps the order of its own', () => {
  const ready = createReady()
  for (const [webhook, id] of [
    ['a', 'a1'],
    ['a', 'a2'],
    ['b', 'b1'],
    ['a', 'a3'],
    ['b', 'b2'],
  ] as const) {
    ready.add(item(webhook, id))
  }
  const order = Array.from({ length: 6 }, () => ready.next(new Map(), always)?.delivery.id)
  expect(order).toEqual(['a1', 'b1', 'a2', 'b2', 'a3', undefined])
  expect(ready.size()).toBe(0)
})

test('the webhook with the fewest under way goes first, and one that may not begin waits', () => {
  const ready = createReady()
  for (const webhook of ['a', 'b', 'c']) ready.add(item(webhook, webhook))
  const flying = new Map([
    ['a', 3],
    ['b', 1],
    ['c', 2],
  ])
  expect(ready.next(flying, (id) => id !== 'b')?.delivery.id).toBe('c')
  expect(ready.next(flying, always)?.delivery.id).toBe('b')
})

test('among webhooks with equally many under way, the turn goes round as well', () => {
  const ready = createReady()
  for (const id of ['a1', 'b1', 'a2', 'b2']) ready.add(item(id.slice(0, 1), id))
  const flying = new Map([
    ['a', 1],
    ['b', 1],
  ])
  const order = Array.from({ length: 4 }, () => ready.next(flying, always)?.delivery.id)
  expect(order).toEqual(['a1', 'b1', 'a2', 'b2'])
})

test('it is full with 2,000 deliveries or 16 million characters, and has room again when a line was dropped', () => {
  const many = createReady()
  for (let n = 0; n < 2000; n++) many.add(item(n % 2 === 0 ? 'a' : 'b', `dlv_${n}`))
  expect(many.isFull()).toBe(true)
  expect(many.drop('a')).toHaveLength(1000)
  expect(many.isFull()).toBe(false)
  expect(many.of('b')).toBe(1000)

  const large = createReady()
  for (let n = 0; n < 64; n++) large.add(item('a', `dlv_${n}`, 'x'.repeat(256 * 1024)))
  expect(large.isFull()).toBe(true)
  large.drop()
  expect([large.isFull(), large.size()]).toEqual([false, 0])
})
