import { expect, test } from 'vitest'
import { share } from '../../../server/webhooks/share.ts'

const usual = {
  flying: new Map<string, number>(),
  free: 64,
  most: () => 10,
  isSlow: () => false,
  freeForSlow: 32,
  after: '',
}
const shared = (due: string[], now: Partial<Parameters<typeof share>[1]>) =>
  Object.fromEntries(share(due, { ...usual, ...now }).map(({ webhook, slots }) => [webhook, slots]))

test('one webhook alone gets as many slots as one may have, and no more', () => {
  expect(shared(['a'], {})).toEqual({ a: 10 })
  expect(shared(['a'], { flying: new Map([['a', 7]]) })).toEqual({ a: 3 })
  expect(shared(['a'], { flying: new Map([['a', 10]]) })).toEqual({})
})

test('slots are shared evenly, and what is left over goes to the first in turn', () => {
  expect(shared(['a', 'b', 'c'], { free: 7 })).toEqual({ a: 3, b: 2, c: 2 })
  expect(shared(['a', 'b', 'c'], { free: 7, after: 'a' })).toEqual({ b: 3, c: 2, a: 2 })
  // Behind whom the next turn begins.
  expect(share(['a', 'b', 'c'], { ...usual, free: 7 }).at(-1)?.webhook).toBe('a')
})

test('who has less on the wire comes first', () => {
  const flying = new Map([
    ['slow', 9],
    ['busy', 4],
  ])
  expect(shared(['busy', 'new', 'slow'], { flying, free: 6 })).toEqual({ new: 5, busy: 1 })
})

test('with more webhooks than slots each gets its turn, whatever the backlog of the others', () => {
  const due = Array.from({ length: 100 }, (_, n) => `whk_${String(n).padStart(3, '0')}`)
  const served = new Map<string, number>()
  let after = ''
  for (let tick = 0; tick < 50; tick++) {
    const shares = share(due, { ...usual, free: 4, after })
    for (const { webhook, slots } of shares) served.set(webhook, (served.get(webhook) ?? 0) + slots)
    after = shares.at(-1)?.webhook ?? after
  }
  expect([...served.values()]).toEqual(Array(100).fill(2))
})

test('nothing due or nothing free is nothing shared', () => {
  expect(shared([], {})).toEqual({})
  expect(shared(['a', 'b'], { free: 0 })).toEqual({})
})

test('slow webhooks together get no more than is left for them, and the others all the rest', () => {
  const isSlow = (webhook: string) => webhook.startsWith('slow')
  expect(shared(['slow1', 'slow2', 'a'], { isSlow, freeForSlow: 5 })).toEqual({ slow1: 3, slow2: 2, a: 10 })
  expect(shared(['slow1', 'a'], { isSlow, freeForSlow: 0 })).toEqual({ a: 10 })
})

test('a webhook of its own bound (a breaker, a rate, an order) keeps to it', () => {
  const most = (webhook: string) => (webhook === 'broken' ? 0 : webhook === 'ordered' ? 1 : 10)
  expect(shared(['broken', 'ordered', 'a'], { most })).toEqual({ ordered: 1, a: 10 })
})
