import { sql } from 'kysely'
import type { Db } from '../db.ts'
import { prepared, rowFields } from '../prepared.ts'

/** Rows `{id, about, now}`: a mail about it for each super admin there is. */
export const insertMail = prepared((db, json) => {
  const of = rowFields(db, sql`r.value`)
  const now = of('now', 'number')
  return sql`insert into mail (id, user_id, about, created_at, due_at, tries)
    select ${of('id')}, u.id, ${of('about')}, ${now}, ${now}, 0
    from ${db.dialect.rows(json)} as r join "user" u on u.role = 'super_admin'`
})

/** Mails that are to be sent now, oldest first. `email` is null for who is no super admin any more. */
export const dueMail = (db: Db, now: number) =>
  db.q
    .selectFrom('mail')
    .leftJoin('user', (join) => join.onRef('user.id', '=', 'mail.user_id').on('user.role', '=', 'super_admin'))
    .selectAll('mail')
    .select(['user.email', 'user.locale'])
    .where('mail.due_at', '<=', now)
    .orderBy('mail.due_at')
    .orderBy('mail.id')
    .limit(500)
    .execute()
export type DueMail = Awaited<ReturnType<typeof dueMail>>[number]

/** Rows `{id, user, now, lease}`: taken by us until the lease ends; answers those that nobody else took before. */
export const claimMail = prepared((db, json) => {
  const of = rowFields(db, sql`r.value`)
  return sql`update mail set due_at = ${of('lease', 'number')}, tries = tries + 1 from ${db.dialect.rows(json)} as r
    where mail.id = ${of('id')} and mail.user_id = ${of('user')} and mail.due_at <= ${of('now', 'number')}
    returning id, user_id`
})

/** Rows `{id, user, due, error}`: to be tried again. */
export const delayMail = prepared((db, json) => {
  const of = rowFields(db, sql`r.value`)
  return sql`update mail set due_at = ${of('due', 'number')}, error = ${of('error')} from ${db.dialect.rows(json)} as r
    where mail.id = ${of('id')} and mail.user_id = ${of('user')}`
})

/** Rows `{id, user}`: sent, or given up. */
export const deleteMail = prepared((db, json) => {
  const of = rowFields(db, sql`r.value`)
  return sql`delete from mail
    where (id, user_id) in (select ${of('id')}, ${of('user')} from ${db.dialect.rows(json)} as r)`
})

/** A mail that went out counts for an hour, with the other things that are counted by key and time. */
export const countMail = (db: Db, row: { user: string; at: number; id: string }) =>
  db.q.insertInto('throttle').values({ key: `mail:${row.user}`, at: row.at, id: row.id })

export async function mailSince(db: Db, user: string, since: number): Promise<number> {
  const row = await db.q
    .selectFrom('throttle')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('key', '=', `mail:${user}`)
    .where('at', '>', since)
    .executeTakeFirstOrThrow()
  return Number(row.count)
}

/** A mail that could not be sent and waits to be tried again, for the Health page. */
export const mailInTrouble = (db: Db) =>
  db.q.selectFrom('mail').select('error').where('error', 'is not', null).orderBy('due_at').limit(1).executeTakeFirst()
