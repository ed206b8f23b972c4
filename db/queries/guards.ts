import { sql } from 'kysely'
import type { Db, Statement } from '../db.ts'
import { hopsAlong } from '../hop.ts'
import { prepared, rowFields } from '../prepared.ts'
import type { GuardHoldTable, PluginGuardTable } from '../schema.ts'
import { SENDING_OFF } from './outbox.ts'
import { SITE_ARCHIVED } from './site-state.ts'

/** Written so that no index knows it: the event leads to its few deliveries, `held` to all that are held anywhere. */
const isHeld = sql`coalesce(delivery.state, '') = 'held'`

/** Whether a delivery, the row at hand, is held by a guard. */
export const isGuarded = sql`exists (select 1 from guard_hold where guard_hold.event_id = delivery.event_id)`

export const pluginGuards = (db: Db): Promise<PluginGuardTable[]> =>
  db.q.selectFrom('plugin_guard').selectAll().orderBy('handler').execute()

export const keepGuard = (db: Db, guard: PluginGuardTable): Statement =>
  db.q
    .insertInto('plugin_guard')
    .values(guard)
    .onConflict((oc) => oc.column('handler').doUpdateSet({ title: guard.title, on_by_default: guard.on_by_default }))

/** A guard that its plugin does not register any more guards nothing. */
export const forgetGuard = (db: Db, handler: string): Statement =>
  db.q.deleteFrom('plugin_guard').where('handler', '=', handler)

export async function guardOf(db: Db, eventId: string): Promise<string | null> {
  const row = await db.q.selectFrom('guard_hold').select('handler').where('event_id', '=', eventId).executeTakeFirst()
  return row?.handler ?? null
}

/** Rows `{event, handler, reason, due}`: events that wait for a guard, where they were stored. */
export const insertHolds = prepared((db, json) => {
  const of = rowFields(db, sql`r.value`)
  return sql`insert into guard_hold (event_id, handler, reason, due_at)
    select e.id, ${of('handler')}, ${of('reason')}, ${of('due', 'number')}
    from ${db.dialect.rows(json)} as r join event e on e.id = ${of('event')}`
})

/** An event that waits for a guard, with what it takes to ask again. */
export interface HeldEvent extends GuardHoldTable {
  readonly type: string
  readonly site_id: string
  readonly payload: string
  readonly occurred_at: number
}

/** Events that wait for this guard, those first that were not asked about for longest. */
export const heldEvents = (db: Db, handler: string, now: number, limit: number): Promise<HeldEvent[]> =>
  db.q
    .selectFrom('guard_hold')
    .innerJoin('event', 'event.id', 'guard_hold.event_id')
    .selectAll('guard_hold')
    .select(['event.type', 'event.site_id', 'event.payload', 'event.occurred_at'])
    .where('guard_hold.handler', '=', handler)
    .where('guard_hold.due_at', '<=', now)
    .orderBy('guard_hold.due_at')
    .limit(limit)
    .execute()

/** How many events wait for this guard, counted to `most` at most. */
export async function countHolds(db: Db, handler: string, most: number): Promise<number> {
  const held = db.q.selectFrom('guard_hold').select('event_id').where('handler', '=', handler).limit(most)
  const row = await db.q
    .selectFrom(held.as('held'))
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  return Number(row.count)
}

/**
 * Rows `{event, now, off, retired}`: the guard is open, so deliveries that it held go out, unless something else keeps
 * them: a site that is archived, a webhook that is switched off (`retired` is its reason then), sending itself (`off`).
 */
