import { sql, type RawBuilder } from 'kysely'
import type { Db, Statement } from '../db.ts'
import { must } from '../must.ts'
import type { Database } from '../schema.ts'
import { ending } from './cancel.ts'

const WAITS = sql`('pending', 'retrying', 'held')`
const OPEN = sql`('pending', 'retrying', 'held', 'delivering')`

/** The deliveries of an event that wait as a part of a batch that is closed. */
export async function waitingMembers(db: Db, event: string): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`select m.id from delivery m join delivery b on b.id = m.batch_id
    where m.event_id = ${event} and m.state in ${WAITS} and b.state in ${WAITS} and b.resume_state is null
    limit 20`.execute(db.q)
  return rows.map(({ id }) => id)
}

/** Why deliveries of erased events ended. English, as all reasons. */
const EVENT_ERASED = 'Its event was erased.'

const batchesOf = (event: string) => sql`(select batch_id from delivery where event_id = ${event} and batch_id <> '')`

/**
 * Whatever waits ends: also what somebody claimed and never came back with, as its lease is over. Written as a case, so that
 * nobody looks for it among all that waits.
 */
const end = (db: Db, which: RawBuilder<unknown>, now: number): Statement =>
  sql`update delivery set ${ending(now, EVENT_ERASED)}, lease_owner = null
    where ${which} and case when state = 'delivering' then due_at < cast(${now} as bigint) else state in ${WAITS} end`.compile(
    db.q,
  )

/** Breaks the commit while something of these deliveries is on its way, or waits. */
const mustHaveEnded = (db: Db, which: RawBuilder<unknown>) =>
  must(db, sql`exists (select 1 from delivery where ${which} and state in ${OPEN})`)

/**
 * Takes all that an event carried out of it, its bodies and what was answered to them, and ends what waits of it. Refused as
 * `constraint` while one of its deliveries is on the wire, or waits in a batch with others.
 */
export const eraseEvent = (
  db: Db,
  event: { readonly id: string; readonly key: string | null; readonly rejected: string | null },
  address: string,
  now: number,
): Statement[] => {
  const own = sql`event_id = ${event.id}`
  const inBatches = sql`id in ${batchesOf(event.id)}`
  const alone = sql`${own} and not exists (select 1 from delivery b where b.id = delivery.batch_id and b.state in ${OPEN})`
  const mark = (which: RawBuilder<unknown>) =>
    sql`update delivery set erased_at = cast(${now} as bigint),
        reason = case when ${db.dialect.like(sql`coalesce(reason, '')`, address)} then ${sql.lit(EVENT_ERASED)} else reason end
      where ${which}`.compile(db.q)
  const answers = (deliveries: RawBuilder<unknown>) =>
    sql`update attempt set response_body = '', erased_at = cast(${now} as bigint) where delivery_id in ${deliveries}`.compile(
      db.q,
    )
  return [
    db.q
      .updateTable('event')
      .set((eb) => ({
        payload: '{}',
        idempotency_key: event.key,
        rejected: event.rejected,
        trace: null,
        // No handler shall hear of it with nothing in it.
        heard_at: eb.fn.coalesce('heard_at', eb.val(now)),
        erased_at: now,
      }))
      .where('id', '=', event.id),
    end(db, alone, now),
    end(db, sql`${inBatches} and resume_state is not null`, now),
    mustHaveEnded(db, own),
    must(
      db,
      sql`exists (select 1 from delivery m join delivery b on b.id = m.batch_id
        where m.event_id = ${event.id} and b.state in ${OPEN})`,
    ),
    answers(sql`(select id from delivery where ${own})`),
    answers(batchesOf(event.id)),
    sql`delete from body where owner_id in ${batchesOf(event.id)}`.compile(db.q),
    db.q.deleteFrom('body').where('owner_id', '=', event.id),
    db.q.deleteFrom('guard_hold').where('event_id', '=', event.id),
    mark(inBatches),
    mark(own),
  ]
}

/** Breaks the commit where an event is erased. Its row is locked first, so that nobody erases it meanwhile. */
export const mustBeWhole = (db: Db, event: string): Statement[] => [
  sql`update event set erased_at = erased_at where id = ${event}`.compile(db.q),
  must(db, sql`exists (select 1 from event where id = ${event} and erased_at is not null)`),
]

/** The same of the bytes of a whole batch, whose events stay. */
export const eraseBatch = (db: Db, id: string, now: number): Statement[] => [
  end(db, sql`id = ${id}`, now),
  mustHaveEnded(db, sql`id = ${id}`),
  db.q.updateTable('delivery').set({ erased_at: now }).where('id', '=', id),
  db.q.updateTable('attempt').set({ response_body: '', erased_at: now }).where('delivery_id', '=', id),
  db.q.deleteFrom('body').where('owner_id', '=', id),
]

type Erased<T extends keyof Database> = Partial<Database[T]>

export const eraseAttempt = (db: Db, id: string, change: Erased<'attempt'>): Statement =>
  db.q.updateTable('attempt').set(change).where('id', '=', id)

export const eraseCapture = (db: Db, id: string, now: number): Statement =>
  db.q
    .updateTable('capture')
    .set({ query: '', headers: '[]', hidden: null, body: '', erased_at: now })
    .where('id', '=', id)

export const eraseSourceLog = (db: Db, id: string, reason: string): Statement =>
  db.q.updateTable('source_log').set({ reason }).where('id', '=', id)

/** A plugin reads its records by a schema, which an emptied one would not fit: they go. */
export const deleteRecord = (db: Db, [slug, site, collection, id]: readonly string[]): Statement[] =>
  (['plugin_record', 'plugin_index'] as const).map((table) =>
    sql`delete from ${sql.table(table)} where slug = ${slug} and site_id = ${site} and collection = ${collection}
      and id = ${id}`.compile(db.q),
  )

export const eraseFault = (db: Db, id: string, message: string): Statement =>
  db.q.updateTable('plugin_fault').set({ message, stack: '' }).where('id', '=', id)

export const eraseMailError = (db: Db, id: string, user: string, error: string): Statement =>
  db.q.updateTable('mail').set({ error }).where('id', '=', id).where('user_id', '=', user)
