import { randomBytes } from 'node:crypto'
import type { Random } from '../lib/clock.ts'

const POOL = 8192

/** Random bytes out of a pool: asking the system for each id costs more than all the rest of making one. */
export function createRandom(): Random {
  let pool = randomBytes(POOL)
  let at = 0
  return (length) => {
    if (length > POOL) return randomBytes(length)
    if (at + length > POOL) {
      pool = randomBytes(POOL)
      at = 0
    }
    return pool.subarray(at, (at += length))
  }
}
