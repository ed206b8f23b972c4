import { sql } from 'kysely'
import type { Db, Statement } from '../db.ts'
import { must } from '../must.ts'
import { rowFields, steadyRead } from '../prepared.ts'
import type { PluginSiteTable, PluginStateTable, SiteTable } from '../schema.ts'
import { raiseCounter } from './counters.ts'

/** Raised in every commit that changes what runs where, or how large a payload may be, so that whoever remembers it knows when to forget. */
export const pluginsChanged = (db: Db): Statement => raiseCounter(db, 'plugins')

type SiteForPlugins = Pick<SiteTable, 'id' | 'slug' | 'name' | 'state'> & { readonly revision: number | null }

const sitesWithRevision = steadyRead<SiteForPlugins>((db, json) => {
  const of = rowFields(db, sql`r.value`)
  return sql`select s.id, s.slug, s.name, s.state, (select value from counter where name = 'plugins') as revision
    from ${db.dialect.rows(json)} as r join site s on s.id = ${of('id')} where s.state <> 'deleted'`
})

/** Sites, each with the revision of what runs where: both questions of every emit in one. */
export const sitesForPlugins = (db: Db, ids: readonly string[]): Promise<readonly SiteForPlugins[]> =>
  sitesWithRevision(
    db,
    ids.map((id) => ({ id })),
  )

export const pluginStates = (db: Db): Promise<PluginStateTable[]> =>
  db.q.selectFrom('plugin_state').selectAll().execute()

/** The plugins that were switched on for this site alone. */
export async function pluginsOfSite(db: Db, site: string): Promise<string[]> {
  const rows = await pluginRowsOfSite(db, site)
  return rows.filter(({ active }) => active === 1).map(({ slug }) => slug)
}

/** What is known of plugins at one site: those that were switched on or set there, or brought up to date. */
export const pluginRowsOfSite = (db: Db, site: string): Promise<PluginSiteTable[]> =>
  db.q.selectFrom('plugin_site').selectAll().where('site_id', '=', site).execute()

/** Up to which version a plugin's steps have run for a site; undefined before the first. */
export async function upgradedTo(db: Db, slug: string, site: string): Promise<string | undefined> {
  const row = await db.q
    .selectFrom('plugin_site')
    .select('version')
    .where('slug', '=', slug)
    .where('site_id', '=', site)
    .executeTakeFirst()
  return row?.version
}

/**
 * What has to stand in front of the writes of an upgrade step, so that of two processes one does it: the other's commit
 * is refused as `constraint`. The update takes the lock that makes them see each other on PostgreSQL.
 */
export const upgradeStep = (db: Db, slug: string, site: string, from: string, to: string): readonly Statement[] => {
  const row = () => db.q.updateTable('plugin_site').where('slug', '=', slug).where('site_id', '=', site)
  return [
    db.q
      .insertInto('plugin_site')
      .values({ slug, site_id: site, active: 0, version: from, settings: '{}' })
      .onConflict((oc) => oc.columns(['slug', 'site_id']).doNothing()),
    row().set((eb) => ({ active: eb.ref('active') })),
    must(
      db,
      sql`not exists (select 1 from plugin_site where slug = ${slug} and site_id = ${site} and version = ${from})`,
    ),
    row().set({ version: to }),
  ]
}

/** Whether a plugin was switched on for any single site. */
export async function isOnAnywhere(db: Db, slug: string): Promise<boolean> {
  const row = await db.q
    .selectFrom('plugin_site')
    .select('site_id')
    .where('slug', '=', slug)
    .where('active', '=', 1)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
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
      removing_at: null,
      settings: '{}',
    })
    .onConflict((oc) => oc.column('slug').doUpdateSet({ network_active: on ? 1 : 0, installed_version: version }))

/** Where no step has run yet, the version is the lowest there is: then all of them are missing. */
export const NO_VERSION = '0.0.0'

export const switchPluginForSite = (db: Db, slug: string, site: string, on: boolean): Statement =>
  db.q
    .insertInto('plugin_site')
    .values({ slug, site_id: site, active: on ? 1 : 0, version: NO_VERSION, settings: '{}' })
    .onConflict((oc) => oc.columns(['slug', 'site_id']).doUpdateSet({ active: on ? 1 : 0 }))

