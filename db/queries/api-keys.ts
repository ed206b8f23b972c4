import { sql } from 'kysely'
import type { Db } from '../db.ts'
import type { ApiKeyTable, Role } from '../schema.ts'

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
