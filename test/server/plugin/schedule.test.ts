import { describe, expect, test } from 'vitest'
import { nextRun, wrongPattern } from '../../../server/plugin/schedule.ts'

const next = (pattern: string, after: string, timeZone = 'Europe/Stockholm') =>
  new Date(nextRun(pattern, Date.parse(after), timeZone)).toISOString()

describe('the next time of a pattern', () => {
  test.each([
    ['*/15 * * * *', '2026-01-15T09:31:00Z', 'UTC', '2026-01-15T09:45:00.000Z'],
    ['*/15 * * * *', '2026-01-15T09:45:00Z', 'UTC', '2026-01-15T10:00:00.000Z'],
    ['30 7 * * *', '2026-01-15T09:31:00Z', 'Europe/Stockholm', '2026-01-16T06:30:00.000Z'],
    ['30 7 * * *', '2026-07-15T09:31:00Z', 'Europe/Stockholm', '2026-07-16T05:30:00.000Z'],
    ['0 9 * * 1', '2026-01-15T09:31:00Z', 'America/New_York', '2026-01-19T14:00:00.000Z'],
    ['0 0 29 2 *', '2026-01-15T09:31:00Z', 'UTC', '2028-02-29T00:00:00.000Z'],
  ])('%s after %s in %s is %s', (pattern, after, timeZone, expected) => {
    expect(next(pattern, after, timeZone)).toBe(expected)
  })

  test('in the hour that does not exist it comes at the first minute behind it, once', () => {
    expect(next('30 2 * * *', '2026-03-28T12:00:00Z')).toBe('2026-03-29T01:00:00.000Z')
    expect(next('*/30 2 * * *', '2026-03-28T12:00:00Z')).toBe('2026-03-29T01:00:00.000Z')
    expect(next('*/30 2 * * *', '2026-03-29T01:00:00Z')).toBe('2026-03-30T00:00:00.000Z')
    expect(next('15 2 * * *', '2026-10-03T00:00:00Z', 'Australia/Lord_Howe')).toBe('2026-10-03T15:30:00.000Z')
  })

  test('in the doubled hour it comes once', () => {
    expect(next('30 2 * * *', '2026-10-24T12:00:00Z')).toBe('2026-10-25T00:30:00.000Z')
    expect(next('30 2 * * *', '2026-10-25T00:30:00Z')).toBe('2026-10-26T01:30:00.000Z')
    expect(next('*/30 2 * * *', '2026-10-25T00:30:00Z')).toBe('2026-10-26T01:00:00.000Z')
    expect(next('30 2 * * *', '2026-10-25T01:10:00Z')).toBe('2026-10-26T01:30:00.000Z')
  })

  test('a pattern for every hour goes on evenly through both', () => {
    expect(next('15 * * * *', '2026-03-29T00:15:00Z')).toBe('2026-03-29T01:15:00.000Z')
    expect(next('15 * * * *', '2026-10-25T00:15:00Z')).toBe('2026-10-25T01:15:00.000Z')
  })
})

describe('a pattern is refused', () => {
  test.each([
    ['0 0 30 2 *', 'never comes'],
    ['0 0 31 4,6 *', 'never comes'],
    ['61 * * * *', 'no cron pattern'],
    ['a b c d e', 'no cron pattern'],
    ['@daily', '5 fields'],
    ['* * * * * *', '5 fields'],
    ['', '5 fields'],
  ])('%j, because it: %s', (pattern, why) => expect(wrongPattern(pattern)).toContain(why))

  test('but not one that comes every four years', () => expect(wrongPattern('0 0 29 2 *')).toBeNull())
})
