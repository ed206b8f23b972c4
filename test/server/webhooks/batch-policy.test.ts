import { describe, expect, test } from 'vitest'
import { MINUTE, SECOND } from '../../../server/lib/clock.ts'
import {
  closesAt,
  defaultPlan,
  fill,
  isFull,
  MOST_BATCH_BYTES,
  readDelivery,
  type DeliveryPlan,
} from '../../../server/webhooks/batch-policy.ts'

const daily = (...at: string[]): DeliveryPlan => ({ ...defaultPlan, mode: 'batched', everyMinutes: null, at })
const closing = (plan: DeliveryPlan, first: string, timeZone: string) =>
  new Date(closesAt(plan, Date.parse(first), timeZone)).toISOString().replace('.000Z', 'Z')

describe('a batch every so many minutes', () => {
  test.each([1, 15, 1440])('closes %i minutes after its first event', (everyMinutes) => {
    const first = Date.parse('2026-07-19T12:07:31.005Z')
    expect(closesAt({ ...defaultPlan, everyMinutes }, first, 'Europe/Stockholm')).toBe(first + everyMinutes * MINUTE)
  })
})

describe('a batch at times of the day', () => {
  test.each([
    ['the next of several', ['06:00', '12:00', '18:00'], '2026-07-19T08:00:00Z', 'UTC', '2026-07-19T12:00:00Z'],
    ['tomorrow, after the last', ['06:00', '18:00'], '2026-07-19T18:00:01Z', 'UTC', '2026-07-20T06:00:00Z'],
    ['the last second before', ['06:00'], '2026-07-19T05:59:59.999Z', 'UTC', '2026-07-19T06:00:00Z'],
    ['the moment itself is too late', ['06:00'], '2026-07-19T06:00:00.000Z', 'UTC', '2026-07-20T06:00:00Z'],
    ['just after it', ['06:00'], '2026-07-19T06:00:00.001Z', 'UTC', '2026-07-20T06:00:00Z'],
    ['midnight', ['00:00'], '2026-12-31T23:30:00Z', 'UTC', '2027-01-01T00:00:00Z'],
    ['the zone counts, in summer', ['06:00'], '2026-07-19T00:00:00Z', 'Europe/Oslo', '2026-07-19T04:00:00Z'],
    ['and in winter', ['06:00'], '2026-01-19T00:00:00Z', 'Europe/Oslo', '2026-01-19T05:00:00Z'],
    ['behind the date line', ['06:00'], '2026-07-19T00:00:00Z', 'Pacific/Auckland', '2026-07-19T18:00:00Z'],
    ['with half an hour', ['06:00'], '2026-07-19T00:30:00Z', 'Asia/Kolkata', '2026-07-20T00:30:00Z'],
    ['the 29th of February', ['12:00'], '2028-02-28T12:00:00Z', 'UTC', '2028-02-29T12:00:00Z'],
  ])('%s', (_, at, first, zone, expected) => {
    expect(closing(daily(...at), first, zone)).toBe(expected)
  })
})

describe('when the clock is put forward', () => {
  test.each([
    [
      '02:30 is not there: the first minute after',
      '02:30',
      '2026-03-28T12:00:00Z',
      'Europe/Oslo',
      '2026-03-29T01:00:00Z',
    ],
    ['02:00 neither', '02:00', '2026-03-28T12:00:00Z', 'Europe/Oslo', '2026-03-29T01:00:00Z'],
    ['02:59 neither', '02:59', '2026-03-29T00:59:59Z', 'Europe/Oslo', '2026-03-29T01:00:00Z'],
    ['03:00 is', '03:00', '2026-03-28T12:00:00Z', 'Europe/Oslo', '2026-03-29T01:00:00Z'],
    ['it does not close twice', '02:30', '2026-03-29T01:00:00Z', 'Europe/Oslo', '2026-03-30T00:30:00Z'],
    ['in America', '02:30', '2026-03-07T12:00:00Z', 'America/New_York', '2026-03-08T07:00:00Z'],
    ['by half an hour', '02:15', '2026-10-03T00:00:00Z', 'Australia/Lord_Howe', '2026-10-03T15:30:00Z'],
  ])('%s', (_, at, first, zone, expected) => {
    expect(closing(daily(at), first, zone)).toBe(expected)
  })
})

