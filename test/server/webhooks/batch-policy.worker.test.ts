import { expect, test } from 'vitest'
import { closesAt, defaultPlan } from '../../../server/webhooks/batch-policy.ts'

test('workerd knows the time zones and when their clocks change', () => {
  const plan = { ...defaultPlan, everyMinutes: null, at: ['02:30'] }
  const closing = (first: string) => new Date(closesAt(plan, Date.parse(first), 'Europe/Oslo')).toISOString()
  expect(closing('2026-03-28T12:00:00Z')).toBe('2026-03-29T01:00:00.000Z')
  expect(closing('2026-07-19T12:00:00Z')).toBe('2026-07-20T00:30:00.000Z')
  expect(closing('2026-10-25T00:30:00Z')).toBe('2026-10-26T01:30:00.000Z')
})
