import { sql, type CompiledQuery } from 'kysely'
import type { Db, Statement } from '../db.ts'
import { must } from '../must.ts'
import { prepared, rowFields } from '../prepared.ts'
import { anyOf } from '../rows.ts'
import type { RedeliveryTable } from '../schema.ts'
import { isGuarded } from './guards.ts'

/**
 * One more attempt of a delivery that is not on the wire: due at once, in front of all that waits at its webhook, and
 * outside its schedule, which is kept aside. It takes hold while the webhook works, nobody redelivers it already, it was
 * not erased, and it waits neither with a batch nor for a guard.
 */
export const redeliver = (db: Db, id: string, now: number): CompiledQuery =>
  sql`update delivery set resume_state = state, resume_at = due_at, state = 'retrying', batch_id = null, reason = null,
      due_at = coalesce((select min(d.due_at) - 1 from delivery as d
        where d.webhook_id = delivery.webhook_id and d.due_at <= cast(${now} as bigint)), cast(${now} as bigint))
    where id = ${id} and test = 0 and state <> 'delivering' and resume_state is null
      and not (batch_id is not null and (state in ('pending', 'retrying') or (state = 'held' and batch_id <> '')))
      and not ${isGuarded} and erased_at is null
      and exists (select 1 from webhook where webhook.id = delivery.webhook_id and webhook.state in ('active', 'failing'))`.compile(
    db.q,
  )

/** In front of `redeliver`, behind the entries of the audit log: nobody was quicker. */
export const mustNotBeRedelivered = (db: Db, ids: readonly string[]): Statement =>
  must(db, sql`exists (select 1 from delivery where id in ${anyOf(db, ids)} and resume_state is not null)`)

/** Behind `redeliver`: it took hold of each of them. */
export const mustBeRedelivered = (db: Db, ids: readonly string[]): Statement =>
  must(db, sql`exists (select 1 from delivery where id in ${anyOf(db, ids)} and resume_state is null)`)

/** As many deliveries go back to work in one step. */
const REDELIVERY_STEP = 200

export const redeliveryById = (db: Db, id: string): Promise<RedeliveryTable | undefined> =>
  db.q.selectFrom('redelivery').selectAll().where('id', '=', id).executeTakeFirst()

export const runningRedeliveries = (db: Db): Promise<RedeliveryTable[]> =>
  db.q
    .selectFrom('redelivery')
    .selectAll()
    .where('state', '=', sql.lit('running'))
    .orderBy('created_at')
    .limit(20)
    .execute()

/** The one that runs for a webhook. Few run at once, so that all of them are looked at. */
export const runningOf = (db: Db, webhookId: string): Promise<RedeliveryTable | undefined> =>
  db.q
    .selectFrom('redelivery')
    .selectAll()
    .where('state', '=', sql.lit('running'))
    .where('webhook_id', '=', webhookId)
    .orderBy('created_at')
    .limit(1)
    .executeTakeFirst()

/** The failed deliveries of a webhook's real events since a time: how many, and from which number to which. */
export async function failedSince(
  db: Db,
  webhookId: string,
  since: number,
): Promise<{ total: number; first: number; last: number }> {
  const row = await db.q
    .selectFrom('delivery')
    .select((eb) => [eb.fn.countAll<number>().as('total'), eb.fn.min('seq').as('first'), eb.fn.max('seq').as('last')])
    .where('webhook_id', '=', webhookId)
    .where('state', '=', 'failed')
    .where('batch_id', 'is', null)
    .where('test', '=', 0)
    .where('created_at', '>=', since)
    .where('erased_at', 'is', null)
    .executeTakeFirstOrThrow()
  return { total: Number(row.total), first: Number(row.first ?? 0), last: Number(row.last ?? 0) }
}

/** The next failed ones of a redelivery, in the order of their events. */
export const nextFailed = (db: Db, run: RedeliveryTable): Promise<{ id: string; seq: number }[]> =>
  db.q
    .selectFrom('delivery')
    .select(['id', 'seq'])
    .where('webhook_id', '=', run.webhook_id)
    .where('seq', '>', run.after_seq)
    .where('seq', '<=', run.until_seq)
    .where('state', '=', 'failed')
    .where('batch_id', 'is', null)
    .where('test', '=', 0)
    .where('erased_at', 'is', null)
    .orderBy('seq')
    .limit(REDELIVERY_STEP)
    .execute()

/** Rows `{id, now}`: each failed one is due now, outside its schedule, while its webhook works. */
export const redeliverFailed = prepared((db, json) => {
  const of = rowFields(db, sql`r.value`)
  return sql`update delivery set resume_state = state, state = 'retrying', due_at = ${of('now', 'number')}, reason = null
    from ${db.dialect.rows(json)} as r
    where delivery.id = ${of('id')} and delivery.state = 'failed' and delivery.erased_at is null
      and exists (select 1 from webhook where webhook.id = delivery.webhook_id and webhook.state in ('active', 'failing'))`
})

export const insertRedelivery = (db: Db, run: RedeliveryTable): Statement => db.q.insertInto('redelivery').values(run)

/** A step of a redelivery, with how far it came; nothing when somebody stopped it meanwhile. */
export const advance = (
  db: Db,
  run: RedeliveryTable,
  step: { after: number; done: number; finished: boolean },
): Statement =>
  db.q
    .updateTable('redelivery')
    .set({ after_seq: step.after, done: step.done, ...(step.finished ? { state: 'finished' as const } : {}) })
    .where('id', '=', run.id)
    .where('state', '=', 'running')

export const stopRedelivery = (db: Db, id: string): Statement =>
  db.q.updateTable('redelivery').set({ state: 'stopped' }).where('id', '=', id).where('state', '=', 'running')
