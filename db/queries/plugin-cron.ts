import { sql } from 'kysely'
import type { Db, Statement } from '../db.ts'
import type { PluginCronTable } from '../schema.ts'

/** A cron of a plugin: its clock, which all sites share, and a row for each site that it still has to run for. */
interface CronKey {
  readonly slug: string
  readonly id: string
}

/** Stands where a site's id would: the row is the clock. */
const CLOCK = ''

const ofSite = (db: Db, { slug, id }: CronKey, site: string) =>
  db.q.selectFrom('plugin_cron').selectAll().where('slug', '=', slug).where('id', '=', id).where('site_id', '=', site)

export const cronClock = (db: Db, key: CronKey): Promise<PluginCronTable | undefined> =>
  ofSite(db, key, CLOCK).executeTakeFirst()

/** Begins to count; whoever was first has decided. */
export const startClock = (db: Db, { slug, id }: CronKey, dueAt: number): Statement =>
  db.q
    .insertInto('plugin_cron')
    .values({ slug, id, site_id: CLOCK, due_at: dueAt, lease_until: 0, after_site: '' })
    .onConflict((oc) => oc.columns(['slug', 'site_id', 'id']).doNothing())

const updateClock = (db: Db, { slug, id }: CronKey) =>
  db.q.updateTable('plugin_cron').where('slug', '=', slug).where('id', '=', id).where('site_id', '=', CLOCK)

/** Takes a clock that strikes, so that one process hands out its runs. */
export const takeClock = (db: Db, key: CronKey, now: number, until: number): Statement =>
  updateClock(db, key).set({ lease_until: until }).where('due_at', '<=', now).where('lease_until', '<=', now)

/**
 * Active sites behind `after`, in order of their ids; with `only`, those where the plugin is on by itself. What the plugin
 * may not run for is found out again when its turn comes.
 */
export async function sitesForCron(
  db: Db,
  { slug }: CronKey,
  after: string,
  only: boolean,
  limit: number,
): Promise<string[]> {
  let query = db.q
    .selectFrom('site')
    .select('id')
    .where('id', '>', after)
    .where('state', '=', 'active')
    .orderBy('id')
    .limit(limit)
  if (only) {
    query = query.where('id', 'in', (eb) =>
      eb.selectFrom('plugin_site').select('site_id').where('plugin_site.slug', '=', slug).where('active', '=', 1),
    )
  }
  return (await query.execute()).map(({ id }) => id)
}

/** Sets a clock to its next time, or to the rest of this one: the sites behind `after`. Frees it. */
export const setClock = (
  db: Db,
  key: CronKey,
  { dueAt, after }: { readonly dueAt: number; readonly after: string },
): Statement => updateClock(db, key).set({ due_at: dueAt, after_site: after, lease_until: 0 })

/** A run for each of these sites, but for those whose last one has not ended. */
export const handOut = (db: Db, { slug, id }: CronKey, sites: readonly string[], dueAt: number): Statement =>
  sql`insert into plugin_cron (slug, site_id, id, due_at, lease_until, after_site)
    select ${slug}, r.value, ${id}, cast(${dueAt} as bigint), 0, ''
    from (select ${db.dialect.field(sql`value`, 'site', 'text')} as value
      from ${db.dialect.rows(JSON.stringify(sites.map((site) => ({ site }))))} as sites) as r where true
    on conflict (slug, site_id, id) do nothing`.compile(db.q)

/** Takes runs that wait, those that wait longest first. What a dead process left is free when its lease is over. */
export async function takeRuns(
  db: Db,
  { slug, id }: CronKey,
  now: number,
  until: number,
  limit: number,
): Promise<string[]> {
  const [result] = await db.commit([
    sql`update plugin_cron set lease_until = cast(${until} as bigint)
      where slug = ${slug} and id = ${id} and lease_until <= ${now} and site_id in (
        select site_id from plugin_cron
        where slug = ${slug} and id = ${id} and site_id <> ${sql.lit(CLOCK)} and lease_until <= ${now}
        order by due_at limit ${sql.lit(limit)} ${db.dialect.claimLock})
      returning site_id`.compile(db.q),
  ])
  return (result?.rows ?? []).map((row) => String(row.site_id))
}

/** Whether there is a run that waits, or that somebody is at. */
export const hasRuns = async (db: Db, { slug, id }: CronKey): Promise<boolean> =>
  (await db.q
    .selectFrom('plugin_cron')
    .select('due_at')
    .where('slug', '=', slug)
    .where('id', '=', id)
    .where('site_id', '<>', sql.lit(CLOCK))
    .limit(1)
    .executeTakeFirst()) !== undefined

export const endRun = (db: Db, { slug, id }: CronKey, site: string): Statement =>
  db.q.deleteFrom('plugin_cron').where('slug', '=', slug).where('id', '=', id).where('site_id', '=', site)
