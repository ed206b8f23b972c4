import { sql } from 'kysely'
import type { Db } from '../db.ts'
import { seqSince, seqUntil } from './log-range.ts'
import { anyOf } from '../rows.ts'
import type { AttemptTable, BodyTable, DeliveryState, DeliveryTable, WebhookState } from '../schema.ts'

/** A delivery as lists show it: with the names of its webhook and site, where they still exist. */
export interface DeliveryRow extends DeliveryTable {
  readonly webhook_name: string | null
  readonly webhook_url: string | null
  readonly webhook_owner: string | null
  readonly webhook_state: WebhookState | null
  readonly site_slug: string
  /** The guard that holds its event, or null. */
  readonly guard: string | null
}

/** As an owner sees them: a site has what its own webhooks sent, the network has all. */
const deliveries = (db: Db, owner = 'network') =>
  db.q
    .selectFrom('delivery')
    .leftJoin('webhook', 'webhook.id', 'delivery.webhook_id')
    .leftJoin('site', 'site.id', 'delivery.site_id')
    .leftJoin('guard_hold', 'guard_hold.event_id', 'delivery.event_id')
    .selectAll('delivery')
    .select('guard_hold.handler as guard')
    .select(['webhook.name as webhook_name', 'webhook.url as webhook_url'])
    .select(['webhook.owner as webhook_owner', 'webhook.state as webhook_state'])
    .select((eb) => eb.fn.coalesce('site.slug', 'delivery.site_id').as('site_slug'))
    .$if(owner !== 'network', (query) => query.where('webhook.owner', '=', owner))

export const deliveryById = (db: Db, id: string, owner = 'network'): Promise<DeliveryRow | undefined> =>
  deliveries(db, owner).where('delivery.id', '=', id).executeTakeFirst()

/** Those of these that the owner sees, in no order. */
export const deliveriesById = (db: Db, ids: readonly string[], owner: string): Promise<DeliveryRow[]> =>
  deliveries(db, owner).where('delivery.id', 'in', anyOf(db, ids)).execute()

export type AnswerClass = 0 | 2 | 3 | 4 | 5

export interface DeliveryFilter {
  /** `network` sees all; a site sees what its own webhooks did. */
  readonly owner: string
  readonly id?: string | undefined
  readonly webhook?: string | undefined
  readonly event?: string | undefined
  readonly type?: string | undefined
  readonly state?: DeliveryState | undefined
  /** The first digit of the last status, 0 where nobody answered: of what has not arrived, save for 2. */
  readonly answer?: AnswerClass | undefined
  readonly siteId?: string | null | undefined
  readonly since?: number | null | undefined
  readonly until?: number | null | undefined
  readonly test?: boolean | null | undefined
  /** Only what stands behind this position in the list. */
  readonly before: Position | null
  readonly limit: number
}

/** Where a delivery stands in the list. It never moves, whatever is added. */
export interface Position {
  readonly seq: number
  readonly id: string
}

/** Deliveries, newest event first. */
export function deliveriesBefore(db: Db, filter: DeliveryFilter): Promise<DeliveryRow[]> {
  return filtered(db, filter)
    .orderBy('delivery.seq', 'desc')
    .orderBy('delivery.id', 'desc')
    .limit(filter.limit)
    .execute()
}

/** The deliveries that stand just in front of a position, newest event first. */
export async function deliveriesAfter(
  db: Db,
  filter: Omit<DeliveryFilter, 'before'>,
  { seq, id }: Position,
): Promise<DeliveryRow[]> {
  const rows = await filtered(db, { ...filter, before: null })
    .where(sql<boolean>`(delivery.seq, delivery.id) > (${seq}, ${id})`)
    .orderBy('delivery.seq')
    .orderBy('delivery.id')
    .limit(filter.limit)
    .execute()
  return rows.toReversed()
}

type Query = ReturnType<typeof deliveries>

