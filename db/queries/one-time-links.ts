import { sql } from 'kysely'
import type { Db, Statement } from '../db.ts'
import type { OneTimeLinkTable } from '../schema.ts'
import type { Person } from './people.ts'

type Kind = OneTimeLinkTable['kind']

/** A link for one person. Those of the person before it no longer open. */
export const insertLink = (
  db: Db,
  row: { readonly hash: string; readonly kind: Kind; readonly userId: string; readonly until: number },
): Statement[] => [
  db.q.deleteFrom('one_time_link').where('user_id', '=', row.userId),
  db.q
    .insertInto('one_time_link')
    .values({ hash: row.hash, kind: row.kind, user_id: row.userId, until: row.until, opened: 0 }),
]

/** The same for whoever has this e-mail address, if anybody has: the statement is one and the same for nobody. */
export const insertLinkByEmail = (
  db: Db,
  row: { readonly hash: string; readonly kind: Kind; readonly email: string; readonly until: number },
): Statement =>
  sql`insert into one_time_link (hash, kind, user_id, until, opened)
    select cast(${row.hash} as text), cast(${row.kind} as text), id, cast(${row.until} as bigint), 0 from "user"
    where email = ${row.email}`.compile(db.q)

/** Swaps the token of a link for the pass that a browser keeps, until `until` at most. Changes nothing where it was opened before, or is too old. */
export const openLink = (db: Db, row: { token: string; pass: string; now: number; until: number }): Statement =>
  db.q
    .updateTable('one_time_link')
    .set((eb) => ({
      hash: row.pass,
      opened: 1,
      until: eb
        .case()
        .when('until', '<', row.until)
        .then(eb.ref('until'))
        .else(eb.cast<number>(eb.val(row.until), 'bigint'))
        .end(),
    }))
    .where('hash', '=', row.token)
    .where('opened', '=', 0)
    .where('until', '>', row.now)

/** Who holds a pass, and for what. */
export const personByPass = (db: Db, pass: string, now: number): Promise<(Person & { kind: Kind }) | undefined> =>
  db.q
    .selectFrom('one_time_link')
    .innerJoin('user', 'user.id', 'one_time_link.user_id')
    .select(['user.id', 'user.name', 'email', 'role', 'siteId', 'locale', 'timeZone', 'createdAt', 'kind'])
    .where('hash', '=', pass)
    .where('opened', '=', 1)
    .where('until', '>', now)
    .executeTakeFirst()

/** Broken when the pass was used meanwhile; for `must`. */
export const passIsGone = (pass: string) => sql`not exists (select 1 from one_time_link where hash = ${pass})`

export const deleteLinksOf = (db: Db, userId: string): Statement =>
  db.q.deleteFrom('one_time_link').where('user_id', '=', userId)
