import { expect, test } from 'vitest'
import { waitAfter } from '../../../server/access/throttle.ts'
import { MINUTE, SECOND } from '../../../server/lib/clock.ts'

const NOW = 1_000_000_000
const ago = (...ms: number[]) => ms.map((span) => NOW - span).sort((a, b) => a - b)
const times = (count: number, span: number) => ago(...Array.from({ length: count }, () => span))

test.each([
  ['nobody tried', { pair: [], address: [], account: [] }, 0],
  ['4 tries of the pair', { pair: times(4, MINUTE), address: [], account: [] }, 0],
  ['5 tries of the pair', { pair: times(5, MINUTE), address: [], account: [] }, 14 * MINUTE],
  ['5 tries, the oldest long ago', { pair: ago(14 * MINUTE, 3, 2, 1, 0), address: [], account: [] }, MINUTE],
  ['19 tries from the address', { pair: [], address: times(19, MINUTE), account: [] }, 0],
  ['20 tries from the address', { pair: [], address: times(20, MINUTE), account: [] }, 14 * MINUTE],
  ['49 tries on the account', { pair: [], address: [], account: times(49, 0) }, 0],
  ['50 tries on the account', { pair: [], address: [], account: times(50, 0) }, SECOND],
  ['50 tries, the last a second ago', { pair: [], address: [], account: times(50, SECOND) }, 0],
  ['53 tries on the account', { pair: [], address: [], account: times(53, 0) }, 8 * SECOND],
  ['5,000 tries on the account', { pair: [], address: [], account: times(5000, 0) }, MINUTE],
])('%s', (_name, tries, wait) => {
  expect(waitAfter(tries, NOW, 5)).toBe(wait)
})

test('a network may allow more tries, and with them more from one address', () => {
  const tries = { pair: times(19, MINUTE), address: times(79, MINUTE), account: [] }
  expect(waitAfter(tries, NOW, 20)).toBe(0)
  expect(waitAfter({ ...tries, pair: times(20, MINUTE) }, NOW, 20)).toBe(14 * MINUTE)
  expect(waitAfter({ ...tries, address: times(80, MINUTE) }, NOW, 20)).toBe(14 * MINUTE)
})
