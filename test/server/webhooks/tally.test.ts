import { expect, test } from 'vitest'
import { createTally } from '../../../server/webhooks/tally.ts'

test('counts attempts by what came of them, and how many took no longer than each bound, as Prometheus wants it', () => {
  const tally = createTally()
  tally.note('ok', 25)
  tally.note('ok', 26)
  tally.note('timeout', 30_001)
  const { outcomes, within, seconds } = tally.read()
  expect(outcomes).toEqual(
    new Map([
      ['ok', 2],
      ['timeout', 1],
    ]),
  )
  expect(within.slice(0, 3)).toEqual([
    [0.025, 1],
    [0.05, 2],
    [0.1, 2],
  ])
  expect(within.at(-1)).toEqual([30, 2])
  expect(seconds).toBeCloseTo(30.052)
})
