import { sql, type CompiledQuery } from 'kysely'
import type { Db } from '../db.ts'
import { hopsAlong } from '../hop.ts'
import { eachRow, prepared, preparedRead, rowFields } from '../prepared.ts'
import { anyOf } from '../rows.ts'
import type { DeliveryState, WebhookTable } from '../schema.ts'

/** A delivery that was claimed, with all that sending it takes. */
export interface ClaimedDelivery {
  readonly id: string
  readonly event_id: string
  readonly webhook_id: string
  readonly site_id: string
  readonly type: string
  readonly attempts: number
  readonly created_at: number
  readonly first_attempt_at: number | null
  readonly resume_state: DeliveryState | null
  readonly resume_at: number | null
  readonly half_of: string | null
}

// A bare parameter in a comparison makes SQLite look at its value and plan anew each time; a cast is not looked at.

/**
 * The webhooks that have a delivery due, found by hopping along the index from one webhook to the next: the cost is the
 * number of webhooks with open deliveries, whatever the backlog.
 */
export async function dueWebhooks(db: Db, now: number): Promise<string[]> {
  const found = await sql<{ id: string }>`${hopsAlong('delivery', 'webhook_id', sql`due_at is not null`)}
    select value as id from hop where value is not null and exists (
      select 1 from delivery where webhook_id = hop.value and due_at <= cast(${now} as bigint))`.execute(db.q)
  return found.rows.map((row) => row.id)
}

/** When the next delivery is due that is not due yet, in milliseconds UTC; null when none waits. The cost is that of `dueWebhooks`. */
export async function nextDue(db: Db, now: number): Promise<number | null> {
  const found = await sql<{ due: number | null }>`${hopsAlong('delivery', 'webhook_id', sql`due_at is not null`)}
    select min((select min(due_at) from delivery where webhook_id = hop.value and due_at > cast(${now} as bigint))) as due
    from hop where value is not null`.execute(db.q)
  return found.rows[0]?.due ?? null
}

/**
 * Claims up to `limit` due deliveries of a webhook, oldest due first. A claim moves `due_at` to the end of the lease: a
 * claim whose owner died is simply due again.
 */
export const claimDue = (
  db: Db,
  claim: { webhook: string; limit: number; now: number; lease: number; owner: string },
): CompiledQuery =>
  sql`update delivery set state = 'delivering', due_at = ${claim.lease}, lease_owner = ${claim.owner}
    where id in (
      select id from delivery where webhook_id = cast(${claim.webhook} as text) and due_at <= cast(${claim.now} as bigint)
      order by due_at limit ${claim.limit} ${db.dialect.claimLock})
    returning id, event_id, webhook_id, site_id, type, attempts, created_at, first_attempt_at, resume_state, resume_at, half_of`.compile(
    db.q,
  )

/**
 * The same for a webhook that wants strict order: only the head of its line can be claimed, and only when it is due. What
 * was asked for by hand stands outside the order, and in front by its time (`redeliver`).
 * No row is locked before the update: who waited for another process looks at the row again, and never at the next one.
 */
export const claimHead = (
  db: Db,
  claim: { webhook: string; now: number; lease: number; owner: string },
): CompiledQuery => {
  const webhook = sql`webhook_id = cast(${claim.webhook} as text)`
  const isDue = sql`due_at <= cast(${claim.now} as bigint)`
  return sql`update delivery set state = 'delivering', due_at = ${claim.lease}, lease_owner = ${claim.owner}
    where ${isDue} and id = coalesce(
      (select id from (select id, resume_state from delivery where ${webhook} and ${isDue} order by due_at limit 1) as first
        where resume_state is not null),
      (select id from delivery where ${webhook} and due_at is not null order by seq limit 1))
    returning id, event_id, webhook_id, site_id, type, attempts, created_at, first_attempt_at, resume_state, resume_at, half_of`.compile(
    db.q,
  )
}

/** What a delivery carries. `payload` and `occurred_at` are null for a batch, whose body always stands. */
export interface Contents {
  readonly id: string
  readonly payload: string | null
  readonly occurred_at: number | null
  readonly hops: number
  /** Of a batch null: its events may belong to several. */
  readonly trace: string | null
  readonly site_slug: string
  readonly body: string | null
  /** The format of `body`. A batch that is closed keeps its own, whatever its webhook has now. */
  readonly body_format: string | null
}

