import { expect, test } from 'vitest'
import { createLine } from '../../../server/node/sqlite-line.ts'

const item = (number: number, { urgent = false, characters = 10 } = {}) => ({
  number,
  urgent,
  alone: false,
  lines: [['insert', ['x'.repeat(characters)]] as const],
})
const numbers = (group: readonly { readonly number: number }[]) => group.map(({ number }) => number)

test('what is urgent goes before what came earlier', () => {
  const line = createLine()
  line.add(item(1))
  line.add(item(2, { urgent: true }))
  line.add(item(3))
  line.add(item(4, { urgent: true }))
  expect(numbers(line.next())).toEqual([2, 4, 1, 3])
  expect(line.size()).toBe(0)
})

test('a long line is written in many groups, and what is urgent waits for one of them at most', () => {
  const line = createLine()
  for (let n = 0; n < 100; n++) line.add(item(n, { characters: 10_000 }))
  const first = line.next()
  expect(first.length).toBeLessThan(10)
  line.add(item(100, { urgent: true }))
  expect(numbers(line.next())[0]).toBe(100)
})

test('a commit that is larger than any group goes all the same', () => {
  const line = createLine()
  line.add({ ...item(1), lines: [['insert', [], [['x'.repeat(1_000_000)]]]] })
  line.add(item(2))
  expect(numbers(line.next())).toEqual([1])
  expect(numbers(line.next())).toEqual([2])
  expect(line.next()).toEqual([])
})
