import { sql } from 'kysely'
import type { Db, Statement } from '../db.ts'
import { prepared, rowFields } from '../prepared.ts'

/** Rows `{id, about, now}`: a mail about it for each super admin there is. */
export const insertMail = prepared((db, json) => {
  const of = rowFields(db, sql`r.value`)
  const now = of('now', 'number')
  return sql`insert into mail (id, user_id, about, created_at, due_at, tries)
    select ${of('id')}, u.id, ${of('about')}, ${now}, ${now}, 0
    from ${db.dialect.rows(json)} as r join "user" u on u.role = 'super_admin'`
})

/** A mail for one person. */
export const insertMailTo = (db: Db, row: { id: string; userId: string; about: string; now: number }): Statement =>
  db.q.insertInto('mail').values({
    id: row.id,
    user_id: row.userId,
    about: row.about,
    created_at: row.now,
    due_at: row.now,
    tries: 0,
    error: null,
  })

/** A mail for whoever has this address, if anybody has. */
export const insertMailFor = (db: Db, row: { id: string; email: string; about: string; now: number }): Statement =>
  sql`insert into mail (id, user_id, about, created_at, due_at, tries)
    select cast(${row.id} as text), id, cast(${row.about} as text), cast(${row.now} as bigint), cast(${row.now} as bigint), 0
    from "user" where email = ${row.email}`.compile(db.q)

/** Mails that are to be sent now, oldest first. `email` is null for who is gone. */
export const dueMail = (db: Db, now: number) =>
  db.q
    .selectFrom('mail')
    .leftJoin('user', 'user.id', 'mail.user_id')
    .selectAll('mail')
    .select(['user.email', 'user.locale', 'user.role'])
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

/** Mails with a sealed link in them, behind an id. */
export const lettersAfter = (db: Db, id: string) =>
  db.q
    .selectFrom('mail')
    .select(['id', 'user_id', 'about'])
    .where(sql`substr(about, 1, 9)`, '=', '{"letter"')
    .where('id', '>', id)
    .orderBy('id')
    .limit(40)
    .execute()

export const setAbout = (db: Db, id: string, about: string): Statement =>
  db.q.updateTable('mail').set({ about }).where('id', '=', id)

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