/** What claimed deliveries carry: the event and, where it was stored, the exact body in the webhook's format. */
export async function contentsOf(db: Db, ids: readonly string[]): Promise<Map<string, Contents>> {
  const found = await db.q
    .selectFrom('delivery')
    .leftJoin('event', 'event.id', 'delivery.event_id')
    .innerJoin('webhook', 'webhook.id', 'delivery.webhook_id')
    .leftJoin('site', 'site.id', 'delivery.site_id')
    .leftJoin('body', (join) =>
      // A batch has one body only, made when it closed, whatever format its webhook has now.
      join
        .onRef('body.owner_id', '=', 'delivery.event_id')
        .on((eb) => eb.or([eb('body.format_key', '=', eb.ref('webhook.format')), eb('delivery.type', '=', 'batch')])),
    )
    .select(['delivery.id', 'event.payload', 'event.occurred_at', 'event.trace', 'body.text as body'])
    .select('body.format_key as body_format')
    .select(
      sql<number>`coalesce(event.hops, (select max(e.hops) from delivery m join event e on e.id = m.event_id
      where m.batch_id = delivery.id), 0)`.as('hops'),
    )
    .select((eb) => eb.fn.coalesce('site.slug', 'delivery.site_id').as('site_slug'))
    .where('delivery.id', 'in', anyOf(db, ids))
    .execute()
  return new Map(found.map((row) => [row.id, row]))
}

export const webhookRows = (db: Db, ids: readonly string[]): Promise<WebhookTable[]> =>
  db.q.selectFrom('webhook').selectAll().where('id', 'in', anyOf(db, ids)).execute()

/** Rows of attempts, each only while its delivery is still leased to us at this count: a zombie records nothing. */
export const insertAttempts = eachRow(
  ({
    andFrom,
    of,
  }) => sql`insert into attempt (id, delivery_id, number, started_at, duration_ms, outcome, status, error, request_headers,
      response_headers, response_body, body_truncated, redelivery, url, format)
    select ${of('id')}, d.id, ${of('number', 'number')}, ${of('started', 'number')}, ${of('duration', 'number')},
      ${of('outcome')}, ${of('status', 'number')}, ${of('error')}, ${of('request_headers')}, ${of('response_headers')},
      ${of('response_body')}, ${of('truncated', 'number')}, ${of('redelivery', 'number')}, ${of('url')},
      ${of('format')}
    from delivery d ${andFrom}
    where d.id = ${of('delivery')} and d.lease_owner = ${of('owner')} and d.attempts = ${of('number', 'number')} - 1`,
)

/**
 * Rows of decisions, under the same condition as the attempts. What would be due again is held where the webhook was
 * switched off meanwhile, and cancelled where it is gone.
 */
export const updateDeliveries = eachRow(({ from, of }) => {
  const due = of('due', 'number')
  const webhook = sql`(select w.state from webhook w where w.id = delivery.webhook_id)`
  return sql`update delivery set state = case
        when ${due} is null or ${webhook} in ('active', 'failing') then ${of('state')}
        when ${webhook} is null then 'cancelled'
        else 'held' end,
      due_at = case when ${due} is not null and ${webhook} in ('active', 'failing') then ${due} end,
      attempts = ${of('count', 'number')}, lease_owner = null, last_outcome = ${of('outcome')},
      last_status = ${of('status', 'number')}, reason = ${of('reason')}, resume_state = null, resume_at = null,
      first_attempt_at = coalesce(first_attempt_at, ${of('started', 'number')}), finished_at = ${of('finished', 'number')}
    ${from}
    where delivery.id = ${of('delivery')} and delivery.lease_owner = ${of('owner')} and delivery.attempts = ${of('number', 'number')} - 1`
})

/** Rows of decisions: members of batches among them become what their batch is now. */
export const settleMembers = prepared((db, json) => {
  const of = rowFields(db, sql`r.value`)
  return sql`update delivery set state = b.state, attempts = b.attempts, last_outcome = b.last_outcome,
      last_status = b.last_status, reason = b.reason, first_attempt_at = b.first_attempt_at, finished_at = b.finished_at
    from ${db.dialect.rows(json)} as r join delivery b on b.id = ${of('delivery')}
    where delivery.batch_id = b.id`
})

/** Rows `{webhook, hour, delivered, failed}`, added to the hour's figures. One row per webhook and hour in a list. */
export const addToHours = eachRow(
  ({ from, of }) => sql`insert into delivery_hour (webhook_id, hour, delivered, failed)
    select ${of('webhook')}, ${of('hour', 'number')}, ${of('delivered', 'number')}, ${of('failed', 'number')}
    ${from} where true
    on conflict (webhook_id, hour) do update set
      delivered = delivery_hour.delivered + excluded.delivered, failed = delivery_hour.failed + excluded.failed`,
)

/** Rows `{webhook, hour, bucket, attempts}`, added to what the hour's attempts took. One row per step in a list. */
export const addToBuckets = eachRow(
  ({ from, of }) => sql`insert into delivery_hour_bucket (webhook_id, hour, bucket, attempts)
    select ${of('webhook')}, ${of('hour', 'number')}, ${of('bucket', 'number')}, ${of('attempts', 'number')}
    ${from} where true
    on conflict (webhook_id, hour, bucket) do update set attempts = delivery_hour_bucket.attempts + excluded.attempts`,
)

