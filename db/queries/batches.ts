import { sql } from 'kysely'
import type { Db, Statement } from '../db.ts'
import { must } from '../must.ts'
import { prepared, rowFields } from '../prepared.ts'

/** The webhooks whose events wait for a batch to close, found by hopping along the index as `dueWebhooks` does. */
export async function gatheringWebhooks(db: Db): Promise<string[]> {
  const found = await sql<{ id: string }>`
    with recursive hop(id) as (
      select (select min(webhook_id) from delivery where batch_id = '')
      union all
      select (select min(webhook_id) from delivery where batch_id = '' and webhook_id > hop.id)
        from hop where hop.id is not null
    )
    select hop.id as id from hop where hop.id is not null`.execute(db.q)
  return found.rows.map((row) => row.id)
}

/** As many events of one webhook are looked at in one tick: the rest follow in the next. */
export const MOST_GATHERED = 1000

/** The events that wait, in order, with the size of each in the webhook's format. */
export const gathered = (db: Db, webhookId: string) =>
  db.q
    .selectFrom('delivery')
    .innerJoin('event', 'event.id', 'delivery.event_id')
    .innerJoin('webhook', 'webhook.id', 'delivery.webhook_id')
    .leftJoin('site', 'site.id', 'delivery.site_id')
    .leftJoin('body', (join) =>
      join.onRef('body.owner_id', '=', 'delivery.event_id').onRef('body.format_key', '=', 'webhook.format'),
    )
    .select([
      'delivery.id',
      'delivery.seq',
      'delivery.event_id',
      'delivery.site_id',
      'delivery.type',
      'delivery.created_at',
    ])
    .select(['event.payload', 'event.occurred_at'])
    .select((eb) => eb.fn.coalesce('site.slug', 'delivery.site_id').as('site_slug'))
    .select(sql<number>`length(coalesce(body.text, event.payload))`.as('bytes'))
    .where('delivery.batch_id', '=', '')
    .where('delivery.webhook_id', '=', webhookId)
    .where('delivery.state', '=', sql.lit('pending'))
    .orderBy('delivery.seq')
    .limit(MOST_GATHERED)
    .execute()
export type Gathered = Awaited<ReturnType<typeof gathered>>[number]

/** Rows `{id, batch}`: waiting events that become members. */
const joinBatch = prepared((db, json) => {
  const of = rowFields(db, sql`r.value`)
  return sql`update delivery set batch_id = ${of('batch')} from ${db.dialect.rows(json)} as r
    where delivery.id = ${of('id')} and delivery.batch_id = '' and delivery.state = 'pending'`
})

/** Closes a batch over exactly these members; the commit fails when another process was faster with one of them. */
export const closeBatch = (
  db: Db,
  batch: { id: string; webhook: string; site: string; seq: number; format: string; text: string; now: number },
  members: readonly string[],
): Statement[] => [
  joinBatch(
    db,
    members.map((id) => ({ id, batch: batch.id })),
  ),
  must(db, sql`(select count(*) from delivery where batch_id = ${batch.id}) <> ${members.length}`),
  db.q.insertInto('body').values({ owner_id: batch.id, format_key: batch.format, text: batch.text }),
  db.q.insertInto('delivery').values({
    id: batch.id,
    seq: batch.seq,
    event_id: batch.id,
    webhook_id: batch.webhook,
    site_id: batch.site,
    type: 'batch',
    test: 0,
    state: 'pending',
    attempts: 0,
    due_at: batch.now,
    lease_owner: null,
    last_outcome: null,
    last_status: null,
    reason: null,
    resume_state: null,
    resume_at: null,
    batch_id: null,
    first_attempt_at: null,
    created_at: batch.now,
    finished_at: null,
  }),
]

/** The events of a batch, in order, for showing it. */
export const membersOf = (db: Db, batchId: string) =>
  db.q
    .selectFrom('delivery')
    .select(['id', 'event_id', 'type', 'state', 'created_at'])
    .where('batch_id', '=', batchId)
    .orderBy('seq')
    .limit(200)
    .execute()
