import { sql } from 'kysely'
import type { Db } from '../db.ts'
import type { SiteState, SiteTable } from '../schema.ts'

/** The site that is always there; what Network Admin does itself happens on it. */
export const MAIN_SITE = 'sit_main'

// Written out: with a parameter here SQLite would plan these look-ups anew each time they run.
const deleted = sql.lit<SiteState>('deleted')

/** Every site but the deleted ones, the main site first. */
export const sites = (db: Db): Promise<SiteTable[]> =>
  db.q.selectFrom('site').selectAll().where('state', '<>', deleted).orderBy('created_at').orderBy('id').execute()

export const siteById = (db: Db, id: string): Promise<SiteTable | undefined> =>
  db.q.selectFrom('site').selectAll().where('id', '=', id).where('state', '<>', deleted).executeTakeFirst()

export const siteBySlug = (db: Db, slug: string): Promise<SiteTable | undefined> =>
  db.q.selectFrom('site').selectAll().where('slug', '=', slug).where('state', '<>', deleted).executeTakeFirst()

export const insertSite = (db: Db, row: { id: string; slug: string; name: string; created_at: number }) =>
  db.q.insertInto('site').values({ ...row, state: 'active' })

export const updateSite = (db: Db, id: string, set: { name?: string; state?: SiteState }) =>
  db.q.updateTable('site').set(set).where('id', '=', id).where('state', '<>', deleted)

/** What the API calls a site by: its slug, or its id. */
export const siteBySlugOrId = (db: Db, text: string): Promise<SiteTable | undefined> =>
  text.startsWith('sit_') ? siteById(db, text) : siteBySlug(db, text)
