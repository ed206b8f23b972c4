import { sql } from 'kysely'
import type { Db, Statement } from '../db.ts'
import type { SiteState } from '../schema.ts'
import { isoTime } from '../../server/lib/clock.ts'
import { UNSAVED } from './webhook-secrets.ts'

/** As many rows go at once: a purge never holds the writer for long. */
export const STEP = 500

/** The range of `seq` of the oldest events behind `after` made before `before`, at most STEP of them; null when none is that old. */
export async function oldestEvents(
  db: Db,
  after: number,
  before: number,
): Promise<{ from: number; to: number } | null> {
  const oldest = db.q
    .selectFrom('event')
    .select(['seq', 'created_at'])
    .where('seq', '>', after)
    .orderBy('seq')
    .limit(STEP)
  const row = await db.q
    .selectFrom(oldest.as('oldest'))
    .select((eb) => [eb.fn.min('seq').as('from'), eb.fn.max('seq').as('to')])
    .where('created_at', '<', before)
    .executeTakeFirst()
  return row && row.to !== null ? { from: Number(row.from), to: Number(row.to) } : null
}

/** Everything about the events of a range, the inner things first, save where a delivery of an event is still open. */
export function deleteEvents(db: Db, { from, to }: { from: number; to: number }): Statement[] {
  // A batch stands for its own event here: its id is in both places.
  const isDone = (event: string) =>
    sql<boolean>`not exists (select 1 from delivery d where d.event_id = ${sql.ref(event)}
      and d.state in ('pending', 'delivering', 'retrying', 'held'))`
  const done = { event: isDone('event.id'), delivery: isDone('delivery.event_id') }
  const events = db.q.selectFrom('event').select('id').where('seq', '>=', from).where('seq', '<=', to).where(done.event)
  const deliveries = db.q
    .selectFrom('delivery')
    .select('id')
    .where('seq', '>=', from)
    .where('seq', '<=', to)
    .where(done.delivery)
  return [
    db.q.deleteFrom('attempt').where('delivery_id', 'in', deliveries),
    db.q.deleteFrom('body').where('owner_id', 'in', events),
    db.q.deleteFrom('body').where('owner_id', 'in', deliveries), // of batches
    db.q.deleteFrom('guard_hold').where('event_id', 'in', events),
    db.q.deleteFrom('delivery').where('id', 'in', deliveries),
    db.q.deleteFrom('event').where('id', 'in', events),
  ]
}

/** Ids of attempts after `after` and before `before`, oldest first; ids sort by time. */
export async function attemptsBetween(db: Db, after: string, before: string): Promise<string[]> {
  const rows = await db.q
    .selectFrom('attempt')
    .select('id')
    .where('id', '>', after)
    .where('id', '<', before)
    .orderBy('id')
    .limit(STEP)
    .execute()
  return rows.map((row) => row.id)
}

/** What receivers answered in this range of attempts is forgotten; status, time and reason stay. */
export const forgetAnswers = (db: Db, from: string, to: string) =>
  db.q.updateTable('attempt').set({ response_body: '' }).where('id', '>=', from).where('id', '<=', to)

/** The last of the oldest audit rows before `before`, at most STEP of them, sealed ones only. */
export async function oldestAudit(db: Db, before: number): Promise<{ seq: number; hash: string } | null> {
  const oldest = db.q.selectFrom('audit').select(['seq', 'at', 'hash']).orderBy('seq').limit(STEP)
  const rows = await db.q
    .selectFrom(oldest.as('oldest'))
    .selectAll()
    .where('at', '<', before)
    .orderBy('seq', 'desc')
    .limit(1)
    .execute()
  const row = rows[0]
  return row && row.hash !== null ? { seq: row.seq, hash: row.hash } : null
}

export const deleteAudit = (db: Db, to: number) => db.q.deleteFrom('audit').where('seq', '<=', to)

/** The figures of the oldest hour there is, if that is before `before`. */
export const deleteOldestHour = (db: Db, before: number): Statement[] =>
  (['delivery_hour', 'delivery_hour_bucket'] as const).map((table) =>
    sql`delete from ${sql.table(table)} where hour = (select min(hour) from ${sql.table(table)}) and hour < ${before}`.compile(
      db.q,
    ),
  )

/** The site that was deleted longest ago, if that was before `before`. */
export async function oldestDeletedSite(db: Db, before: number): Promise<string | null> {
  const row = await db.q
    .selectFrom('site')
    .select('id')
    .where('state', '=', sql.lit<SiteState>('deleted'))
    .where('deleted_at', '<', before)
    .orderBy('deleted_at')
    .limit(1)
    .executeTakeFirst()
  return row?.id ?? null
}

/** The next of what a deleted site's plugins stored; whoever asks goes on until nothing is left. */
export const deleteRecordsOf = (db: Db, siteId: string): Statement[] =>
  (['plugin_record', 'plugin_index'] as const).map((table) =>
    sql`delete from ${sql.table(table)} where site_id = ${siteId} and id in
      (select id from ${sql.table(table)} where site_id = ${siteId} limit ${sql.lit(STEP)})`.compile(db.q),
  )

/** A deleted site itself, with its webhooks and what was set for it; its slug is free again. */
export function deleteSiteRow(db: Db, siteId: string): Statement[] {
  const webhooks = db.q.selectFrom('webhook').select('id').where('owner', '=', siteId)
  return [
    db.q.deleteFrom('webhook_event').where('webhook_id', 'in', webhooks),
    db.q.deleteFrom('webhook_secret').where('webhook_id', 'in', webhooks),
    db.q.deleteFrom('webhook').where('owner', '=', siteId),
    db.q.deleteFrom('plugin_site').where('site_id', '=', siteId),
    db.q.deleteFrom('api_key').where('owner', '=', siteId),
    db.q.deleteFrom('source').where('site_id', '=', siteId),
    db.q.deleteFrom('capture').where('bin_id', 'in', db.q.selectFrom('bin').select('id').where('owner', '=', siteId)),
    db.q.deleteFrom('bin').where('owner', '=', siteId),
    db.q.deleteFrom('site').where('id', '=', siteId),
  ]
}

/**
 * Small things that nobody asks for any more: faults, requests at sources, redeliveries that came to an end, and secrets that
 * were never saved or have ended.
 */
export const deleteLeftovers = (
  db: Db,
  before: { events: number; unsaved: number; imports: number; now: number },
): Statement[] => [
  sql`delete from plugin_fault where id in (select id from plugin_fault where at < ${before.events} order by at limit ${sql.lit(STEP)})`.compile(
    db.q,
  ),
  db.q.deleteFrom('webhook_secret').where('webhook_id', '=', UNSAVED).where('created_at', '<', before.unsaved),
  db.q.deleteFrom('webhook_secret').where('expires_at', '<=', before.now),
  db.q.deleteFrom('import_file').where('created_at', '<=', before.imports),
  db.q.deleteFrom('verification').where('expiresAt', '<', isoTime(before.now)),
  db.q.deleteFrom('redelivery').where('created_at', '<', before.events).where('state', '<>', sql.lit('running')),
  sql`delete from source_log where id in (select id from source_log where at < ${before.events} order by at limit ${sql.lit(STEP)})`.compile(
    db.q,
  ),
]
