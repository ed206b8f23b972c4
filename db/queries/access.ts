import { sql } from 'kysely'
import type { Db } from '../db.ts'
import type { ApiKeyTable, Role, UserTable } from '../schema.ts'

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

/** A page of people; whether each has a password and a second factor. The rest is looked up for the page alone. */
export const people = (db: Db, filter: PeopleFilter, { sort, descending, limit, offset }: PeoplePage) =>
  db.q
    .selectFrom(
      filteredPeople(db, filter)
        .select(['id', 'name', 'email', 'role', 'siteId', 'createdAt'])
        .select(sql<number>`row_number() over (order by ${peopleSorts[sort]} ${sql.raw(descending ? 'desc' : 'asc')}, id)`.as('place'))
        .orderBy('place')
        .limit(limit)
        .offset(offset)
        .as('person'),
    )
    .leftJoin('site', 'site.id', 'person.siteId')
    .leftJoin('account', 'account.id', 'person.id')
    .leftJoin('two_factor', 'two_factor.user_id', 'person.id')
    .select(['person.id', 'person.name', 'email', 'role', 'person.siteId', 'person.createdAt', 'site.name as site'])
    .select([
      sql<number>`case when account.password is null then 0 else 1 end`.as('hasPassword'),
      sql<number>`case when two_factor.confirmed_at is null then 0 else 1 end`.as('twoFactor'),
    ])
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

export const personByEmail = (db: Db, email: string): Promise<Person | undefined> =>
  db.q.selectFrom('user').select(person).where('email', '=', email).executeTakeFirst()

export async function hasSuperAdmin(db: Db): Promise<boolean> {
  const row = await db.q.selectFrom('user').select('id').where('role', '=', 'super_admin').limit(1).executeTakeFirst()
  return row !== undefined
}

/** Broken rules, for `must`. */
export const someSuperAdmin = sql`exists (select 1 from "user" where role = 'super_admin')`
export const noSuperAdmin = sql`not exists (select 1 from "user" where role = 'super_admin')`

export const insertPerson = (
  db: Db,
  row: { id: string; name: string; email: string; role: Role; siteId: string; locale: string | null; at: string },
) =>
  db.q.insertInto('user').values({
    id: row.id,
    name: row.name,
    email: row.email,
    emailVerified: 0,
    image: null,
    role: row.role,
    siteId: row.siteId,
    locale: row.locale,
    timeZone: null,
    createdAt: row.at,
    updatedAt: row.at,
  })

/** The row that better-auth checks a password against: provider `credential`, one per person. Over the one that stands. */
export const setPassword = (db: Db, row: { userId: string; hash: string; at: string }) =>
  db.q
    .insertInto('account')
    .values({
      id: row.userId,
      accountId: row.userId,
      providerId: 'credential',
      userId: row.userId,
      accessToken: null,
      refreshToken: null,
      idToken: null,
      accessTokenExpiresAt: null,
      refreshTokenExpiresAt: null,
      scope: null,
      password: row.hash,
      createdAt: row.at,
      updatedAt: row.at,
    })
    .onConflict((on) => on.column('id').doUpdateSet({ password: row.hash, updatedAt: row.at }))

export async function passwordHash(db: Db, userId: string): Promise<string | null> {
  const row = await db.q
    .selectFrom('account')
    .select('password')
    .where('userId', '=', userId)
    .where('providerId', '=', 'credential')
    .executeTakeFirst()
  return row?.password ?? null
}

export const updatePerson = (
  db: Db,
  id: string,
  set: Partial<Pick<UserTable, 'name' | 'locale' | 'timeZone' | 'role' | 'siteId'>> & { updatedAt: string },
) => db.q.updateTable('user').set(set).where('id', '=', id)

export const deletePerson = (db: Db, id: string) => db.q.deleteFrom('user').where('id', '=', id)
export const deletePasswords = (db: Db, userId: string) => db.q.deleteFrom('account').where('userId', '=', userId)
export const endSessions = (db: Db, userId: string) => db.q.deleteFrom('session').where('userId', '=', userId)

/** The sessions of a person that are open, the newest first. */
export const sessionsOf = (db: Db, userId: string, now: string) =>
  db.q
    .selectFrom('session')
    .select(['id', 'createdAt', 'ipAddress', 'userAgent'])
    .where('userId', '=', userId)
    .where('expiresAt', '>', now)
    .where('awaitsCode', '=', 0)
    .orderBy('createdAt', 'desc')
    .limit(50)
    .execute()

/** The code came: the session is good for all there is. Changes nothing when it ended meanwhile. */
export const unlockSession = (db: Db, token: string) =>
  db.q.updateTable('session').set({ awaitsCode: 0 }).where('token', '=', token)

/** Ends one session of a person. */
export const endSession = (db: Db, userId: string, id: string) =>
  db.q.deleteFrom('session').where('userId', '=', userId).where('id', '=', id)

export const endOtherSessions = (db: Db, userId: string, but: string) =>
  db.q.deleteFrom('session').where('userId', '=', userId).where('id', '<>', but)

export type KeyRow = ApiKeyTable & {
  readonly maker: string | null
  readonly role: Role | null
  readonly makerSite: string | null
  readonly site: string | null
  readonly siteState: string | null
}

const keys = (db: Db) =>
  db.q
    .selectFrom('api_key')
    .leftJoin('user', 'user.id', 'api_key.user_id')
    .leftJoin('site', 'site.id', 'api_key.owner')
    .selectAll('api_key')
    .select([
      'user.name as maker',
      'user.role',
      'user.siteId as makerSite',
      'site.name as site',
      'site.state as siteState',
    ])

