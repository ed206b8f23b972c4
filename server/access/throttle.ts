import { setting } from '../../db/queries/settings.ts'
import { countTry, forgetTries, forgetTry } from '../../db/queries/throttle.ts'
import { MINUTE, SECOND } from '../lib/clock.ts'
import type { Engine } from '../webhooks/engine.ts'
import { sha256 } from './token.ts'

const WINDOW = 15 * MINUTE
const LONGEST_DELAY = 60 * SECOND

/** Times of tries of the last 15 minutes, oldest first: by this account from this address, from this address, on this account. */
interface Tries {
  readonly pair: readonly number[]
  readonly address: readonly number[]
  readonly account: readonly number[]
}

/**
 * How long to wait before the next try, in milliseconds; 0 is now. A pair stops at `most` tries, an address at four times as
 * many. An account that many addresses try is never shut: from 50 on it answers once per delay, which grows to a minute.
 */
export function waitAfter(tries: Tries, now: number, most: number): number {
  const untilFree = (times: readonly number[], count: number) => (times.at(-count) ?? -Infinity) + WINDOW - now
  const beyond = tries.account.length - 50
  const delay = beyond < 0 ? 0 : Math.min(LONGEST_DELAY, SECOND * 2 ** Math.min(beyond, 10))
  const untilDelayed = (tries.account.at(-1) ?? -Infinity) + delay - now
  return Math.max(0, untilFree(tries.pair, most), untilFree(tries.address, 4 * most), delay > 0 ? untilDelayed : 0)
}

export interface Turn {
  /** How long to wait, in milliseconds; 0 when this try may go on. */
  readonly wait: number
  /** How many tries this account and address have after this one. */
  readonly left: number
  /** The password was right: this try was none, and the pair starts afresh. */
  succeeded(): Promise<void>
}

type Deps = Pick<Engine, 'db' | 'clock' | 'random'>

/**
 * Takes a turn to try a password. The try is counted before the password is looked at, so that a hundred at once count
 * as a hundred.
 */
export async function takeTurn(deps: Deps, account: string, address: string): Promise<Turn> {
  const { db } = deps
  const now = deps.clock()
  const id = Array.from(deps.random(12), (byte) => byte.toString(16).padStart(2, '0')).join('')
  // Hashed: people type passwords into the wrong field, and an attacker's texts have any length.
  const [pair, from, on] = await Promise.all([
    sha256(JSON.stringify(['pair', account, address])),
    sha256(JSON.stringify(['address', address])),
    sha256(JSON.stringify(['account', account])),
  ])
  const counted = { keys: [pair, from, on], at: now, id }
  const results = await db.commit(countTry(db, counted, now - WINDOW))
  const times = (key: string) =>
    (results.at(-1)?.rows ?? []).filter((row) => row.key === key).map((row) => Number(row.at))
  const tries = { pair: times(pair), address: times(from), account: times(on) }
  const most = Number(await setting(db, 'login_tries'))
  const wait = waitAfter(tries, now, most)
  // A try that was turned away must not make the wait longer, or a stranger could keep a person out for good.
  if (wait > 0) await db.commit([forgetTry(db, counted)])
  return {
    wait,
    left: Math.max(0, most - 1 - tries.pair.length),
    async succeeded() {
      await db.commit([forgetTry(db, counted), forgetTries(db, pair)])
    },
  }
}