describe('when the clock is put back', () => {
  test.each([
    ['the first 02:30', '02:30', '2026-10-24T12:00:00Z', 'Europe/Oslo', '2026-10-25T00:30:00Z'],
    ['not the second', '02:30', '2026-10-25T00:30:00Z', 'Europe/Oslo', '2026-10-26T01:30:00Z'],
    [
      'nor from within the hour that comes twice',
      '02:30',
      '2026-10-25T01:10:00Z',
      'Europe/Oslo',
      '2026-10-26T01:30:00Z',
    ],
    ['the first 02:00', '02:00', '2026-10-24T12:00:00Z', 'Europe/Oslo', '2026-10-25T00:00:00Z'],
    ['03:00, which comes once', '03:00', '2026-10-25T00:30:00Z', 'Europe/Oslo', '2026-10-25T02:00:00Z'],
    ['in America', '01:30', '2026-10-31T12:00:00Z', 'America/New_York', '2026-11-01T05:30:00Z'],
    ['by half an hour', '01:45', '2026-04-04T00:00:00Z', 'Australia/Lord_Howe', '2026-04-04T14:45:00Z'],
  ])('%s', (_, at, first, zone, expected) => {
    expect(closing(daily(at), first, zone)).toBe(expected)
  })

  test('a whole year closes once a day, at 02:30 or behind the gap', () => {
    const zone = 'Europe/Oslo'
    const wall = new Intl.DateTimeFormat('en-GB', { timeZone: zone, dateStyle: 'short', timeStyle: 'short' })
    const end = Date.parse('2027-01-01T00:00:00Z')
    const days: string[] = []
    for (let at = Date.parse('2026-01-01T00:00:00Z'); ;) {
      at = closesAt(daily('02:30'), at + SECOND, zone)
      if (at >= end) break
      days.push(wall.format(at))
    }
    expect(new Set(days.map((day) => day.slice(0, 10))).size).toBe(365)
    expect(days.length).toBe(365)
    expect(days.filter((day) => !day.endsWith('02:30'))).toEqual(['29/03/2026, 03:00'])
  })
})

