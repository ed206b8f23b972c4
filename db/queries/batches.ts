import { sql } from 'kysely'
import type { Db, Statement } from '../db.ts'
import { hopsAlong } from '../hop.ts'
import { must } from '../must.ts'
import { prepared, rowFields } from '../prepared.ts'
import { anyOf } from '../rows.ts'
import { settleMembers } from './dispatch.ts'

/** The webhooks whose events wait for a batch to close, found by hopping along their index. */
export async function gatheringWebhooks(db: Db): Promise<string[]> {
  const found = await sql<{ id: string }>`${hopsAlong('delivery', 'webhook_id', sql`batch_id = ''`)}
    select value as id from hop where value is not null`.execute(db.q)
  return found.rows.map((row) => row.id)
}

/** Whether an event of this webhook waits for a batch. */
export async function isGathering(db: Db, webhookId: string): Promise<boolean> {
  const row = await db.q
    .selectFrom('delivery')
    .select('id')
    .where('batch_id', '=', '')
    .where('webhook_id', '=', webhookId)
    .where('state', '=', sql.lit('pending'))
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

/** As many events of one webhook are looked at in one tick: the rest follow in the next. */
const MOST_GATHERED = 1000

/**
 * Events of a webhook, and the size of each in the webhook's format, in bytes: a text's length would be in letters. What
 * they hold is not read, because whoever gathers looks at them again and again.
 */
const events = (db: Db) =>
  db.q
    .selectFrom('delivery')
    .innerJoin('event', 'event.id', 'delivery.event_id')
    .innerJoin('webhook', 'webhook.id', 'delivery.webhook_id')
    .leftJoin('body', (join) =>
      join.onRef('body.owner_id', '=', 'delivery.event_id').onRef('body.format_key', '=', 'webhook.format'),
    )
    .select(['delivery.id', 'delivery.seq', 'delivery.site_id', 'delivery.created_at'])
    .select(sql<number>`octet_length(coalesce(body.text, event.payload))`.as('bytes'))
    .orderBy('delivery.seq')

/** The events that wait for their batch to close, in order. */
export const gathered = (db: Db, webhookId: string) =>
  events(db)
    .where('delivery.batch_id', '=', '')
    .where('delivery.webhook_id', '=', webhookId)
    .where('delivery.state', '=', sql.lit('pending'))
    .limit(MOST_GATHERED)
    .execute()
export type Gathered = Awaited<ReturnType<typeof gathered>>[number]

/** The events of a closed batch, in order. */
export const gatheredIn = (db: Db, batchId: string): Promise<Gathered[]> =>
  events(db).where('delivery.batch_id', '=', batchId).execute()

/** What the events of these deliveries hold, by the delivery's id. */
export async function contentsOf(db: Db, ids: readonly string[]) {
  const rows = await db.q
    .selectFrom('delivery')
    .innerJoin('event', 'event.id', 'delivery.event_id')
    .leftJoin('site', 'site.id', 'delivery.site_id')
    .select(['delivery.id', 'event.id as event_id', 'event.type', 'event.occurred_at', 'event.payload'])
    .select((eb) => eb.fn.coalesce('site.slug', 'delivery.site_id').as('site_slug'))
    .where('delivery.id', 'in', anyOf(db, ids))
    .execute()
  return new Map(rows.map((row) => [row.id, row]))
}

/** A batch that closes over exactly these members. */
export interface NewBatch {
  readonly id: string
  readonly webhook: string
  readonly site: string
  readonly seq: number
  readonly format: string
  readonly text: string
  readonly now: number
  readonly members: readonly string[]
  readonly halfOf: string | null
}

/** Rows `{id, batch}`: waiting events that become members. */
const joinBatch = prepared((db, json) => {
  const of = rowFields(db, sql`r.value`)
  return sql`update delivery set batch_id = ${of('batch')} from ${db.dialect.rows(json)} as r
    where delivery.id = ${of('id')} and delivery.batch_id = '' and delivery.state = 'pending'`
})

/** Rows `{id, batch, from, attempts}`: members go over from a batch that ended with this attempt. */
const moveOver = prepared((db, json) => {
  const of = rowFields(db, sql`r.value`)
  return sql`update delivery set batch_id = ${of('batch')} from ${db.dialect.rows(json)} as r
    where delivery.id = ${of('id')} and delivery.batch_id = ${of('from')} and exists (
      select 1 from delivery b where b.id = ${of('from')} and b.state = 'cancelled'
        and b.attempts = ${of('attempts', 'number')})`
})

/** The batch itself and its bytes, where it has members. It waits with its webhook, if that is switched off. */
const insertBatch = (db: Db, { id, webhook, site, seq, format, text, now, halfOf }: NewBatch): Statement[] => [
  sql`insert into body (owner_id, format_key, text) select ${id}, ${format}, ${text}
    where exists (select 1 from delivery where batch_id = ${id})`.compile(db.q),
  sql`insert into delivery (id, seq, event_id, webhook_id, site_id, type, test, state, attempts, due_at, reason, half_of, created_at)
    select ${id}, cast(${seq} as bigint), ${id}, w.id, ${site}, 'batch', 0,
      case when w.state in ('active', 'failing') then 'pending' else 'held' end, 0,
      case when w.state in ('active', 'failing') then cast(${now} as bigint) end, w.state_reason, ${halfOf}, cast(${now} as bigint)
    from webhook w where w.id = ${webhook} and exists (select 1 from delivery where batch_id = ${id})`.compile(db.q),
]

/** Closes a batch; the commit fails when another process was faster with one of its members. */
export const closeBatch = (db: Db, batch: NewBatch): Statement[] => [
  joinBatch(
    db,
    batch.members.map((id) => ({ id, batch: batch.id })),
  ),
  must(db, sql`(select count(*) from delivery where batch_id = ${batch.id}) <> ${batch.members.length}`),
  ...insertBatch(db, batch),
]

/** Puts members of a batch that ended, with this count of attempts, into a new one. Nothing happens unless it did. */
export const rebatch = (db: Db, batch: NewBatch, from: { id: string; attempts: number }): Statement[] => [
  moveOver(
    db,
    batch.members.map((id) => ({ id, batch: batch.id, from: from.id, attempts: from.attempts })),
  ),
  ...insertBatch(db, batch),
  settleMembers(db, [{ delivery: batch.id }]),
]

/** The events of a batch, in order, for showing it. */
export const membersOf = (db: Db, batchId: string) =>
  db.q
    .selectFrom('delivery')
    .leftJoin('site', 'site.id', 'delivery.site_id')
    .select(['delivery.id', 'delivery.event_id', 'delivery.type', 'delivery.state', 'delivery.created_at'])
    .select((eb) => eb.fn.coalesce('site.slug', 'delivery.site_id').as('site_slug'))
    .where('delivery.batch_id', '=', batchId)
    .orderBy('delivery.seq')
    .limit(200)
    .execute()

/** Rows `{id, reason}`: events that wait for a batch, or fell out of one, are held. */
const holdRows = prepared((db, json) => {
  const of = rowFields(db, sql`r.value`)
  return sql`update delivery set state = 'held', batch_id = '', due_at = null, reason = ${of('reason')}
    from ${db.dialect.rows(json)} as r where delivery.id = ${of('id')} and delivery.state in ('pending', 'retrying')`
})

/** Their batch cannot be made for now. */
export const holdLoose = (db: Db, events: readonly { readonly id: string }[], reason: string): Statement[] => [
  holdRows(
    db,
    events.map(({ id }) => ({ id, reason })),
  ),
]