function filtered(db: Db, filter: DeliveryFilter): Query {
  let query = deliveries(db)
  if (filter.owner !== 'network') {
    query = query.where('delivery.webhook_id', 'in', webhooksOf(db, filter.owner))
    // The same again, as a site's webhooks get only its own events: where nothing narrows the log more, it is read by site.
    if (!isNarrow(filter)) query = query.where('delivery.site_id', '=', filter.owner)
  }
  if (filter.id) query = query.where('delivery.id', '=', filter.id)
  if (filter.webhook) query = query.where('delivery.webhook_id', '=', filter.webhook)
  if (filter.event) query = query.where('delivery.event_id', '=', filter.event)
  // Asked for an event, its own delivery is the answer.
  else query = query.where(notInBatch)
  if (filter.type) query = query.where('delivery.type', '=', filter.type)
  if (filter.state) query = query.where('delivery.state', '=', filter.state)
  if (filter.answer === 2) query = query.where('delivery.state', '=', 'delivered')
  else if (filter.answer !== undefined) query = query.where(answeredWith(filter.answer))
  if (filter.siteId) query = query.where('delivery.site_id', '=', filter.siteId)
  const seq = sql.ref('delivery.seq')
  if (filter.since) query = query.where('delivery.created_at', '>=', filter.since).where(seqSince(seq, filter.since))
  if (filter.until) query = query.where('delivery.created_at', '<', filter.until).where(seqUntil(seq, filter.until))
  if (filter.test !== null && filter.test !== undefined) {
    query = query.where('delivery.test', '=', sql.lit(filter.test ? 1 : 0))
  }
  if (filter.before) {
    const { seq, id } = filter.before
    query = query.where(sql<boolean>`(delivery.seq, delivery.id) < (${seq}, ${id})`)
  }
  return query
}

/** As the index on it says it, word by word. */
const answeredWith = (answer: AnswerClass) =>
  sql<boolean>`delivery.state in ('retrying', 'failed') and coalesce(delivery.last_status, 0) / 100 = ${sql.lit(answer)}`

/** A closed batch is shown, and counted, as one. */
const notInBatch = sql<boolean>`(delivery.batch_id is null or delivery.batch_id = '')`

/** Whether there is an index that finds less than all of a site. Nearly all of the log is `delivered`. */
const isNarrow = ({ id, webhook, event, type, state, answer }: Omit<DeliveryFilter, 'before'>): boolean =>
  Boolean(id || webhook || event || type) ||
  (state !== undefined && state !== 'delivered') ||
  (answer !== undefined && answer !== 2)

/** Logs can be endless, so counts stop here and pages say "1,000+". */
export const MOST_COUNTED = 1000

/** When the delivery that has waited longest for its first or next attempt came in, without what gathers into a batch; null when none waits. */
export async function oldestWaiting(db: Db, owner: string): Promise<number | null> {
  const oldest = (state: 'pending' | 'retrying') => {
    const query = db.q
      .selectFrom('delivery')
      .select('created_at')
      .where('state', '=', state)
      .where('batch_id', 'is', null)
      .orderBy('seq')
      .orderBy('id')
      .limit(1)
    return (owner === 'network' ? query : query.where('webhook_id', 'in', webhooksOf(db, owner))).executeTakeFirst()
  }
  const found = await Promise.all([oldest('pending'), oldest('retrying')])
  const times = found.flatMap((row) => (row ? [Number(row.created_at)] : []))
  return times.length > 0 ? Math.min(...times) : null
}

const webhooksOf = (db: Db, owner: string) => db.q.selectFrom('webhook').select('id').where('owner', '=', owner)

/** When the next attempt of a webhook is due, or the lease of one ends; null when none waits. */
export async function nextAttempt(db: Db, webhook: string): Promise<number | null> {
  const row = await db.q
    .selectFrom('delivery')
    .select('due_at')
    .where('webhook_id', '=', webhook)
    .where('due_at', 'is not', null)
    .orderBy('due_at')
    .limit(1)
    .executeTakeFirst()
  return row?.due_at ?? null
}

/** Of each webhook the delivery that waits longest, with what came of it so far: where one sees why the webhook fails. */
export async function longestWaiting(db: Db, webhooks: readonly string[]): Promise<Map<string, Waiting>> {
  const { rows } = await sql<Waiting>`select webhook_id, id, last_outcome, last_status from delivery where id in (
      select (select id from delivery where webhook_id = w.id and due_at is not null order by seq limit 1)
      from webhook w where w.id in ${anyOf(db, webhooks)})`.execute(db.q)
  return new Map(rows.map((row) => [row.webhook_id, row]))
}

