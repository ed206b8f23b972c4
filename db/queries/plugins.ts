import { sql } from 'kysely'
import type { Db, Statement } from '../db.ts'
import type { PluginStateTable, SiteTable } from '../schema.ts'

/** Raised in every commit that changes what runs where, or how large a payload may be, so that whoever remembers it knows when to forget. */
export const pluginsChanged = (db: Db): Statement =>
  db.q
    .updateTable('counter')
    .set((eb) => ({ value: eb('value', '+', 1) }))
    .where('name', '=', 'plugins')

/** Sites, each with the revision of what runs where: both questions of every emit in one. */
export const sitesForPlugins = (
  db: Db,
  ids: readonly string[],
): Promise<(Pick<SiteTable, 'id' | 'slug' | 'name' | 'state'> & { revision: number | null })[]> =>
  db.q
    .selectFrom('site')
    .select(['id', 'slug', 'name', 'state'])
    .select((eb) => eb.selectFrom('counter').select('value').where('name', '=', 'plugins').as('revision'))
    .where('id', 'in', ids)
    .where('state', '<>', 'deleted')
    .execute()

export const pluginStates = (db: Db): Promise<PluginStateTable[]> =>
  db.q.selectFrom('plugin_state').selectAll().execute()

/** The plugins that were switched on for this site alone. */
export async function pluginsOfSite(db: Db, site: string): Promise<string[]> {
  const rows = await db.q
    .selectFrom('plugin_site')
    .select('slug')
    .where('site_id', '=', site)
    .where('active', '=', 1)
    .execute()
  return rows.map(({ slug }) => slug)
}

export const switchPlugin = (db: Db, slug: string, version: string, on: boolean): Statement =>
  db.q
    .insertInto('plugin_state')
    .values({
      slug,
      network_active: on ? 1 : 0,
      installed_version: version,
      paused_at: null,
      paused_reason: null,
      settings: '{}',
    })
    .onConflict((oc) => oc.column('slug').doUpdateSet({ network_active: on ? 1 : 0, installed_version: version }))

export const switchPluginForSite = (db: Db, slug: string, version: string, site: string, on: boolean): Statement =>
  db.q
    .insertInto('plugin_site')
    .values({ slug, site_id: site, active: on ? 1 : 0, version, settings: '{}' })
    .onConflict((oc) => oc.columns(['slug', 'site_id']).doUpdateSet({ active: on ? 1 : 0, version }))

/** Lets a paused plugin run again, with a clean slate. */
export const resumePlugin = (db: Db, slug: string): readonly Statement[] => [
  db.q.updateTable('plugin_state').set({ paused_at: null, paused_reason: null }).where('slug', '=', slug),
  db.q.updateTable('plugin_fault').set({ state: 'cleared' }).where('slug', '=', slug),
]

export interface UnheardEvent {
  readonly id: string
  readonly type: string
  readonly site_id: string
  readonly payload: string
  readonly occurred_at: number
  readonly hops: number
}

/** Events that wait for listeners since before `before`, oldest first. */
export const unheardEvents = (db: Db, before: number, limit: number): Promise<UnheardEvent[]> =>
  db.q
    .selectFrom('event')
    .select(['id', 'type', 'site_id', 'payload', 'occurred_at', 'hops'])
    .where('heard_at', 'is', sql.lit(null))
    .where('created_at', '<', before)
    .orderBy('seq')
    .limit(limit)
    .execute()

export const markHeard = (db: Db, id: string, at: number): Statement =>
  db.q.updateTable('event').set({ heard_at: at }).where('id', '=', id).where('heard_at', 'is', sql.lit(null))