/**
 * A key with what its maker may do now. Every request of the API asks this, and a list of one on purpose: for `hash = ?` in
 * a join SQLite plans anew each time it runs (it was built to look at the value), which costs ten times the look-up.
 */
export const keyByHash = (db: Db, hash: string): Promise<KeyRow | undefined> =>
  keys(db).where('api_key.hash', 'in', [hash]).executeTakeFirst()

export const keyById = (db: Db, id: string): Promise<KeyRow | undefined> =>
  keys(db).where('api_key.id', '=', id).executeTakeFirst()

/** The newest keys: all of them, or those of one site. */
export const keyList = (db: Db, owner: string | null = null, limit = 500): Promise<KeyRow[]> =>
  keys(db)
    .$if(owner !== null, (query) => query.where('api_key.owner', '=', owner ?? ''))
    .orderBy('api_key.created_at', 'desc')
    .limit(limit)
    .execute()

export type KeyView = 'active' | 'expired' | 'revoked'
export interface KeyFilter {
  /** Null: of the network and of all sites. */
  readonly owner: string | null
  readonly view?: KeyView | undefined
  /** Part of a key's name, of its beginning, or of the name of who made it. */
  readonly search?: string | undefined
  readonly now: number
}

/** Written so that all engines sort alike: PostgreSQL has nulls last, and letters of both cases apart. */
const keySorts = {
  name: sql`lower(api_key.name)`,
  last_used_at: sql`coalesce(api_key.last_used_at, 0)`,
  created_at: sql`api_key.created_at`,
} as const
export type KeySort = keyof typeof keySorts

/** A page of keys. */
export const keyPage = (
  db: Db,
  filter: KeyFilter,
  page: { readonly sort: KeySort; readonly descending: boolean; readonly limit: number; readonly offset: number },
): Promise<KeyRow[]> =>
  keys(db)
    .where(keysLike(db, filter))
    .$if(filter.view !== undefined, (query) => query.where(sql`${viewOfKey(filter.now)}`, '=', filter.view ?? ''))
    .orderBy(keySorts[page.sort], page.descending ? 'desc' : 'asc')
    .orderBy('api_key.id', 'desc')
    .limit(page.limit)
    .offset(page.offset)
    .execute()

/** How many keys are good, have ended, and were ended. */
export async function countKeys(db: Db, filter: Omit<KeyFilter, 'view'>): Promise<Record<KeyView, number>> {
  const rows = await keys(db)
    .clearSelect()
    .where(keysLike(db, filter))
    .select([viewOfKey(filter.now).as('view'), (eb) => eb.fn.countAll<number>().as('count')])
    .groupBy('view')
    .execute()
  const counts: Record<KeyView, number> = { active: 0, expired: 0, revoked: 0 }
  for (const { view, count } of rows) counts[view] = Number(count)
  return counts
}

const viewOfKey = (now: number) =>
  sql<KeyView>`case when api_key.revoked_at is not null then 'revoked'
    when api_key.expires_at <= ${now} then 'expired' else 'active' end`

function keysLike(db: Db, { owner, search }: Omit<KeyFilter, 'view'>) {
  const like = (column: string) => db.dialect.like(sql.ref(column), search ?? '')
  const own = owner === null ? sql<boolean>`1 = 1` : sql<boolean>`api_key.owner = ${owner}`
  if (!search) return own
  return sql<boolean>`${own} and (${like('api_key.name')} or ${like('api_key.hint')} or ${like('user.name')})`
}

export const insertKey = (db: Db, row: Omit<ApiKeyTable, 'last_used_at' | 'revoked_at'>) =>
  db.q.insertInto('api_key').values({ ...row, last_used_at: null, revoked_at: null })

export const insertKeyOnce = (db: Db, row: Omit<ApiKeyTable, 'last_used_at' | 'revoked_at'>) =>
  insertKey(db, row).onConflict((conflict) => conflict.column('hash').doNothing())

export const touchKey = (db: Db, id: string, now: number, before: number) =>
  db.q
    .updateTable('api_key')
    .set({ last_used_at: now })
    .where('id', '=', id)
    .where((eb) => eb.or([eb('last_used_at', 'is', null), eb('last_used_at', '<=', before)]))

export const revokeKey = (db: Db, id: string, now: number) =>
  db.q.updateTable('api_key').set({ revoked_at: now }).where('id', '=', id).where('revoked_at', 'is', null)

export const revokeKeysOf = (db: Db, userId: string, now: number) =>
  db.q.updateTable('api_key').set({ revoked_at: now }).where('user_id', '=', userId).where('revoked_at', 'is', null)

/** Until when a door of set-up is open, in milliseconds; null for one that is not there. Its name holds a hash. */
export async function setupDoor(db: Db, name: string): Promise<number | null> {
  const row = await db.q.selectFrom('setting').select('value').where('name', '=', name).executeTakeFirst()
  return row ? Number(row.value) : null
}

export const openSetupDoor = (db: Db, name: string, until: number) =>
  db.q.insertInto('setting').values({ name, value: String(until) })

/** Changes nothing when somebody else swapped it before. */
export const swapSetupDoor = (db: Db, from: string, to: string) =>
  db.q.updateTable('setting').set({ name: to }).where('name', '=', from)

export const closeSetupDoors = (db: Db) => db.q.deleteFrom('setting').where('name', 'like', 'setup:%')