const openHolds = prepared((db, json) => {
  const of = rowFields(db, sql`r.value`)
  const archived = sql`exists (select 1 from site where site.id = delivery.site_id and site.state = 'archived')`
  const off = sql`(${of('off', 'number')} = 1 or exists (select 1 from setting where name = 'sending' and value = 'off'))`
  const works = sql`w.state in ('active', 'failing')`
  const free = sql`(${works} and not ${archived} and not ${off})`
  return sql`update delivery set
      state = case when not ${free} then 'held' when delivery.attempts = 0 then 'pending' else 'retrying' end,
      due_at = case when ${free} and delivery.batch_id is null then ${of('now', 'number')} end,
      reason = case when ${archived} then ${sql.lit(SITE_ARCHIVED)}
        when not ${works} then coalesce(w.state_reason, ${of('retired')})
        when ${off} then ${sql.lit(SENDING_OFF)} end
    from ${db.dialect.rows(json)} as r, webhook w
    where delivery.event_id = ${of('event')} and ${isHeld} and w.id = delivery.webhook_id`
})

/** Rows `{event, reason, now}`: a guard refused them, so nothing of them is sent. */
const refuseHolds = prepared((db, json) => {
  const of = rowFields(db, sql`r.value`)
  return sql`update delivery set state = 'cancelled', finished_at = ${of('now', 'number')}, reason = ${of('reason')}
    from ${db.dialect.rows(json)} as r where delivery.event_id = ${of('event')} and ${isHeld}`
})

const rejectEvents = prepared((db, json) => {
  const of = rowFields(db, sql`r.value`)
  return sql`update event set rejected = ${of('reason')}
    from ${db.dialect.rows(json)} as r where event.id = ${of('event')}`
})

const endHolds = prepared((db, json) => {
  const of = rowFields(db, sql`r.value`)
  return sql`delete from guard_hold where event_id in (select ${of('event')} from ${db.dialect.rows(json)} as r)`
})

const keepHolds = prepared((db, json) => {
  const of = rowFields(db, sql`r.value`)
  return sql`update guard_hold set handler = ${of('handler')}, reason = ${of('reason')}, due_at = ${of('due', 'number')}
    from ${db.dialect.rows(json)} as r where guard_hold.event_id = ${of('event')}`
})

const sayWhyHeld = prepared((db, json) => {
  const of = rowFields(db, sql`r.value`)
  return sql`update delivery set reason = ${of('reason')}
    from ${db.dialect.rows(json)} as r where delivery.event_id = ${of('event')} and ${isHeld}`
})

/** What guards said about events that they held. Each list may be empty. */
export interface Answers {
  readonly opened: readonly string[]
  readonly refused: readonly { readonly event: string; readonly reason: string }[]
  readonly closed: readonly { event: string; handler: string; reason: string; due: number }[]
}

export function settleHolds(
  db: Db,
  { opened, refused, closed }: Answers,
  { now, off, retired }: { readonly now: number; readonly off: boolean; readonly retired: string },
): Statement[] {
  const rows = opened.map((event) => ({ event, now, off: off ? 1 : 0, retired }))
  const no = refused.map((one) => ({ ...one, now }))
  return [
    ...(rows.length > 0 ? [openHolds(db, rows)] : []),
    ...(no.length > 0 ? [refuseHolds(db, no), rejectEvents(db, no)] : []),
    ...(rows.length + no.length > 0 ? [endHolds(db, [...rows, ...no])] : []),
    ...(closed.length > 0 ? [keepHolds(db, closed), sayWhyHeld(db, closed)] : []),
  ]
}

/** The guards that events wait for, found by hopping along their index. */
export async function guardsThatHold(db: Db): Promise<string[]> {
  const found = await sql<{ handler: string }>`${hopsAlong('guard_hold', 'handler')}
    select value as handler from hop where value is not null`.execute(db.q)
  return found.rows.map(({ handler }) => handler)
}

/** Somebody decided about a plugin: its guards are asked again at once. */
export const askGuardsAgain = (db: Db, slug: string): Statement =>
  db.q
    .updateTable('guard_hold')
    .set({ due_at: 0 })
    .where('handler', 'in', db.q.selectFrom('plugin_guard').select('handler').where('slug', '=', slug))
