import { tryCommit } from '../../db/db.ts'
import { countWithin } from '../../db/queries/throttle.ts'
import { MINUTE } from '../lib/clock.ts'
import { AppError } from '../lib/errors.ts'
import { msg } from '../lib/message.ts'
import type { Engine } from '../webhooks/engine.ts'

const TESTS_A_MINUTE = 10
const REQUESTS_A_MINUTE = 600

const tooMany = (seconds: number): AppError =>
  new AppError('too_many_requests', msg('That is too often. Try again in {seconds} seconds.', { seconds }), [], {
    'retry-after': String(seconds),
  })

/** Counts one test event of a person or key. Throws `too_many_requests` beyond ten a minute. Counted in the database. */
export async function limitTests(engine: Pick<Engine, 'db' | 'clock' | 'random'>, actorId: string): Promise<void> {
  const { db } = engine
  const key = `test:${actorId}`
  const now = engine.clock()
  const id = Array.from(engine.random(8), (byte) => byte.toString(16).padStart(2, '0')).join('')
  const count = countWithin(db, { key, at: now, id }, { since: now - MINUTE, most: TESTS_A_MINUTE })
  if (!(await tryCommit(db, count))) throw tooMany(60)
}

/**
 * Counts one request of an API key, or of another sender, in memory: a count in the database would cost more than most
 * requests. Several processes or isolates count each for itself. Throws `too_many_requests` beyond `most` in a minute by
 * the clock.
 */
export function createRequestLimit(clock: () => number, most = REQUESTS_A_MINUTE): (keyId: string) => void {
  let minute = 0
  const counts = new Map<string, number>()
  return (keyId) => {
    const now = Math.floor(clock() / MINUTE)
    if (now !== minute) {
      minute = now
      counts.clear()
    }
    const count = (counts.get(keyId) ?? 0) + 1
    counts.set(keyId, count)
    if (count > most) throw tooMany(Math.max(1, Math.ceil(((now + 1) * MINUTE - clock()) / 1000)))
  }
}
