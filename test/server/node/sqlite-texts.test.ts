import { expect, test } from 'vitest'
import { createSender, createTaker } from '../../../server/node/sqlite-texts.ts'

test('a text crosses once, and is a number from then on', () => {
  const send = createSender()
  expect(send(['select 1', []])).toEqual(['select 1', []])
  expect(send(['select ?', [2]])).toEqual(['select ?', [2]])
  expect(send(['select 1', []])).toEqual([0, []])
  expect(send(['select ?', [3]])).toEqual([1, [3]])
})

test('what is taken is what was sent, however many texts there are', () => {
  const send = createSender()
  const take = createTaker()
  for (let n = 0; n < 10_000; n++) {
    // A few that come again and again, among many that come once.
    const line = n % 3 === 0 ? (['often', [n]] as const) : ([`once ${n}`, [n]] as const)
    expect(take(send(line))).toEqual(line)
  }
})
