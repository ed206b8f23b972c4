import { sql } from 'kysely'
import type { Db, Statement } from '../db.ts'
import { must } from '../must.ts'

// Things that are counted by key and time, such as tries to log in.

/** One thing, under each of its keys. `id` tells it from others of the same time. */
export interface Counted {
  readonly keys: readonly string[]
  readonly at: number
  readonly id: string
}

/**
 * Counts a try, and gives those since `since` under the same keys, oldest first, as the last result. The counter's lock puts
 * tries in a row, so that each one sees all before it.
 */
export const countTry = (db: Db, { keys, at, id }: Counted, since: number): Statement[] => [
  db.q
    .insertInto('counter')
    .values({ name: 'login', value: 1 })
    .onConflict((conflict) => conflict.column('name').doUpdateSet((eb) => ({ value: eb('counter.value', '+', 1) }))),
  db.q.insertInto('throttle').values(keys.map((key) => ({ key, at, id }))),
  db.q
    .selectFrom('throttle')
    .select(['key', 'at'])
    .where('key', 'in', keys)
    .where('at', '>', since)
    .where('id', '<>', id)
    .orderBy('at'),
]

/** It was none. */
export const forgetTry = (db: Db, { keys, at, id }: Counted): Statement =>
  db.q.deleteFrom('throttle').where('key', 'in', keys).where('at', '=', at).where('id', '=', id)

export const forgetTries = (db: Db, key: string): Statement => db.q.deleteFrom('throttle').where('key', '=', key)

/** Counts one; the commit fails when there are `most` since `since` already. */
export const countWithin = (
  db: Db,
  { key, at, id }: { readonly key: string; readonly at: number; readonly id: string },
  { since, most }: { readonly since: number; readonly most: number },
): Statement[] => [
  must(db, sql`(select count(*) from throttle where key = ${key} and at > ${since}) >= ${most}`),
  db.q.insertInto('throttle').values({ key, at, id }),
]