/** Pauses a plugin, whatever its faults; one that is paused keeps its reason. `defaults` are for one that nobody ever switched. */
export const pausePlugin = (
  db: Db,
  { slug, at, reason }: { slug: string; at: number; reason: string },
  defaults: { readonly active: boolean; readonly version: string },
): readonly Statement[] => [
  ensureState(db, slug, defaults.active, defaults.version),
  db.q
    .updateTable('plugin_state')
    .set({ paused_at: at, paused_reason: reason })
    .where('slug', '=', slug)
    .where('paused_at', 'is', null),
]

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
  readonly created_at: number
  readonly hops: number
  readonly trace: string | null
}

/** Events that wait for listeners since before `before`, oldest first. */
export const unheardEvents = (db: Db, before: number, limit: number): Promise<UnheardEvent[]> =>
  db.q
    .selectFrom('event')
    .select(['id', 'type', 'site_id', 'payload', 'occurred_at', 'created_at', 'hops', 'trace'])
    .where('heard_at', 'is', sql.lit(null))
    .where('created_at', '<', before)
    .orderBy('seq')
    .limit(limit)
    .execute()

export const markHeard = (db: Db, id: string, at: number): Statement =>
  db.q.updateTable('event').set({ heard_at: at }).where('id', '=', id).where('heard_at', 'is', sql.lit(null))

/** What was set for a plugin at a site, or (null) for the network: the column as it is. */
export async function settingsAt(db: Db, slug: string, site: string | null): Promise<string | undefined> {
  const row =
    site === null
      ? await db.q.selectFrom('plugin_state').select('settings').where('slug', '=', slug).executeTakeFirst()
      : await db.q
          .selectFrom('plugin_site')
          .select('settings')
          .where('slug', '=', slug)
          .where('site_id', '=', site)
          .executeTakeFirst()
  return row?.settings
}

/** The row of a plugin that nobody ever switched, as it is by itself. */
export const ensureState = (db: Db, slug: string, active: boolean, version: string): Statement =>
  db.q
    .insertInto('plugin_state')
    .values({
      slug,
      network_active: active ? 1 : 0,
      installed_version: version,
      paused_at: null,
      paused_reason: null,
      removing_at: null,
      settings: '{}',
    })
    .onConflict((oc) => oc.column('slug').doNothing())

/** A change of settings. `before` is the column as it was read: if it is another by now, the commit is refused. */
interface SettingsWrite {
  readonly slug: string
  readonly before: string
  readonly after: string
}

/** The row has to be there; see `ensureState`. */
export const setNetworkSettings = (db: Db, { slug, before, after }: SettingsWrite): readonly Statement[] => [
  db.q.updateTable('plugin_state').set({ settings: after }).where('slug', '=', slug).where('settings', '=', before),
  must(db, sql`not exists (select 1 from plugin_state where slug = ${slug} and settings = ${after})`),
]

export const setSiteSettings = (
  db: Db,
  { slug, site, before, after }: SettingsWrite & { readonly site: string },
): readonly Statement[] => [
  db.q
    .insertInto('plugin_site')
    .values({ slug, site_id: site, active: 0, version: NO_VERSION, settings: '{}' })
    .onConflict((oc) => oc.columns(['slug', 'site_id']).doNothing()),
  db.q
    .updateTable('plugin_site')
    .set({ settings: after })
    .where('slug', '=', slug)
    .where('site_id', '=', site)
    .where('settings', '=', before),
  must(
    db,
    sql`not exists (select 1 from plugin_site where slug = ${slug} and site_id = ${site} and settings = ${after})`,
  ),
]

/** Everything that holds settings, `owner` a site or `network`, in order; those behind a plugin and owner. */
export async function settingsAfter(
  db: Db,
  after: { readonly slug: string; readonly owner: string },
): Promise<{ slug: string; owner: string; settings: string }[]> {
  const result = await sql<{ slug: string; owner: string; settings: string }>`
    select slug, owner, settings from (
      select slug, 'network' as owner, settings from plugin_state where settings <> '{}'
      union all select slug, site_id, settings from plugin_site where settings <> '{}') as held
    where slug > ${after.slug} or (slug = ${after.slug} and owner > ${after.owner})
    order by slug, owner limit 40`.execute(db.q)
  return result.rows
}
