import { sql } from 'kysely'
import type { Db } from '../db.ts'
import { hopsAlong } from '../hop.ts'
import type { WebhookState, WebhookTable } from '../schema.ts'
import { MOST_COUNTED } from './deliveries.ts'

/** What is due at a webhook for the longest time. */
interface Overdue {
  readonly id: string
  readonly name: string
  readonly due_at: number
  /** Whether it is only slow because it was asked to be: one after the other, or so many a second. */
  readonly throttled: number
}

/**
 * The delivery that is due for the longest time, of the webhooks that nothing holds back: those with an open breaker have a
 * row of their own. Found by hopping along their index, so that a backlog costs nothing.
 */
export async function longestDue(db: Db, now: number): Promise<Overdue | null> {
  const found = await sql<Overdue>`${hopsAlong('delivery', 'webhook_id', sql`due_at is not null`)}
    select w.id as id, w.name as name,
      case when w.ordered = 1 or w.rate_per_second is not null then 1 else 0 end as throttled,
      (select min(due_at) from delivery where webhook_id = w.id and due_at is not null) as due_at
    from hop join webhook w on w.id = hop.value where w.breaker_until is null
    order by 4 limit 1`.execute(db.q)
  const row = found.rows[0]
  return row && Number(row.due_at) <= now ? { ...row, due_at: Number(row.due_at) } : null
}

/** As many webhooks are named in a row of the page; how many more there are is not told. */
export const MOST_NAMED = 5

type Named = Pick<WebhookTable, 'id' | 'name' | 'url' | 'state_reason' | 'consecutive_failures' | 'failing_since'>

const named = (db: Db) =>
  db.q
    .selectFrom('webhook')
    .select(['id', 'name', 'url', 'state_reason', 'consecutive_failures', 'failing_since', 'breaker_until'])
    .orderBy('name')
    .limit(MOST_NAMED + 1)

/** The webhooks in this state, but for those that wait for a person or a site as they should. */
export const webhooksIn = (db: Db, state: WebhookState, expected: readonly string[] = []): Promise<Named[]> =>
  named(db)
    .where('state', '=', state)
    .where((eb) =>
      eb.or([eb('state_reason', 'is', null), ...(expected.length > 0 ? [eb('state_reason', 'not in', expected)] : [])]),
    )
    .execute()

/** The webhooks whose receiver is spared, because it failed too often in a row. */
export const openBreakers = (db: Db) =>
  named(db).where('breaker_until', 'is not', null).where('state', 'in', ['active', 'failing']).execute()

/** The webhooks that post without https; those below `inside` never leave the process. */
export const insecureWebhooks = (db: Db, inside: string) =>
  named(db)
    .where('url', 'like', 'http://%')
    .where('url', 'not like', `${inside}%`)
    .where('state', '<>', 'retired')
    .execute()

/** When the newest event came in; null when there is none. */
export async function newestEventAt(db: Db): Promise<number | null> {
  const row = await db.q.selectFrom('event').select('created_at').orderBy('seq', 'desc').limit(1).executeTakeFirst()
  return row ? Number(row.created_at) : null
}

/** How many wait for what, each counted to `MOST_COUNTED` + 1 at most. */
export async function queueCounts(db: Db): Promise<{ due: number; retrying: number; batched: number; held: number }> {
  const few = (condition: ReturnType<typeof sql>) =>
    sql<number>`(select count(*) from (select 1 from delivery where ${condition} limit ${sql.lit(MOST_COUNTED + 1)}) as few)`
  const found = await sql<{ due: number; retrying: number; batched: number; held: number }>`select
    ${few(sql`state = 'pending' and batch_id is null`)} as due,
    ${few(sql`state = 'retrying' and batch_id is null`)} as retrying,
    ${few(sql`batch_id = '' and state = 'pending'`)} as batched,
    ${few(sql`state = 'held'`)} as held`.execute(db.q)
  const row = found.rows[0]
  const count = (value: number | undefined) => Number(value ?? 0)
  return { due: count(row?.due), retrying: count(row?.retrying), batched: count(row?.batched), held: count(row?.held) }
}

/** The size of the database in bytes; null where it does not tell (D1 refuses to). */
export async function databaseBytes(db: Db): Promise<number | null> {
  const size =
    db.dialect.name === 'postgres'
      ? sql<{ bytes: number }>`select pg_database_size(current_database()) as bytes`
      : sql<{ bytes: number }>`select page_count * page_size as bytes from pragma_page_count(), pragma_page_size()`
  try {
    return Number((await size.execute(db.q)).rows[0]?.bytes ?? 0) || null
  } catch {
    return null
  }
}