export type Waiting = Pick<DeliveryTable, 'webhook_id' | 'id' | 'last_outcome' | 'last_status'>

/** How many deliveries are in a state, counted to `MOST_COUNTED` + 1 at most. */
export async function countDeliveries(
  db: Db,
  filter: Pick<DeliveryFilter, 'owner' | 'webhook' | 'state'>,
): Promise<number> {
  let query = db.q
    .selectFrom('delivery')
    .select(sql<number>`1`.as('one'))
    .where(notInBatch)
    .limit(MOST_COUNTED + 1)
  if (filter.state) query = query.where('state', '=', filter.state)
  if (filter.webhook) query = query.where('webhook_id', '=', filter.webhook)
  if (filter.owner !== 'network') {
    query = query.where('webhook_id', 'in', webhooksOf(db, filter.owner))
  }
  const row = await db.q
    .selectFrom(query.as('few'))
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  return Number(row.count)
}

export const attemptsOf = (db: Db, deliveryId: string): Promise<AttemptTable[]> =>
  db.q.selectFrom('attempt').selectAll().where('delivery_id', '=', deliveryId).orderBy('number').execute()

/** The exact bodies of an event, by format, while they are kept. */
export const bodiesOf = (db: Db, ownerId: string): Promise<BodyTable[]> =>
  db.q.selectFrom('body').selectAll().where('owner_id', '=', ownerId).orderBy('format_key').execute()

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
    query = query.where('webhook_id', 'in', webhooksOf(db, filter.owner))
  }
  return query.execute()
}

/** How long a webhook's attempts took, per hour since `since`, in the steps of server/webhooks/histogram.ts. */
export const durationsOf = (db: Db, webhook: string, since: number) =>
  db.q
    .selectFrom('delivery_hour_bucket')
    .select(['hour', 'bucket', 'attempts'])
    .where('webhook_id', '=', webhook)
    .where('hour', '>=', since)
    .execute()

/** Figures of the last hours per webhook, for the small lines in the list. */
export const hourlyOf = (db: Db, webhooks: readonly string[], since: number) =>
  db.q
    .selectFrom('delivery_hour')
    .selectAll()
    .where('webhook_id', 'in', anyOf(db, webhooks))
    .where('hour', '>=', since)
    .orderBy('hour')
    .execute()

/** How many deliveries of these events are in which state; a site counts those of its own webhooks. */
export async function statesOf(
  db: Db,
  events: readonly string[],
  owner: string,
): Promise<readonly { event_id: string; state: DeliveryState; count: number }[]> {
  if (events.length === 0) return []
  const query = db.q
    .selectFrom('delivery')
    .select(['event_id', 'state', (eb) => eb.fn.countAll<number>().as('count')])
    .where('event_id', 'in', anyOf(db, events))
    .groupBy(['event_id', 'state'])
  const rows = await (owner === 'network' ? query : query.where('webhook_id', 'in', webhooksOf(db, owner))).execute()
  return rows.map((row) => ({ ...row, count: Number(row.count) }))
}

/** The newest delivery of the same webhook and type that arrived, among the last thousand of the webhook before this one. */
export const lastDelivered = (
  db: Db,
  { webhook_id: webhook, type, seq, id }: Pick<DeliveryTable, 'webhook_id' | 'type' | 'seq' | 'id'>,
): Promise<{ id: string; event_id: string } | undefined> =>
  db.q
    .selectFrom(
      db.q
        .selectFrom('delivery')
        .select(['id', 'event_id', 'type', 'state', 'seq'])
        .where('webhook_id', '=', webhook)
        .where(sql<boolean>`(seq, id) < (${seq}, ${id})`)
        .where('erased_at', 'is', null)
        .orderBy('seq', 'desc')
        .orderBy('id', 'desc')
        .limit(MOST_COUNTED)
        .as('lately'),
    )
    .select(['id', 'event_id'])
    .where('state', '=', 'delivered')
    .where('type', '=', type)
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst()
