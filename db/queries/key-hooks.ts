import { sql, type RawBuilder } from 'kysely'
import { msg } from '../../server/lib/message.ts'
import type { Db, Statement } from '../db.ts'
import { anyOf } from '../rows.ts'
import type { Origin } from '../schema.ts'
import { webhooksChanged } from './outbox.ts'

/** The reason of a REST hook that was retired because its API key ended. */
const KEY_ENDED = msg('The API key that made it has ended.').text

/** Which keys, as a query of their ids, to stand behind `in`. */
export type Keys = RawBuilder<unknown>

export const thisKey = (id: string): Keys => sql`(select ${id})`
export const keyAndItsKeys = (id: string): Keys =>
  sql`(select id from api_key where id = ${id} union all select id from api_key where made_by = ${id})`
export const keysOfPerson = (userId: string): Keys => sql`(select id from api_key where user_id = ${userId})`

// Written out: a bound value would not use the index of REST hooks.
const made = (keys: Keys) =>
  sql`webhook.origin = ${sql.lit<Origin>('rest_hook')} and webhook.state <> 'retired' and webhook.created_by in ${keys}`

/** REST hooks that these keys made and that are not retired. */
export const hooksOfKeys = (db: Db, keys: Keys, limit: number) =>
  db.q
    .selectFrom('webhook')
    .select(['id', 'name'])
    .where(sql<boolean>`${made(keys)}`)
    .orderBy('id')
    .limit(limit)
    .execute()

/** How many of them each of these keys has. */
export async function countHooksOf(db: Db, ids: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const rows = await db.q
    .selectFrom('webhook')
    .select(['created_by', (eb) => eb.fn.countAll<number>().as('count')])
    .where(sql<boolean>`${made(anyOf(db, ids))}`)
    .groupBy('created_by')
    .execute()
  return new Map(rows.map((row) => [row.created_by, Number(row.count)]))
}

// A cross join is read in the order in which it is written: the few hooks first, and not all that waits.

/** Retires them all: no new deliveries, and what waits is held until somebody activates them again. */
export const retireHooksOf = (db: Db, keys: Keys, now: number): Statement[] => [
  webhooksChanged(db),
  sql`update delivery set state = 'held', due_at = null, reason = ${KEY_ENDED}
    where id in (
      select d.id from webhook cross join delivery d
        where d.webhook_id = webhook.id and ${made(keys)} and d.due_at is not null and d.state in ('pending', 'retrying')
      union all select d.id from webhook cross join delivery d
        where d.webhook_id = webhook.id and ${made(keys)} and d.batch_id = '' and d.state = 'pending')`.compile(db.q),
  sql`update webhook set state = 'retired', state_reason = ${KEY_ENDED}, updated_at = ${now}, revision = revision + 1
    where ${made(keys)}`.compile(db.q),
]
