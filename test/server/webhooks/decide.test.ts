import { describe, expect, test } from 'vitest'
import type { Outcome } from '../../../db/schema.ts'
import { DAY, HOUR, MINUTE, SECOND } from '../../../server/lib/clock.ts'
import { decide, type AttemptFacts, type DeliveryFacts } from '../../../server/webhooks/decide.ts'
import { outcomeOf, sentences } from '../../../server/webhooks/outcome.ts'
import { DEFAULT_SCHEDULE } from '../../../server/webhooks/retry.ts'

const now = Date.UTC(2026, 6, 19, 12)
const MIDDLE = 0.5
const first: DeliveryFacts = {
  attempts: 1,
  firstAttemptAt: now,
  schedule: DEFAULT_SCHEDULE,
  redelivery: null,
}
const answered = (status: number, retryAfter?: string): AttemptFacts => ({
  status,
  responseHeaders: retryAfter === undefined ? [] : [['retry-after', retryAfter]],
  ...outcomeOf(status),
})
const broken = (outcome: keyof typeof sentences): AttemptFacts => ({
  outcome,
  status: null,
  responseHeaders: [],
  error: sentences[outcome],
})
const dueIn = (delivery: DeliveryFacts, attempt: AttemptFacts, chance = MIDDLE) => {
  const { state, dueAt } = decide(delivery, attempt, now, chance)
  return state === 'retrying' ? Number(dueAt) - now : state
}

describe('the first attempt', () => {
  test.each([200, 201, 204, 299])('with %i delivers', (status) => {
    expect(decide(first, answered(status), now, MIDDLE)).toEqual({
      state: 'delivered',
      dueAt: null,
      reason: null,
      disable: null,
    })
  })
  test.each([301, 304, 400, 401, 403, 404, 408, 413, 415, 422, 429, 500, 502, 503, 504])(
    'with %i is tried again',
    (status) => {
      const decision = decide(first, answered(status), now, MIDDLE)
      expect(decision).toMatchObject({ state: 'retrying', dueAt: now + 5 * SECOND, disable: null })
      expect(decision.reason).toContain(String(status))
    },
  )
  test.each(Object.keys(sentences) as (keyof typeof sentences)[])('that ends in %s is tried again', (outcome) => {
    expect(decide(first, broken(outcome), now, MIDDLE)).toEqual({
      state: 'retrying',
      dueAt: now + 5 * SECOND,
      reason: sentences[outcome],
      disable: null,
    })
  })
  test('with 410 fails for good and switches the webhook off', () => {
    const decision = decide(first, answered(410), now, MIDDLE)
    expect(decision).toMatchObject({ state: 'failed', dueAt: null, disable: expect.stringContaining('410') })
  })
})

test('every outcome but ok has a sentence that ends in a full stop', () => {
  const all: Record<Outcome, string | null> = {
    ...sentences,
    ok: outcomeOf(200).error,
    redirect: outcomeOf(302).error,
    http_error: outcomeOf(500).error,
  }
  for (const [outcome, sentence] of Object.entries(all)) {
    if (outcome === 'ok') expect(sentence).toBe(null)
    else expect(sentence).toMatch(/^[A-Z].+\.$/)
  }
})

describe('the schedule', () => {
  test('waits longer each time, and ends after ten attempts', () => {
    const waits = DEFAULT_SCHEDULE.map((_, n) => dueIn({ ...first, attempts: n + 1 }, answered(500)))
    expect(waits).toEqual(DEFAULT_SCHEDULE.map((seconds) => seconds * SECOND))
    const last = decide({ ...first, attempts: 10 }, answered(500), now, MIDDLE)
    expect(last).toMatchObject({ state: 'failed', dueAt: null, disable: null })
    expect(last.reason).toContain('10')
  })
  test.each([
    [0, 4000],
    [0.25, 4500],
    [0.5, 5000],
    [1, 6000],
  ])('is spread by a fifth: chance %d waits %d ms', (chance, wait) => {
    expect(dueIn(first, answered(500), chance)).toBe(wait)
  })
  test('when it is empty, one failure is the end', () => {
    expect(dueIn({ ...first, schedule: [] }, answered(500))).toBe('failed')
  })
  test('never reaches beyond five days from the first attempt', () => {
    const old = { ...first, attempts: 9, schedule: DEFAULT_SCHEDULE }
    expect(dueIn({ ...old, firstAttemptAt: now - 4 * DAY }, answered(500))).toBe(DAY)
    const late = decide({ ...old, firstAttemptAt: now - 4 * DAY - 1 }, answered(500), now, MIDDLE)
    expect(late).toMatchObject({ state: 'failed', reason: expect.stringContaining('expired') })
  })
})

describe('Retry-After', () => {
  const date = (ms: number) => new Date(now + ms).toUTCString()
  test.each<[number, string, number]>([
    [429, '120', 2 * MINUTE],
    [503, '120', 2 * MINUTE],
    [429, ' 120 ', 2 * MINUTE],
    [503, date(HOUR), HOUR],
    [429, '99999999999', DAY],
    [429, `${'9'.repeat(400)}`, DAY],
    [503, 'Fri, 31 Dec 9999 23:59:59 GMT', DAY],
    [503, date(-HOUR), 5 * SECOND],
    [429, '0', 5 * SECOND],
    [429, '-1', 5 * SECOND],
    [429, '1.5', 5 * SECOND],
    [429, 'NaN', 5 * SECOND],
    [429, 'Infinity', 5 * SECOND],
    [429, '0x10', 5 * SECOND],
    [429, '2027', 2027 * SECOND],
    [429, 'tomorrow', 5 * SECOND],
    [429, 'Xyz, 99 Foo 2026 99:99:99 GMT', 5 * SECOND],
    [429, '', 5 * SECOND],
    [500, '120', 5 * SECOND],
    [404, '120', 5 * SECOND],
  ])('%i with %j', (status, header, wait) => {
    expect(dueIn(first, answered(status, header))).toBe(wait)
  })
  test('counts as an attempt: after the last one there is no waiting', () => {
    expect(dueIn({ ...first, attempts: 10 }, answered(429, '120'))).toBe('failed')
  })
})

describe('a redelivery', () => {
  const finished: DeliveryFacts = { ...first, attempts: 4, redelivery: { resume: null } }
  const dueAt = now + HOUR
  const waiting: DeliveryFacts = { ...first, attempts: 4, redelivery: { resume: { state: 'retrying', dueAt } } }
  test('that succeeds delivers', () => {
    expect(dueIn(finished, answered(200))).toBe('delivered')
    expect(dueIn(waiting, answered(200))).toBe('delivered')
  })
  test('that fails leaves a finished delivery failed, whatever the schedule', () => {
    expect(dueIn(finished, answered(500))).toBe('failed')
    expect(dueIn(finished, answered(429, '120'))).toBe('failed')
  })
  test('that fails gives a waiting delivery back to its schedule', () => {
    expect(decide(waiting, answered(500), now, MIDDLE)).toEqual({
      state: 'retrying',
      dueAt,
      reason: outcomeOf(500).error,
      disable: null,
    })
  })
  test('with 410 switches the webhook off', () => {
    expect(decide(finished, answered(410), now, MIDDLE).disable).toContain('410')
  })
})
