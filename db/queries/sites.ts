import { sql, type SqlBool } from 'kysely'
import type { Db } from '../db.ts'
import { anyOf } from '../rows.ts'
import type { SiteState, SiteTable } from '../schema.ts'

/** The site that is always there; what Network Admin does itself happens on it. */
export const MAIN_SITE = 'sit_main'

/** Where it happens for an owner: on the site itself, and for `network` on the main site. */
export const siteFor = (owner: string): string => (owner === 'network' ? MAIN_SITE : owner)

/** Whether an owner sees what is owned by this column; the network sees all. For rows by id, whose key is the index to use. */
export const seenBy = (owner: string, column: string) => sql<SqlBool>`${owner} in ('network', ${sql.ref(column)})`

// Written out: with a parameter here SQLite would plan these look-ups anew each time they run.
const deleted = sql.lit<SiteState>('deleted')

export type Site = Omit<SiteTable, 'deleted_at' | 'moving_below'>
const columns = ['id', 'slug', 'name', 'state', 'created_at'] as const

/** The oldest sites, the main site first: enough to know whether they are few. */
export const firstSites = (db: Db, limit: number): Promise<Site[]> =>
  db.q
    .selectFrom('site')
    .select(columns)
    .where('state', '<>', deleted)
    .orderBy('created_at')
    .orderBy('id')
    .limit(limit)
    .execute()

const sites = (db: Db) => db.q.selectFrom('site').select(columns).where('state', '<>', deleted)

export const siteById = (db: Db, id: string): Promise<Site | undefined> =>
  sites(db).where('id', '=', id).executeTakeFirst()

export const siteBySlug = (db: Db, slug: string): Promise<Site | undefined> =>
  sites(db).where('slug', '=', slug).executeTakeFirst()

/** Those of these that are there, in no order. */
export const sitesById = (db: Db, ids: readonly string[]): Promise<Site[]> =>
  ids.length === 0 ? Promise.resolve([]) : sites(db).where('id', 'in', anyOf(db, ids)).execute()

/** Also a deleted one, as long as its row is kept: the people of a site still see where they belong. */
export const siteOrItsRest = (db: Db, id: string): Promise<Pick<Site, 'id' | 'slug' | 'name'> | undefined> =>
  db.q.selectFrom('site').select(['id', 'slug', 'name']).where('id', '=', id).executeTakeFirst()

/** What people and the API call a site by: its slug, or its id. */
export const siteBySlugOrId = (db: Db, text: string): Promise<Site | undefined> =>
  isSiteId(text) ? siteById(db, text) : siteBySlug(db, text)

/** The same for many, in no order. */
export function sitesBySlugOrId(db: Db, texts: readonly string[]): Promise<Site[]> {
  if (texts.length === 0) return Promise.resolve([])
  const [ids, slugs] = [texts.filter(isSiteId), texts.filter((text) => !isSiteId(text))]
  return sites(db)
    .where((eb) => eb.or([eb('id', 'in', anyOf(db, ids)), eb('slug', 'in', anyOf(db, slugs))]))
    .execute()
}

const isSiteId = (text: string): boolean => text.startsWith('sit_')

/** The names of these sites, by id; also of deleted ones, as the log still has them. */
export async function siteNames(db: Db, ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
  if (ids.length === 0) return new Map()
  const rows = await db.q.selectFrom('site').select(['id', 'name']).where('id', 'in', anyOf(db, ids)).execute()
  return new Map(rows.map(({ id, name }) => [id, name]))
}

interface SiteFilter {
  readonly state?: Exclude<SiteState, 'deleted'> | undefined
  /** Part of a name or a slug. */
  readonly search?: string | undefined
}

/** A place in a list that is sorted by one column and then by id. */
export interface SitePosition {
  readonly value: string | number
  readonly id: string
}

/** Sites behind a position, or from the beginning. */
export function listSites(
  db: Db,
  filter: SiteFilter,
  page: {
    readonly sort: 'name' | 'created_at'
    readonly descending: boolean
    readonly after: SitePosition | null
    readonly limit: number
  },
): Promise<Site[]> {
  const { sort, after, limit } = page
  const direction = page.descending ? 'desc' : 'asc'
  const beyond = sql.raw(page.descending ? '<' : '>')
  return filtered(db, filter)
    .select(columns)
    .$if(after !== null, (query) =>
      query.where(sql<SqlBool>`(${sql.ref(sort)}, id) ${beyond} (${after?.value}, ${after?.id})`),
    )
    .orderBy(sort, direction)
    .orderBy('id', direction)
    .limit(limit)
    .execute()
}

export async function countSites(db: Db, filter: SiteFilter): Promise<Record<'active' | 'archived', number>> {
  const rows = await filtered(db, filter)
    .select(['state', (eb) => eb.fn.countAll<number>().as('count')])
    .groupBy('state')
    .execute()
  const counts = { active: 0, archived: 0 }
  for (const { state, count } of rows) if (state !== 'deleted') counts[state] = Number(count)
  return counts
}

function filtered(db: Db, { state, search }: SiteFilter) {
  const like = (column: string) => db.dialect.like(sql.ref(column), search ?? '')
  return db.q
    .selectFrom('site')
    .where('state', '<>', deleted)
    .$if(state !== undefined, (query) => query.where('state', '=', state ?? 'active'))
    .$if(Boolean(search), (query) => query.where((eb) => eb.or([like('name'), like('slug')])))
}

/** How many webhooks and people belong to these sites, by site. */
export async function countOfSites(db: Db, ids: readonly string[]) {
  if (ids.length === 0) return new Map<string, { webhooks: number; people: number }>()
  const [webhooks, people] = await Promise.all([
    db.q
      .selectFrom('webhook')
      .select((eb) => ['owner as site', eb.fn.countAll<number>().as('count')])
      .where('owner', 'in', anyOf(db, ids))
      .groupBy('owner')
      .execute(),
    db.q
      .selectFrom('user')
      .select((eb) => ['siteId as site', eb.fn.countAll<number>().as('count')])
      .where('siteId', 'in', anyOf(db, ids))
      .groupBy('siteId')
      .execute(),
  ])
  const of = (rows: readonly { site: string; count: number }[], id: string) =>
    Number(rows.find(({ site }) => site === id)?.count ?? 0)
  return new Map(ids.map((id) => [id, { webhooks: of(webhooks, id), people: of(people, id) }]))
}

export const insertSite = (db: Db, row: { id: string; slug: string; name: string; created_at: number }) =>
  db.q.insertInto('site').values({ ...row, state: 'active' })

export const updateSite = (db: Db, id: string, set: { name?: string; state?: SiteState; deleted_at?: number }) =>
  db.q.updateTable('site').set(set).where('id', '=', id).where('state', '<>', deleted)
