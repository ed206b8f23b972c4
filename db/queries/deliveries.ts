import { sql, type CompiledQuery } from 'kysely'
import type { Db } from '../db.ts'
import type { AttemptTable, DeliveryState, DeliveryTable } from '../schema.ts'

/** A delivery as lists show it: with the names of its webhook and site, where they still exist. */
export interface DeliveryRow extends DeliveryTable {
  readonly webhook_name: string | null
  readonly webhook_url: string | null
  readonly webhook_owner: string | null
  readonly site_slug: string
}

const deliveries = (db: Db) =>
  db.q
    .selectFrom('delivery')
    .leftJoin('webhook', 'webhook.id', 'delivery.webhook_id')
    .leftJoin('site', 'site.id', 'delivery.site_id')
    .selectAll('delivery')
    .select(['webhook.name as webhook_name', 'webhook.url as webhook_url', 'webhook.owner as webhook_owner'])
    .select((eb) => eb.fn.coalesce('site.slug', 'delivery.site_id').as('site_slug'))

export const deliveryById = (db: Db, id: string): Promise<DeliveryRow | undefined> =>
  deliveries(db).where('delivery.id', '=', id).executeTakeFirst()

export interface DeliveryFilter {
  /** `network` sees all; a site sees what its own webhooks did. */
  readonly owner: string
  readonly webhook?: string | undefined
  readonly event?: string | undefined
  readonly type?: string | undefined
  readonly state?: DeliveryState | undefined
  readonly siteId?: string | null | undefined
  readonly since?: number | null | undefined
  readonly until?: number | null | undefined
  readonly test?: boolean | null | undefined
  /** Only what stands behind this position in the list. */
  readonly before: { readonly seq: number; readonly id: string } | null
  readonly limit: number
}

/** Deliveries, newest event first. */
export function deliveriesBefore(db: Db, filter: DeliveryFilter): Promise<DeliveryRow[]> {
  return filtered(deliveries(db), filter)
    .orderBy('delivery.seq', 'desc')
    .orderBy('delivery.id', 'desc')
    .limit(filter.limit)
    .execute()
}

type Query = ReturnType<typeof deliveries>

function filtered(query: Query, filter: DeliveryFilter): Query {
  if (filter.owner !== 'network') query = query.where('webhook.owner', '=', filter.owner)
  if (filter.webhook) query = query.where('delivery.webhook_id', '=', filter.webhook)
  if (filter.event) query = query.where('delivery.event_id', '=', filter.event)
  if (filter.type) query = query.where('delivery.type', '=', filter.type)
  if (filter.state) query = query.where('delivery.state', '=', filter.state)
  if (filter.siteId) query = query.where('delivery.site_id', '=', filter.siteId)
  if (filter.since) query = query.where('delivery.created_at', '>=', filter.since)
  if (filter.until) query = query.where('delivery.created_at', '<', filter.until)
  if (filter.test === true || filter.test === false) query = query.where('delivery.test', '=', filter.test ? 1 : 0)
  if (filter.before) {
    const { seq, id } = filter.before
    query = query.where(sql<boolean>`(delivery.seq, delivery.id) < (${seq}, ${id})`)
  }
  return query
}

/** Logs can be endless, so counts stop here and pages say "1,000+". */
export const MOST_COUNTED = 1000

/** How many deliveries are in a state, counted to `MOST_COUNTED` + 1 at most. */
export async function countDeliveries(
  db: Db,
  filter: Pick<DeliveryFilter, 'owner' | 'webhook' | 'state'>,
): Promise<number> {
  let query = db.q
    .selectFrom('delivery')
    .select(sql<number>`1`.as('one'))
    .limit(MOST_COUNTED + 1)
  if (filter.state) query = query.where('state', '=', filter.state)
  if (filter.webhook) query = query.where('webhook_id', '=', filter.webhook)
  if (filter.owner !== 'network') {
    query = query.where('webhook_id', 'in', (eb) =>
      eb.selectFrom('webhook').select('id').where('owner', '=', filter.owner),
    )
  }
  const row = await db.q
    .selectFrom(query.as('few'))
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  return Number(row.count)
}

export const attemptsOf = (db: Db, deliveryId: string): Promise<AttemptTable[]> =>
  db.q.selectFrom('attempt').selectAll().where('delivery_id', '=', deliveryId).orderBy('number').execute()

/** The exact body of an event in a format, while it is kept. */
export async function bodyOf(db: Db, ownerId: string, formatKey: string): Promise<string | null> {
  const row = await db.q
    .selectFrom('body')
    .select('text')
    .where('owner_id', '=', ownerId)
    .where('format_key', '=', formatKey)
    .executeTakeFirst()
  return row?.text ?? null
}

/**
 * One more attempt of a delivery that is not on the wire: due now, outside its schedule, which is kept aside. Answers a
 * row when it took hold: the webhook works, and nobody redelivers it already.
 */
export const redeliver = (db: Db, id: string, now: number): CompiledQuery =>
  sql`update delivery set resume_state = state, resume_at = due_at, state = 'retrying', due_at = ${now}, reason = null
    where id = ${id} and test = 0 and state <> 'delivering' and resume_state is null
      and exists (select 1 from webhook where webhook.id = delivery.webhook_id and webhook.state in ('active', 'failing'))
    returning id`.compile(db.q)

/** Figures per hour since `since`, for charts. `webhook` null: of all webhooks of the owner. */
export function hourly(db: Db, filter: { owner: string; webhook: string | null; since: number }) {
  let query = db.q
    .selectFrom('delivery_hour')
    .select([
      'hour',
      (eb) => eb.fn.sum<number>('delivered').as('delivered'),
      (eb) => eb.fn.sum<number>('failed').as('failed'),
    ])
    .where('hour', '>=', filter.since)
    .groupBy('hour')
    .orderBy('hour')
  if (filter.webhook !== null) query = query.where('webhook_id', '=', filter.webhook)
  else if (filter.owner !== 'network') {
    query = query.where('webhook_id', 'in', (eb) =>
      eb.selectFrom('webhook').select('id').where('owner', '=', filter.owner),
    )
  }
  return query.execute()
}

/** Figures of the last hours per webhook, for the small lines in the list. */
export const hourlyOf = (db: Db, webhooks: readonly string[], since: number) =>
  db.q
    .selectFrom('delivery_hour')
    .selectAll()
    .where('webhook_id', 'in', webhooks)
    .where('hour', '>=', since)
    .orderBy('hour')
    .execute()