describe('waiting events', () => {
  const sizes = (groups: readonly (readonly { bytes: number }[])[]) =>
    groups.map((group) => group.map(({ bytes }) => bytes))
  test.each<[string, readonly number[], number, readonly (readonly number[])[]]>([
    ['none', [], 3, []],
    ['one', [1], 3, [[1]]],
    ['as many as fit', [1, 2, 3], 3, [[1, 2, 3]]],
    ['one more', [1, 2, 3, 4], 3, [[1, 2, 3], [4]]],
    ['one at a time', [1, 2], 1, [[1], [2]]],
    ['exactly as large as a batch', [4, 6, 1], 9, [[4, 6], [1]]],
    ['one byte too many', [4, 7, 1], 9, [[4], [7, 1]]],
    ['as large as a batch alone', [1, 10, 1], 9, [[1], [10], [1]]],
    ['larger than a batch, which goes alone', [1, 1, 99, 1, 1], 9, [[1, 1], [99], [1, 1]]],
    ['several larger ones', [99, 99], 9, [[99], [99]]],
  ])('%s', (_, bytes, maxEvents, groups) => {
    expect(
      sizes(
        fill(
          bytes.map((size) => ({ bytes: size })),
          maxEvents,
          10,
        ),
      ),
    ).toEqual(groups)
  })

  test('keep their order and lose nobody', () => {
    const events = Array.from({ length: 1000 }, (_, n) => ({ n, bytes: (n * 7919) % 40_000 }))
    const groups = fill(events, 20)
    expect(groups.flat()).toEqual(events)
    for (const group of groups) {
      expect(group.length).toBeLessThanOrEqual(20)
      expect(group.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(MOST_BATCH_BYTES)
    }
  })

  test.each([
    [[1, 1], 3, false],
    [[1, 1, 1], 3, true],
    [[4, 5], 3, false],
    [[4, 6], 3, true],
    [[11], 3, true],
    [[], 3, false],
  ])('%j of at most %i make a full batch: %j', (bytes, maxEvents, expected) => {
    const group = bytes.map((size) => ({ bytes: size }))
    expect(isFull(group, maxEvents, 10)).toBe(expected)
  })
})

describe('what somebody wants', () => {
  test.each<[unknown, DeliveryPlan]>([
    [{}, { mode: 'realtime', everyMinutes: 15, at: [], maxEvents: 100 }],
    [{ mode: 'batched' }, { mode: 'batched', everyMinutes: 15, at: [], maxEvents: 100 }],
    [
      { mode: 'batched', every_minutes: 1, max_events: 1 },
      { mode: 'batched', everyMinutes: 1, at: [], maxEvents: 1 },
    ],
    [
      { mode: 'batched', every_minutes: 1440, at: null },
      { mode: 'batched', everyMinutes: 1440, at: [], maxEvents: 100 },
    ],
    [
      { mode: 'batched', every_minutes: null, at: ['18:00', '06:00', '00:00', '23:59'] },
      { mode: 'batched', everyMinutes: null, at: ['00:00', '06:00', '18:00', '23:59'], maxEvents: 100 },
    ],
    [
      { mode: 'realtime', at: ['06:00'] },
      { mode: 'realtime', everyMinutes: null, at: ['06:00'], maxEvents: 100 },
    ],
  ])('%j is taken', (json, plan) => {
    expect(readDelivery(json)).toEqual({ ok: true, plan })
  })

  test.each<[unknown, readonly string[]]>([
    [null, ['delivery']],
    ['batched', ['delivery']],
    [[], ['delivery']],
    [{ mode: 'real time' }, ['delivery.mode']],
    [{ mode: 'toString' }, ['delivery.mode']],
    [{ mode: 'batched', every: 5 }, ['delivery.every']],
    [{ every_minutes: 0 }, ['delivery.every_minutes']],
    [{ every_minutes: -1 }, ['delivery.every_minutes']],
    [{ every_minutes: 1441 }, ['delivery.every_minutes']],
    [{ every_minutes: 1.5 }, ['delivery.every_minutes']],
    [{ every_minutes: '15' }, ['delivery.every_minutes']],
    [{ max_events: 0 }, ['delivery.max_events']],
    [{ max_events: 101 }, ['delivery.max_events']],
    [{ max_events: 1e9 }, ['delivery.max_events']],
    [{ at: [] }, ['delivery.at']],
    [{ at: '06:00' }, ['delivery.at']],
    [{ at: ['24:00'] }, ['delivery.at.0']],
    [
      { at: ['06:00', '6:00', '06:60', '0600', '06:00:00', ' 06:00', 600, null, ['07:00']] },
      [1, 2, 3, 4, 5, 6, 7, 8].map((n) => `delivery.at.${n}`),
    ],
    [{ at: ['06:00', '18:00', '06:00'] }, ['delivery.at.2']],
    [{ at: Array.from({ length: 25 }, (_, n) => `00:${n + 10}`) }, ['delivery.at']],
    [{ every_minutes: 5, at: ['06:00'] }, ['delivery.every_minutes']],
    [
      { mode: 1, every_minutes: 0, at: [], max_events: 0, x: 1 },
      ['x', 'mode', 'at', 'every_minutes', 'max_events'].map((key) => `delivery.${key}`),
    ],
  ])('%j is refused', (json, paths) => {
    const result = readDelivery(json)
    expect(result.ok ? [] : result.errors.map(({ path }) => path)).toEqual(paths)
  })
})
