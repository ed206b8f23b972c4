import { describe, expect, test } from 'vitest'
import { HOUR, SECOND } from '../../../server/lib/clock.ts'
import { createRate, type Rate } from '../../../server/webhooks/rate.ts'

const now = Date.UTC(2026, 6, 19, 12)
const takeMany = (rate: Rate, count: number, perSecond: number, at: number, id = 'whk_1') =>
  Array.from({ length: count }, () => rate.take(id, perSecond, at)).filter(Boolean).length

describe('a webhook with a rate', () => {
  test.each([1, 5, 25, 1000])('of %i a second gets as many at once, and then none for a second', (perSecond) => {
    const rate = createRate()
    expect(takeMany(rate, perSecond + 5, perSecond, now)).toBe(perSecond)
    expect(rate.take('whk_1', perSecond, now + SECOND - 1)).toBe(false)
    expect(takeMany(rate, perSecond + 5, perSecond, now + SECOND)).toBe(perSecond)
  })

  test.each([
    [1, 250],
    [3, 7],
    [25, 50],
    [25, 333],
    [100, 11],
  ])('of %i, asked every %i ms, has no second with more, and loses none', (perSecond, every) => {
    const rate = createRate()
    const sent: number[] = []
    for (let at = 0; at < 10 * SECOND; at += every) {
      const count = takeMany(rate, perSecond, perSecond, now + at)
      sent.push(...Array.from({ length: count }, () => at))
    }
    for (const from of sent) {
      expect(sent.filter((at) => at >= from && at < from + SECOND).length).toBeLessThanOrEqual(perSecond)
    }
    // A second that does not divide into the steps is waited for until the step after it.
    const second = Math.ceil(SECOND / every) * every
    expect(sent.length).toBe(Math.ceil((10 * SECOND) / second) * perSecond)
  })

  test('is told how many may go now, and when the next one may', () => {
    const rate = createRate()
    const at = (ms: number) => [rate.free('whk_1', 2, now + ms), rate.nextFree('whk_1', 2, now + ms) - now]
    expect(at(0)).toEqual([2, 0])
    rate.take('whk_1', 2, now)
    expect(at(300)).toEqual([1, 300])
    rate.take('whk_1', 2, now + 300)
    expect(at(400)).toEqual([0, SECOND])
    expect(at(999)).toEqual([0, SECOND])
    expect(at(SECOND)).toEqual([1, SECOND])
    rate.take('whk_1', 2, now + SECOND)
    expect(at(SECOND)).toEqual([0, SECOND + 300])
    expect(at(2 * SECOND)).toEqual([2, 2 * SECOND])
  })

  test('says whose turn is next among those that have to wait', () => {
    const rate = createRate()
    const webhooks = [
      { id: 'whk_1', rate_per_second: 1 },
      { id: 'whk_2', rate_per_second: 2 },
      { id: 'whk_3', rate_per_second: null },
    ]
    expect(rate.nextTurn(webhooks, now)).toBeNull()
    takeMany(rate, 1, 1, now)
    takeMany(rate, 1, 2, now, 'whk_2')
    expect(rate.nextTurn(webhooks, now + 300)).toBe(now + SECOND)
    expect(rate.nextTurn(webhooks, now + SECOND)).toBeNull()
  })

  test('follows a change of its rate at once', () => {
    const rate = createRate()
    takeMany(rate, 10, 10, now)
    expect(rate.free('whk_1', 20, now)).toBe(10)
    expect(rate.free('whk_1', 5, now)).toBe(0)
    expect(rate.nextFree('whk_1', 5, now)).toBe(now + SECOND)
  })

  test('does not stand still when the clock is set back', () => {
    const rate = createRate()
    takeMany(rate, 5, 5, now)
    expect(rate.take('whk_1', 5, now - HOUR)).toBe(true)
  })

  test('takes nothing from another one', () => {
    const rate = createRate()
    takeMany(rate, 5, 5, now)
    expect(takeMany(rate, 9, 5, now, 'whk_2')).toBe(5)
  })
})

test('many webhooks, one after the other, keep their rates', () => {
  const rate = createRate()
  for (let n = 0; n < 5000; n++) {
    expect(takeMany(rate, 2, 1, now + n, `whk_${n}`)).toBe(1)
    if (n > 0) expect(rate.take(`whk_${n - 1}`, 1, now + n)).toBe(false)
  }
})
