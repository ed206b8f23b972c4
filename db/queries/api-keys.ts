import { sql } from 'kysely'
import type { Db, Statement } from '../db.ts'
import { must } from '../must.ts'
import { anyOf } from '../rows.ts'
import type { ApiKeyTable, Role } from '../schema.ts'
import { seenBy } from './sites.ts'

export type KeyRow = ApiKeyTable & {
  readonly maker: string | null
  readonly role: Role | null
  readonly makerSite: string | null
  readonly site: string | null
  readonly siteSlug: string | null
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
      'site.slug as siteSlug',
      'site.state as siteState',
    ])

/**
 * A key with what its maker may do now. Every request of the API asks this, and a list of one on purpose: for `hash = ?` in
 * a join SQLite plans anew each time it runs (it was built to look at the value), which costs ten times the look-up.
 */
export const keyByHash = (db: Db, hash: string): Promise<KeyRow | undefined> =>
  keys(db).where('api_key.hash', 'in', [hash]).executeTakeFirst()

/** The key that was this before it was rotated, while that still opens. */
export const keyByOldHash = (db: Db, hash: string, now: number): Promise<KeyRow | undefined> =>
  keys(db)
    .where(
      'api_key.id',
      'in',
      db.q.selectFrom('api_key_old').select('key_id').where('hash', '=', hash).where('until', '>', now),
    )
    .executeTakeFirst()

/** Whether a key was this at any time before. */
export async function wasKey(db: Db, hash: string): Promise<boolean> {
  const row = await db.q.selectFrom('api_key_old').select('hash').where('hash', '=', hash).executeTakeFirst()
  return row !== undefined
}

/** Those of these that an owner sees, in no order: a site has its own keys, the network has all. */
export const keysById = (db: Db, ids: readonly string[], owner = 'network'): Promise<KeyRow[]> =>
  keys(db).where('api_key.id', 'in', anyOf(db, ids)).where(seenBy(owner, 'api_key.owner')).execute()

export const keyById = async (db: Db, id: string, owner?: string): Promise<KeyRow | undefined> =>
  (await keysById(db, [id], owner))[0]

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
type KeySort = keyof typeof keySorts

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

/** Keys in the order of their ids, which is that of their making, behind one of them; those of one site, or all. */
export const keysAfter = (db: Db, owner: string | null, after: string, limit: number): Promise<KeyRow[]> =>
  keys(db)
    .$if(owner !== null, (query) => query.where('api_key.owner', '=', owner ?? ''))
    .where('api_key.id', '>', after)
    .orderBy('api_key.id')
    .limit(limit)
    .execute()

/** Keys that this key made, and that have not been revoked. */
export const keysMadeBy = (db: Db, id: string, limit: number) =>
  db.q
    .selectFrom('api_key')
    .select(['id', 'name'])
    .where('made_by', '=', id)
    .where('revoked_at', 'is', null)
    .orderBy('id')
    .limit(limit)
    .execute()

type NewRow = Omit<ApiKeyTable, 'last_used_at' | 'revoked_at' | 'rotated_at' | 'ended_at'>

export const insertKey = (db: Db, row: NewRow) =>
  db.q.insertInto('api_key').values({ ...row, last_used_at: null, revoked_at: null, rotated_at: null, ended_at: null })

export const insertKeyOnce = (db: Db, row: NewRow) =>
  insertKey(db, row).onConflict((conflict) => conflict.column('hash').doNothing())

export const touchKey = (db: Db, id: string, now: number, before: number) =>
  db.q
    .updateTable('api_key')
    .set({ last_used_at: now })
    .where('id', '=', id)
    .where((eb) => eb.or([eb('last_used_at', 'is', null), eb('last_used_at', '<=', before)]))

/** Whoever still uses what the key was before is seen by this. */
export const touchOldKey = (db: Db, hash: string, now: number, before: number) =>
  db.q
    .updateTable('api_key_old')
    .set({ last_used_at: now })
    .where('hash', '=', hash)
    .where((eb) => eb.or([eb('last_used_at', 'is', null), eb('last_used_at', '<=', before)]))

/** What these keys were before, as far as it still opens; what opens longest comes first. */
export const oldOfKeys = (db: Db, ids: readonly string[], now: number) =>
  db.q
    .selectFrom('api_key_old')
    .select(['key_id', 'hint', 'until', 'last_used_at'])
    .where('key_id', 'in', anyOf(db, ids))
    .where('until', '>', now)
    .orderBy('until', 'desc')
    .execute()

/**
 * Gives a key another secret; what it was opens until `oldUntil`. The commit fails when the key has ended, or was rotated
 * since `seen`.
 */
export const rotateKey = (
  db: Db,
  key: Pick<ApiKeyTable, 'id' | 'hash' | 'hint'>,
  { seen, now, oldUntil }: { readonly seen: number | null; readonly now: number; readonly oldUntil: number },
): Statement[] => [
  db.q
    .insertInto('api_key_old')
    .columns(['hash', 'key_id', 'hint', 'until', 'last_used_at'])
    .expression(
      db.q
        .selectFrom('api_key')
        .select(['hash', 'id', 'hint'])
        .select([sql<number>`cast(${oldUntil} as bigint)`.as('until'), 'last_used_at'])
        .where('id', '=', key.id),
    ),
  must(
    db,
    sql`not exists (select 1 from api_key where id = ${key.id} and revoked_at is null
      and (expires_at is null or expires_at > ${now}) and coalesce(rotated_at, 0) = ${seen ?? 0})`,
  ),
  db.q.updateTable('api_key_old').set({ until: oldUntil }).where('key_id', '=', key.id).where('until', '>', oldUntil),
  db.q.updateTable('api_key').set({ hash: key.hash, hint: key.hint, rotated_at: now }).where('id', '=', key.id),
]

/** Ends a key, and those that it made. */
export const revokeKey = (db: Db, id: string, now: number) =>
  db.q
    .updateTable('api_key')
    .set({ revoked_at: now })
    .where((eb) => eb.or([eb('id', '=', id), eb('made_by', '=', id)]))
    .where('revoked_at', 'is', null)

export const revokeKeysOf = (db: Db, userId: string, now: number) =>
  db.q.updateTable('api_key').set({ revoked_at: now }).where('user_id', '=', userId).where('revoked_at', 'is', null)

/** Keys that ended by age, and whose REST hooks have not followed. */
export const endedKeys = (db: Db, now: number) =>
  db.q
    .selectFrom('api_key')
    .select(['id', 'name', 'owner'])
    .where('expires_at', '<=', now)
    .where('revoked_at', 'is', null)
    .where('ended_at', 'is', null)
    .orderBy('expires_at')
    .limit(20)
    .execute()

export const noteEnd = (db: Db, id: string, now: number) =>
  db.q.updateTable('api_key').set({ ended_at: now }).where('id', '=', id)
