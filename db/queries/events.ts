import { sql } from 'kysely'
import type { Db } from '../db.ts'
import type { EventTable } from '../schema.ts'
import { counterNow } from './counters.ts'
import { seqSince, seqUntil } from './log-range.ts'

export interface EventRow extends EventTable {
  readonly site_slug: string
}

const events = (db: Db) =>
  db.q
    .selectFrom('event')
    .leftJoin('site', 'site.id', 'event.site_id')
    .selectAll('event')
    .select((eb) => eb.fn.coalesce('site.slug', 'event.site_id').as('site_slug'))

/** As a site sees it, which has its own events; the network has all. */
export const eventById = (db: Db, id: string, site = 'network'): Promise<EventRow | undefined> =>
  events(db)
    .where('event.id', '=', id)
    .$if(site !== 'network', (query) => query.where('event.site_id', '=', site))
    .executeTakeFirst()

export interface EventFilter {
  readonly siteId: string | null
  readonly id?: string | undefined
  readonly type?: string | undefined
  readonly since: number | null
  readonly until: number | null
  readonly test: boolean | null
  readonly limit: number
}

/** Events, newest first; only those with a smaller seq than `before`, which is the position of the cursor. */
export const eventsBefore = (db: Db, filter: EventFilter & { readonly before: number | null }): Promise<EventRow[]> =>
  (filter.before === null ? filtered(db, filter) : filtered(db, filter).where('event.seq', '<', filter.before))
    .orderBy('event.seq', 'desc')
    .execute()

/** The events just in front of a position, newest first. */
export async function eventsAfter(db: Db, filter: EventFilter, seq: number): Promise<EventRow[]> {
  const rows = await filtered(db, filter).where('event.seq', '>', seq).orderBy('event.seq').execute()
  return rows.toReversed()
}

/** The number of the last event that was stored; 0 before the first. */
export const lastEventSeq = (db: Db): Promise<number> => counterNow(db, 'event')

function filtered(db: Db, filter: EventFilter) {
  let query = events(db).limit(filter.limit)
  if (filter.id !== undefined) query = query.where('event.id', '=', filter.id)
  if (filter.siteId !== null) query = query.where('event.site_id', '=', filter.siteId)
  if (filter.type !== undefined) query = query.where('event.type', '=', filter.type)
  const seq = sql.ref('event.seq')
  if (filter.since !== null)
    query = query.where('event.created_at', '>=', filter.since).where(seqSince(seq, filter.since))
  if (filter.until !== null)
    query = query.where('event.created_at', '<', filter.until).where(seqUntil(seq, filter.until))
  if (filter.test !== null) query = query.where('event.test', '=', sql.lit(filter.test ? 1 : 0))
  return query
}

/** Whether the event of this key is there, and was stored after `since`. */
export async function isKeySince(db: Db, siteId: string, key: string, since: number): Promise<boolean> {
  const row = await db.q
    .selectFrom('event')
    .select('id')
    .where('site_id', '=', siteId)
    .where('idempotency_key', '=', key)
    .where('idempotency_key', 'is not', null)
    .where('created_at', '>', since)
    .executeTakeFirst()
  return row !== undefined
}
