import { expect, test } from 'vitest'
import type { WebhookTable } from '../../../db/schema.ts'
import { createEasy } from '../../../server/webhooks/easy.ts'
import { createPace } from '../../../server/webhooks/pace.ts'

const well = { state: 'active', ordered: 0, rate_per_second: null, breaker_until: null, breaker_streak: 0 } as const
const webhook = (id: string, more: Partial<WebhookTable> = {}) => ({ id, ...well, ...more }) as WebhookTable

function looked(...webhooks: readonly WebhookTable[]) {
  const pace = createPace()
  const easy = createEasy({ pace, limits: { perWebhook: 10 }, ahead: 256 })
  easy.look(webhooks)
  return { easy, pace }
}

test('promises as many as may be under way, and then nothing until the next look: it would overtake', () => {
  const { easy } = looked(webhook('a'))
  expect(Array.from({ length: 11 }, () => easy.promise('a', 0))).toEqual([...Array<boolean>(10).fill(true), false])
  easy.kept('a')
  expect(easy.promise('a', 0)).toBe(false)
  easy.setBehind([])
  expect(easy.promise('a', 0)).toBe(true)
})

test('for a quick receiver, what it takes in a second may wait besides', () => {
  const { easy, pace } = looked(webhook('a'))
  pace.note('a', 100)
  expect(easy.most('a')).toBe(110)
  pace.note('b', 1)
  expect(easy.most('b')).toBe(266)
  pace.note('c', 300)
  expect(easy.most('c')).toBe(10)
})

test.each<Partial<WebhookTable>>([
  { state: 'failing' },
  { ordered: 1 },
  { rate_per_second: 5 },
  { breaker_until: 1 },
  { breaker_streak: 1 },
])('promises nothing to one with %o', (limit) => {
  const { easy } = looked(webhook('a', limit))
  expect(easy.promise('a', 0)).toBe(false)
})

test('promises nothing to one whose receiver is slow', () => {
  const { easy, pace } = looked(webhook('a'))
  pace.note('a', 5000)
  expect(easy.promise('a', 0)).toBe(false)
})

test('promises nothing after a failure until it is recorded and looked at', async () => {
  const { easy } = looked(webhook('a'))
  const { promise: recorded, resolve: record } = Promise.withResolvers<void>()
  const left = easy.leave('a', recorded)
  easy.look([webhook('a')])
  expect(easy.has('a')).toBe(false)
  record()
  await left
  easy.look([webhook('a')])
  expect(easy.promise('a', 0)).toBe(true)
})
