import { sql } from 'kysely'
import type { Db } from '../db.ts'
import type { Role } from '../schema.ts'
import { howTheyLogIn } from './access.ts'

export interface UsersAsked {
  readonly role: Role | null
  /** Part of a name or of an e-mail address. */
  readonly search: string
  readonly after: string
  readonly limit: number
}

/** People as the API shows them: with the slug of their site, and whether each has a password and a second factor. */
const users = (db: Db) =>
  db.q
    .selectFrom('user')
    .leftJoin('site', 'site.id', 'user.siteId')
    .leftJoin('account', 'account.id', 'user.id')
    .leftJoin('two_factor', 'two_factor.user_id', 'user.id')
    .select(['user.id', 'user.name', 'email', 'role', 'user.siteId', 'user.createdAt', 'site.slug as site'])
    .select(howTheyLogIn)

export type User = NonNullable<Awaited<ReturnType<typeof userById>>>

export const userById = (db: Db, id: string) => users(db).where('user.id', '=', id).executeTakeFirst()

/** People in the order in which they came, behind one of them. */
export function usersAfter(db: Db, { role, search, after, limit }: UsersAsked): Promise<User[]> {
  const like = (column: string) => db.dialect.like(sql.ref(column), search)
  return users(db)
    .where('user.id', '>', after)
    .$if(role !== null, (query) => query.where('role', '=', role ?? 'viewer'))
    .$if(search !== '', (query) => query.where((eb) => eb.or([like('user.name'), like('email')])))
    .orderBy('user.id')
    .limit(limit)
    .execute()
}
