import { isoTime } from '../../server/lib/clock.ts'
import type { Db, Statement } from '../db.ts'

/** What is over for people: tries before `tries`, and by `now` sessions and links. */
interface Over {
  readonly tries: number
  readonly now: number
}

/** Whether there is any of it. Most of the time there is none, and a write costs more than a look. */
export async function isAnythingOver(db: Db, { tries, now }: Over): Promise<boolean> {
  const found = await Promise.all([
    db.q.selectFrom('throttle').select('key').where('at', '<', tries).limit(1).execute(),
    db.q.selectFrom('session').select('id').where('expiresAt', '<', isoTime(now)).limit(1).execute(),
    db.q.selectFrom('one_time_link').select('hash').where('until', '<=', now).limit(1).execute(),
  ])
  return found.some((rows) => rows.length > 0)
}

export const forgetWhatIsOver = (db: Db, { tries, now }: Over): Statement[] => [
  db.q.deleteFrom('throttle').where('at', '<', tries),
  db.q.deleteFrom('session').where('expiresAt', '<', isoTime(now)),
  db.q.deleteFrom('one_time_link').where('until', '<=', now),
]
