import { sql } from 'kysely'
import type { Db, Statement } from '../db.ts'
import { eachRow, prepared, rowFields, steadyRead } from '../prepared.ts'
import type { Origin, WebhookState } from '../schema.ts'
import { raiseCounter } from './counters.ts'

/** A webhook that wants an event: what the outbox has to know of it. */
export interface Subscription {
  readonly id: string
  readonly format: string
  /** JSON; null sends every event that was chosen. */
  readonly condition: string | null
  /** JSON array of ids; empty: every site. */
  readonly sites: string
  /** JSON of the plan for batches. */
  readonly delivery: string
  readonly url: string
  readonly origin: Origin
  readonly state: WebhookState
}

/** Raised in every commit that changes a webhook, so that whoever remembers subscriptions knows when to forget them. Its lock comes first. */
export const webhooksChanged = (db: Db) => raiseCounter(db, 'webhooks')

const revision = steadyRead<{ value: number }>(() => sql`select value from counter where name = 'webhooks'`)

export async function webhooksRevision(db: Db): Promise<number> {
  const [row] = await revision(db, [])
  return row?.value ?? 0
}

/** The webhooks of the network and of this site that want events of this type; disabled ones too, retired ones not. */
export function subscriptions(db: Db, type: string, siteId: string): Promise<Subscription[]> {
  return db.q
    .selectFrom('webhook')
    .select(['id', 'format', 'condition', 'sites', 'delivery', 'url', 'origin', 'state'])
    .where('owner', 'in', ['network', siteId])
    .where('state', '<>', 'retired')
    .where((eb) =>
      eb.or([
        eb('all_events', '=', 1),
        eb.exists(
          eb
            .selectFrom('webhook_event')
            .select('webhook_event.webhook_id')
            .whereRef('webhook_event.webhook_id', '=', 'webhook.id')
            .where('webhook_event.event_type', '=', type),
        ),
      ]),
    )
    .execute()
}

/** The reason of deliveries that are held because all sending is off. */
export const SENDING_OFF = 'Sending is switched off.'

/** Takes the lock that every event takes, and no number: what this commit changes is seen by all events behind it. */
export const beforeEvents = (db: Db) =>
  db.q
    .updateTable('counter')
    .set((eb) => ({ value: eb.ref('value') }))
    .where('name', '=', 'event')

/** One row `{events}`: takes as many numbers. The lock on the counter is what makes `seq` the order of commits. */
export const raiseEventCounter = eachRow(
  ({ from, of }) =>
    sql`update counter set value = counter.value + ${of('events', 'number')} ${from} where name = 'event'`,
)

/**
 * The events, numbered from the counter: `behind` of a row is how many come after it. One with a key that is known
 * already is left out.
 */
export const insertEvents = eachRow(
  ({ from, of }) => sql`insert into event (id, seq, type, site_id, payload, source, test, hops, trace,
      idempotency_key, fingerprint, rejected, occurred_at, created_at, heard_at)
    select ${of('id')}, (select value from counter where name = 'event') - ${of('behind', 'number')},
      ${of('type')}, ${of('site')}, ${of('payload')}, ${of('source')}, ${of('test', 'number')}, ${of('hops', 'number')},
      ${of('trace')}, ${of('key')}, ${of('fingerprint')}, ${of('rejected')}, ${of('occurred', 'number')}, ${of('created', 'number')},
      ${of('heard', 'number')}
    ${from} where true
    on conflict (site_id, idempotency_key) where idempotency_key is not null do nothing`,
)

const IS_OFF = sql`exists (select 1 from setting where name = 'sending' and value = 'off')`

/**
 * Rows `{id, event, webhook, off, batched, guard, owner, lease}`: a delivery each, where the event was stored and the
 * webhook still wants it. `guard` is why a guard holds it, or null. With an owner it is born leased to it, until `lease`,
 * and needs no claim.
 * Whether sending is off is asked here, behind the lock of the counter: none is held by an event that missed the news.
 */
export const insertDeliveries = eachRow(({ andFrom, of }) => {
  const guard = of('guard')
  return sql`insert into delivery (id, seq, event_id, webhook_id, site_id, type, test, state, attempts, due_at,
      lease_owner, batch_id, reason, created_at)
    select id, seq, event_id, webhook_id, site_id, type, test,
      case when is_held then 'held' when lease is null then 'pending' else 'delivering' end, 0,
      case when not is_held and not is_batched then coalesce(lease, created_at) end,
      case when not is_held then owner end, case when is_batched then '' end,
      case when is_held then reason end, created_at
    from (select ${of('id')} as id, e.seq as seq, e.id as event_id, w.id as webhook_id, e.site_id as site_id, e.type as type,
        e.test as test, e.created_at as created_at, ${of('owner')} as owner, ${of('lease', 'number')} as lease,
        ${of('batched', 'number')} = 1 as is_batched,
        (w.state = 'disabled' or ${of('off', 'number')} = 1 or ${guard} is not null or ${IS_OFF}) as is_held,
        case when ${guard} is not null then ${guard} when w.state = 'disabled' then w.state_reason
          else ${sql.lit(SENDING_OFF)} end as reason
      from event e, webhook w ${andFrom}
      where e.id = ${of('event')} and w.id = ${of('webhook')} and w.state <> 'retired') as planned`
})

/**
 * What became of the deliveries of these events, rows `{event, revision}`, if the network has changed since that revision of
 * the webhooks: sending is off, or a webhook is another one. Without a row all went as planned.
 */
export const madeOtherwise = prepared((db, json) => {
  const of = rowFields(db, sql`r.value`)
  return sql`select r.event as event_id, d.id as id, d.state as state
    from (select ${of('event')} as event, ${of('revision', 'number')} as revision from ${db.dialect.rows(json)} as r) as r
    left join delivery d on d.event_id = r.event
    where ${IS_OFF} or r.revision <> (select value from counter where name = 'webhooks')`
})

/** Rows `{event, format, text}`: the exact bytes, where the event was stored. */
export const insertBodies = eachRow(
  ({ andFrom, of }) => sql`insert into body (owner_id, format_key, text)
    select e.id, ${of('format')}, ${of('text')} from event e ${andFrom} where e.id = ${of('event')}`,
)

/** The bytes that were made only when they were sent, so that every later attempt sends the same. */
export const keepBody = (db: Db, { event, format, text }: { event: string; format: string; text: string }): Statement =>
  sql`insert into body (owner_id, format_key, text) select id, ${format}, ${text} from event where id = ${event}
    on conflict (owner_id, format_key) do nothing`.compile(db.q)

/**
 * Rows `{n, site, key}`: the events that stand under these keys, ours or the ones that were there before; `n` tells them
 * apart.
 */
export const eventsByKey = prepared((db, json) => {
  const of = rowFields(db, sql`r.value`)
  return sql`select ${of('n', 'number')} as n, e.id as id, e.fingerprint as fingerprint,
      (select count(*) from delivery d where d.event_id = e.id) as deliveries
    from ${db.dialect.rows(json)} as r
    join event e on e.site_id = ${of('site')} and e.idempotency_key = ${of('key')}`
})

/** Rows `{site, key, fingerprint}`: breaks the commit when one of the keys stands for another body. */
export const mustMatch = prepared((db, json) => {
  const of = rowFields(db, sql`r.value`)
  return sql`insert into must (ok) select 0 where exists (
    select 1 from ${db.dialect.rows(json)} as r
    join event e on e.site_id = ${of('site')} and e.idempotency_key = ${of('key')}
    where e.fingerprint <> ${of('fingerprint')})`
})
