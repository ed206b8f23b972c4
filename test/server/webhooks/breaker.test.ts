import { describe, expect, test } from 'vitest'
import { HOUR, MINUTE, SECOND } from '../../../server/lib/clock.ts'
import { breakerAfter, closed, slotsOf, type Breaker } from '../../../server/webhooks/breaker.ts'

const now = Date.UTC(2026, 6, 19, 12)
const attempts = {
  ok: { outcome: 'ok', status: 200 },
  failed: { outcome: 'http_error', status: 500 },
  cut: { outcome: 'timeout', status: null },
  busy: { outcome: 'http_error', status: 429 },
} as const
type Kind = keyof typeof attempts

const run = (kinds: readonly Kind[], at = now, breaker = closed): Breaker =>
  kinds.reduce((current, kind) => breakerAfter(current, attempts[kind], at), breaker)
const times = (count: number, kind: Kind): readonly Kind[] => Array.from({ length: count }, () => kind)

const open = run(times(5, 'failed'))

describe('closed, it opens after five failures in a row', () => {
  test.each<[string, readonly Kind[], boolean]>([
    ['four failures', times(4, 'failed'), false],
    ['five failures', times(5, 'failed'), true],
    ['five of several kinds', ['failed', 'cut', 'failed', 'cut', 'cut'], true],
    ['a success in between', [...times(4, 'failed'), 'ok', ...times(4, 'failed')], false],
    ['any number of 429', times(50, 'busy'), false],
    ['four failures and a 429', [...times(4, 'failed'), 'busy'], false],
    ['five failures with a 429 in between', [...times(3, 'failed'), 'busy', ...times(2, 'failed')], true],
  ])('with %s', (_, kinds, opens) => {
    expect(run(kinds).until !== null).toBe(opens)
  })

  test('lets as many out as the webhook may have', () => {
    expect(slotsOf(run(times(4, 'failed')), now, 10)).toBe(10)
  })
})

describe('open', () => {
  test('lets nothing out for 30 seconds, then one at a time', () => {
    expect([0, 30 * SECOND - 1, 30 * SECOND, HOUR].map((wait) => slotsOf(open, now + wait, 10))).toEqual([0, 0, 1, 1])
  })

  test('waits twice as long after each failure, 15 minutes at most', () => {
    const waits: number[] = []
    let breaker = open
    for (let n = 0; n < 8; n++) {
      const at = breaker.until ?? 0
      breaker = run(['failed'], at, breaker)
      waits.push(((breaker.until ?? 0) - at) / SECOND)
    }
    expect(waits).toEqual([60, 120, 240, 480, 900, 900, 900, 900])
  })

  test('takes no notice of failures that were under way when it opened', () => {
    expect(run(times(9, 'cut'), now + SECOND, open)).toEqual(open)
  })

  test('takes no notice of 429', () => {
    expect(run(['busy'], now + HOUR, open)).toEqual(open)
  })

  test('keeps its wait when one that was under way succeeds', () => {
    expect(slotsOf(run(['ok'], now + SECOND, open), now + SECOND, 10)).toBe(0)
  })
})

describe('half open', () => {
  const later = now + HOUR
  const slots = (kinds: readonly Kind[], most = 10) => slotsOf(run(kinds, later, open), later, most)

  test('lets one more out at a time with each success, and closes with the ninth', () => {
    expect(Array.from({ length: 10 }, (_, n) => slots(times(n, 'ok')))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    expect(run(times(8, 'ok'), later, open).until).not.toBeNull()
    expect(run(times(9, 'ok'), later, open)).toEqual(closed)
  })

  test('never lets out more than the webhook may have', () => {
    expect(slots(times(6, 'ok'), 4)).toBe(4)
  })

  test('halves with a failure, and opens again when the last one fails', () => {
    const kinds = [...times(8, 'ok'), ...times(4, 'failed')] satisfies readonly Kind[]
    expect([8, 9, 10, 11, 12].map((length) => slots(kinds.slice(0, length)))).toEqual([9, 5, 3, 2, 1])
    expect(run([...kinds, 'failed'], later, open)).toEqual({ until: later + MINUTE, step: 2, streak: 0 })
  })

  test('slows down no further for a receiver that fails now and then', () => {
    const kinds = times(30, 'ok').map((kind, n): Kind => (n % 4 === 3 ? 'failed' : kind))
    expect(slots(kinds)).toBeGreaterThan(3)
  })

  test('starts from the beginning once it has closed', () => {
    expect(run([...times(9, 'ok'), ...times(5, 'failed')], later, open)).toEqual({
      until: later + 30 * SECOND,
      step: 1,
      streak: 0,
    })
  })
})
