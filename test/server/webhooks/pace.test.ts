import { expect, test } from 'vitest'
import { SECOND } from '../../../server/lib/clock.ts'
import { createPace } from '../../../server/webhooks/pace.ts'

test('slow is who takes more than two seconds on the average, and not who was slow once', () => {
  const pace = createPace()
  expect([pace.of('a'), pace.isSlow('a')]).toEqual([null, false])
  pace.note('a', 100)
  pace.note('a', 5 * SECOND)
  expect(pace.isSlow('a')).toBe(false)
  pace.note('a', 5 * SECOND)
  expect(pace.isSlow('a')).toBe(true)
  for (let n = 0; n < 5; n++) pace.note('a', 100)
  expect(pace.isSlow('a')).toBe(false)
})

test('it remembers so many webhooks and no more, and those as long as no other one comes', () => {
  const pace = createPace()
  for (let n = 0; n < 2000; n++) pace.note(`whk_${n}`, 5 * SECOND)
  pace.note('whk_7', 5 * SECOND)
  expect(pace.isSlow('whk_0')).toBe(true)
  pace.note('another', 5 * SECOND)
  expect(pace.of('whk_0')).toBeNull()
})
