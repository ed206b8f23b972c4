import { expect, test } from 'vitest'
import { createRandom } from '../../../server/node/random.ts'

test('gives as many bytes as asked for, and no byte twice', () => {
  const random = createRandom()
  const seen = new Set<string>()
  // 16 random bytes are never the same; those that a pool gave out twice would be.
  for (let n = 0; n < 5000; n++) seen.add(Buffer.from(random(16)).toString('hex'))
  expect(seen.size).toBe(5000)
  for (const length of [0, 1, 33, 8192, 10_000]) expect(random(length)).toHaveLength(length)
})

test('what was given out stays as it is', () => {
  const random = createRandom()
  const first = random(32)
  const copy = Buffer.from(first)
  for (let n = 0; n < 1000; n++) random(32)
  expect(Buffer.from(first)).toEqual(copy)
})