export interface HealthRow extends Pick<
  WebhookTable,
  | 'id'
  | 'name'
  | 'owner'
  | 'origin'
  | 'url'
  | 'state'
  | 'consecutive_failures'
  | 'failing_since'
  | 'last_delivered_at'
  | 'breaker_until'
  | 'breaker_step'
  | 'breaker_streak'
> {
  /** The attempts that failed in this hour and the one before, if any did since the last that delivered. */
  readonly recent: number
}

const factsSince = preparedRead<HealthRow>((db, json) => {
  const of = rowFields(db, sql`r.value`)
  return sql`select w.id, w.name, w.owner, w.origin, w.url, w.state, w.consecutive_failures, w.failing_since,
      w.last_delivered_at, w.breaker_until, w.breaker_step, w.breaker_streak,
      case when w.failing_since is null then 0 else (select coalesce(sum(failed), 0) from delivery_hour
        where webhook_id = w.id and hour >= ${of('hour', 'number')}) end as recent
    from ${db.dialect.rows(json)} as r join webhook w on w.id = ${of('id')}
    where ${of('failed', 'number')} = 1 or not (w.state = 'active' and w.consecutive_failures = 0 and w.failing_since is null
      and w.breaker_until is null and w.breaker_step = 0 and w.breaker_streak = 0)`
})

/**
 * What health and breaker are judged by. Where no attempt `failed`, only of webhooks with which something was wrong before:
 * of most there is nothing to be read.
 */
export const healthFacts = (
  db: Db,
  webhooks: readonly { readonly id: string; readonly failed: boolean }[],
  hour: number,
): Promise<HealthRow[]> =>
  factsSince(
    db,
    webhooks.map(({ id, failed }) => ({ id, hour, failed: failed ? 1 : 0 })),
  )

/** Rows of what is known now. `state` moves between active and failing only: what somebody switched off stays off. */
export const updateHealth = eachRow(
  ({
    from,
    of,
  }) => sql`update webhook set last_delivery_at = ${of('at', 'number')}, last_delivered_at = ${of('delivered', 'number')},
      consecutive_failures = ${of('failures', 'number')}, failing_since = ${of('since', 'number')},
      breaker_until = ${of('until', 'number')}, breaker_step = ${of('step', 'number')}, breaker_streak = ${of('streak', 'number')},
      state = case when state in ('active', 'failing') and ${of('state')} in ('active', 'failing') then ${of('state')} else state end
    ${from} where webhook.id = ${of('webhook')}`,
)

/**
 * Somebody says that these receivers are there again, or wants to know: the next attempt need not wait until the breaker
 * would let one through. It stays one at a time until they succeed.
 */
export const tryNow = (db: Db, webhooks: readonly string[], now: number) =>
  sql`update webhook set breaker_until = cast(${now} as bigint)
    where id in ${anyOf(db, webhooks)} and breaker_until > cast(${now} as bigint)`.compile(db.q)

/** Gives claimed deliveries back as they were: the attempt was cut by us and does not count. */
export const giveBackAll = (db: Db, owner: string, now: number) =>
  sql`update delivery set ${afresh(now)}, lease_owner = null
    where state = 'delivering' and lease_owner = ${owner}`.compile(db.q)

/** Gives back some that were never tried, to where they stood in their lines. */
export const giveBackSome = (db: Db, owner: string, ids: readonly string[]) =>
  sql`update delivery set state = case when attempts = 0 then 'pending' else 'retrying' end, due_at = created_at,
      lease_owner = null
    where id in ${anyOf(db, ids)} and state = 'delivering' and lease_owner = ${owner}`.compile(db.q)

/** Frees every lease there is. Only where one process owns the database: there, at start, all of them are dead. */
export const freeAllLeases = (db: Db, now: number) =>
  sql`update delivery set ${afresh(now)}, lease_owner = null where state = 'delivering'`.compile(db.q)

/** Puts up to 500 deliveries that were held for this reason, and whose webhook works, back to work. */
export const releaseHeld = (db: Db, reason: string, now: number) =>
  sql`update delivery set ${afresh(now)}, reason = null
    where id in (select id from delivery where state = 'held' and reason = ${reason}
      and webhook_id in (select id from webhook where state in ('active', 'failing')) order by seq limit 500)`.compile(
    db.q,
  )

/** The same for what was held because this format could not be made: those reasons begin with `begins`. */
export const releaseUnmade = (db: Db, format: string, begins: string, now: number) =>
  sql`update delivery set ${afresh(now)}, reason = null
    where id in (select d.id from webhook w cross join delivery d
      where d.webhook_id = w.id and w.format = ${format} and w.state in ('active', 'failing') and d.state = 'held'
        and substr(d.reason, 1, ${sql.lit(begins.length)}) = ${begins} limit 500)`.compile(db.q)

/** Back to work: due now, or with its batch. */
export const afresh = (now: number) =>
  sql`state = case when attempts = 0 then 'pending' else 'retrying' end, due_at = case when batch_id is null then cast(${now} as bigint) end`
