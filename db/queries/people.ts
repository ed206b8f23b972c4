import { sql } from 'kysely'
import type { Db } from '../db.ts'
import { anyOf } from '../rows.ts'
import type { Role, UserTable } from '../schema.ts'

export type Person = Pick<UserTable, 'id' | 'name' | 'email' | 'role' | 'siteId' | 'locale' | 'timeZone' | 'createdAt'>

const person = ['id', 'name', 'email', 'role', 'siteId', 'locale', 'timeZone', 'createdAt'] as const

export interface PeopleFilter {
  readonly role?: Role | undefined
  /** Part of a name or of an e-mail address. */
  readonly search?: string | undefined
}
export interface PeoplePage {
  readonly sort: keyof typeof peopleSorts
  readonly descending: boolean
  readonly limit: number
  readonly offset: number
}

/** Written so that all engines sort alike: PostgreSQL keeps letters of both cases apart. */
const peopleSorts = {
  name: sql`lower(name)`,
  createdAt: sql`${sql.ref('createdAt')}`,
} as const

/** Beside `account` and `two_factor`: whether somebody has a password and a second factor. */
const howTheyLogIn = [
  sql<number>`case when account.password is null then 0 else 1 end`.as('hasPassword'),
  sql<number>`case when two_factor.confirmed_at is null then 0 else 1 end`.as('twoFactor'),
] as const

/** A page of people; whether each has a password and a second factor. The rest is looked up for the page alone. */
export const people = (db: Db, filter: PeopleFilter, { sort, descending, limit, offset }: PeoplePage) =>
  db.q
    .selectFrom(
      filteredPeople(db, filter)
        .select(['id', 'name', 'email', 'role', 'siteId', 'createdAt'])
        .select(
          sql<number>`row_number() over (order by ${peopleSorts[sort]} ${sql.raw(descending ? 'desc' : 'asc')}, id)`.as(
            'place',
          ),
        )
        .orderBy('place')
        .limit(limit)
        .offset(offset)
        .as('person'),
    )
    .leftJoin('site', 'site.id', 'person.siteId')
    .leftJoin('account', 'account.id', 'person.id')
    .leftJoin('two_factor', 'two_factor.user_id', 'person.id')
    .select(['person.id', 'person.name', 'email', 'role', 'person.siteId', 'person.createdAt', 'site.name as site'])
    .select(howTheyLogIn)
    .orderBy('place')
    .execute()

/** How many people have each role, for the views above the list. */
export async function countPeople(db: Db, filter: Pick<PeopleFilter, 'search'>): Promise<Record<Role, number>> {
  const rows = await filteredPeople(db, filter)
    .select(['role', (eb) => eb.fn.countAll<number>().as('count')])
    .groupBy('role')
    .execute()
  const counts: Record<Role, number> = { super_admin: 0, integration_admin: 0, site_admin: 0, viewer: 0 }
  for (const { role, count } of rows) counts[role] = Number(count)
  return counts
}

function filteredPeople(db: Db, { role, search }: PeopleFilter) {
  const like = (column: string) => db.dialect.like(sql.ref(column), search ?? '')
  return db.q
    .selectFrom('user')
    .$if(role !== undefined, (query) => query.where('role', '=', role ?? 'viewer'))
    .$if(Boolean(search), (query) => query.where((eb) => eb.or([like('name'), like('email')])))
}

/** Who looks after a site, by name. */
export const peopleOfSite = (db: Db, siteId: string, limit: number): Promise<Person[]> =>
  db.q.selectFrom('user').select(person).where('siteId', '=', siteId).orderBy('name').limit(limit).execute()

export const personById = (db: Db, id: string): Promise<Person | undefined> =>
  db.q.selectFrom('user').select(person).where('id', '=', id).executeTakeFirst()

/** Those of these that are there, in no order. */
export const peopleById = (db: Db, ids: readonly string[]): Promise<Person[]> =>
  db.q.selectFrom('user').select(person).where('id', 'in', anyOf(db, ids)).execute()

export const personByEmail = (db: Db, email: string): Promise<Person | undefined> =>
  db.q.selectFrom('user').select(person).where('email', '=', email).executeTakeFirst()

export async function hasSuperAdmin(db: Db): Promise<boolean> {
  const row = await db.q.selectFrom('user').select('id').where('role', '=', 'super_admin').limit(1).executeTakeFirst()
  return row !== undefined
}

/** Broken rules, for `must`. */
export const someSuperAdmin = sql`exists (select 1 from "user" where role = 'super_admin')`
export const noSuperAdmin = sql`not exists (select 1 from "user" where role = 'super_admin')`
export const isSuperAdmin = (id: string) => sql`exists (select 1 from "user" where id = ${id} and role = 'super_admin')`
/** Whether somebody's role or site is another than this by now; not for somebody who is not there yet. */
export const hasOtherRole = ({ id, role, siteId }: Pick<Person, 'id' | 'role' | 'siteId'>) =>
  sql`exists (select 1 from "user" where id = ${id} and not (role = ${role} and "siteId" = ${siteId}))`

interface NewRow {
  readonly id: string
  readonly name: string
  readonly email: string
  readonly role: Role
  readonly siteId: string
  readonly locale: string | null
  readonly at: string
}

/** A person who was made at a time. */
export const newPersonRow = ({ at, ...row }: NewRow): UserTable => ({
  id: row.id,
  name: row.name,
  email: row.email,
  emailVerified: 0,
  image: null,
  role: row.role,
  siteId: row.siteId,
  locale: row.locale,
  timeZone: null,
  createdAt: at,
  updatedAt: at,
})

export const insertPerson = (db: Db, row: NewRow) => db.q.insertInto('user').values(newPersonRow(row))

export const updatePerson = (
  db: Db,
  id: string,
  set: Partial<Pick<UserTable, 'name' | 'locale' | 'timeZone' | 'role' | 'siteId'>> & { updatedAt: string },
) => db.q.updateTable('user').set(set).where('id', '=', id)

export const deletePerson = (db: Db, id: string) => db.q.deleteFrom('user').where('id', '=', id)

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
export const usersAfter = (db: Db, filter: PeopleFilter, after: string, limit: number): Promise<User[]> =>
  users(db)
    .where('user.id', 'in', filteredPeople(db, filter).select('id').where('id', '>', after).orderBy('id').limit(limit))
    .orderBy('user.id')
    .execute()
