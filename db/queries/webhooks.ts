import { sql, type CompiledQuery, type RawBuilder, type SqlBool } from 'kysely'
import type { Db } from '../db.ts'
import { must } from '../must.ts'
import { anyOf } from '../rows.ts'
import type { Database, WebhookState, WebhookTable } from '../schema.ts'
import { ending } from './cancel.ts'
import { afresh } from './dispatch.ts'
import { isGuarded } from './guards.ts'
import { webhooksChanged } from './outbox.ts'
import { seenBy } from './sites.ts'

/** A webhook with the events it chose, as pages and API read it. */
export interface Webhook extends WebhookTable {
  readonly events: readonly string[]
}

/** Those of these that an owner sees, in no order; the network sees all. What is another's ends at the first look, as what nobody has does. */
export async function webhooksById(db: Db, ids: readonly string[], owner = 'network'): Promise<Webhook[]> {
  const rows = await db.q
    .selectFrom('webhook')
    .selectAll()
    .where('id', 'in', anyOf(db, ids))
    .where(seenBy(owner, 'owner'))
    .execute()
  return withEvents(db, rows)
}

export const webhookById = async (db: Db, id: string, owner?: string): Promise<Webhook | undefined> =>
  (await webhooksById(db, [id], owner))[0]

/** The webhook that wu/v2 calls by this number. */
export async function webhookByNumber(db: Db, number: number): Promise<Webhook | undefined> {
  const rows = await db.q.selectFrom('webhook').selectAll().where('number', '=', number).limit(1).execute()
  return (await withEvents(db, rows))[0]
}

/** These webhooks, with the events that they chose: one more query, however many there are. */
export async function withEvents(db: Db, rows: readonly WebhookTable[]): Promise<Webhook[]> {
  if (rows.length === 0) return []
  const ids = rows.map(({ id }) => id)
  return joinEvents(rows, await chosenEvents(db).where('webhook_id', 'in', anyOf(db, ids)).execute())
}

export const chosenEvents = (db: Db) => db.q.selectFrom('webhook_event').selectAll().orderBy('event_type')

export function joinEvents(rows: readonly WebhookTable[], chosen: readonly Database['webhook_event'][]): Webhook[] {
  const events = Map.groupBy(chosen, ({ webhook_id: id }) => id)
  return rows.map((row) => ({ ...row, events: (events.get(row.id) ?? []).map(({ event_type: type }) => type) }))
}

/** How many deliveries of each webhook ended, as far back as the counts per hour are kept. */
export async function endedDeliveries(db: Db, ids: readonly string[]): Promise<ReadonlyMap<string, number>> {
  if (ids.length === 0) return new Map()
  const rows = await db.q
    .selectFrom('delivery_hour')
    .select(['webhook_id', sql<number>`sum(delivered + failed)`.as('ended')])
    .where('webhook_id', 'in', anyOf(db, ids))
    .groupBy('webhook_id')
    .execute()
  return new Map(rows.map(({ webhook_id, ended }) => [webhook_id, Number(ended)]))
}

interface WebhookFilter {
  readonly owner: string | null
  readonly state?: WebhookState | undefined
  readonly search?: string | undefined
  /** One that was chosen by name. */
  readonly event?: string | undefined
  readonly retired?: boolean | undefined
  readonly sort?: keyof typeof sortable | undefined
  readonly descending?: boolean | undefined
  readonly limit: number
  readonly offset: number
}

/** Written so that all engines sort alike: PostgreSQL has nulls last, and letters of both cases apart. */
const sortable = {
  name: sql`lower(name)`,
  state: sql`state`,
  last_delivery_at: sql`coalesce(last_delivery_at, 0)`,
  created_at: sql`created_at`,
  number: sql`number`,
} as const

/** A page of webhooks; `owner` null means every owner's. Search looks at name, address and chosen events. */
export async function listWebhooks(db: Db, filter: WebhookFilter): Promise<Webhook[]> {
  const rows = await filtered(db, filter)
    .selectAll()
    .orderBy(sortable[filter.sort ?? 'created_at'], filter.descending === false ? 'asc' : 'desc')
    .orderBy('id', 'desc')
    .limit(filter.limit)
    .offset(filter.offset)
    .execute()
  return withEvents(db, rows)
}

/** How many webhooks there are in each state, for the views above the list. */
export async function countWebhooks(
  db: Db,
  filter: Omit<WebhookFilter, 'sort' | 'descending' | 'limit' | 'offset'>,
): Promise<Record<WebhookState, number>> {
  const rows = await filtered(db, { ...filter, limit: 0, offset: 0 })
    .select(['state', (eb) => eb.fn.countAll<number>().as('count')])
    .groupBy('state')
    .execute()
  const counts: Record<WebhookState, number> = { active: 0, failing: 0, disabled: 0, retired: 0 }
  for (const row of rows) counts[row.state] = Number(row.count)
  return counts
}

function filtered(db: Db, filter: WebhookFilter) {
  let query = db.q.selectFrom('webhook')
  if (filter.owner !== null) query = query.where('owner', '=', filter.owner)
  if (filter.state) query = query.where('state', '=', filter.state)
  if (filter.retired !== undefined) query = query.where('state', filter.retired ? '=' : '<>', 'retired')
  if (filter.event !== undefined) {
    const chosen = db.q.selectFrom('webhook_event').select('webhook_id').where('event_type', '=', filter.event)
    query = query.where('id', 'in', chosen)
  }
  if (filter.search) {
    const like = (column: string) => db.dialect.like(sql.ref(column), filter.search ?? '')
    query = query.where((eb) =>
      eb.or([
        like('webhook.name'),
        like('webhook.url'),
        eb.exists(
          eb
            .selectFrom('webhook_event')
            .select('event_type')
            .whereRef('webhook_event.webhook_id', '=', 'webhook.id')
            .where(like('webhook_event.event_type')),
        ),
      ]),
    )
  }
  return query
}

/** The latest delivery of each webhook, tests left out. */
export const latestDeliveries = (db: Db, webhooks: readonly string[]) =>
  db.q
    .selectFrom('webhook')
    .innerJoin('delivery', (join) =>
      join.on('delivery.id', '=', (eb) =>
        eb
          .selectFrom('delivery as d')
          .select('d.id')
          .whereRef('d.webhook_id', '=', 'webhook.id')
          .where('d.test', '=', 0)
          .orderBy('d.seq', 'desc')
          .orderBy('d.id', 'desc')
          .limit(1),
      ),
    )
    .select(['delivery.id', 'delivery.webhook_id', 'delivery.state', 'delivery.last_status', 'delivery.created_at'])
    .where('webhook.id', 'in', anyOf(db, webhooks))
    .execute()

/** Webhooks for the API: newest first, after the cursor's position. */
export async function webhooksAfter(
  db: Db,
  owner: string | null,
  after: string | null,
  limit: number,
): Promise<Webhook[]> {
  let query = db.q.selectFrom('webhook').selectAll().orderBy('id', 'desc').limit(limit)
  if (owner !== null) query = query.where('owner', '=', owner)
  if (after !== null) query = query.where('id', '<', after)
  return withEvents(db, await query.execute())
}

/** Names of webhooks for filters and for showing deliveries; bounded. */
export const webhookNames = (db: Db, owner: string | null) => {
  const query = db.q.selectFrom('webhook').select(['id', 'name', 'url', 'state']).orderBy('name').limit(200)
  return (owner === null ? query : query.where('owner', '=', owner)).execute()
}

/** Breaks the commit when the owner has `most` webhooks already. */
export const mustHaveRoom = (db: Db, owner: string, most: number): CompiledQuery =>
  must(db, sql`(select count(*) from webhook where owner = ${owner}) >= ${most}`)

/** Breaks the commit when somebody else saved the webhook since. */
export const mustBeRevision = (db: Db, id: string, revision: number): CompiledQuery =>
  must(db, sql`not exists (select 1 from webhook where id = ${id} and revision = ${revision})`)

/** Comes behind `webhooksChanged`, whose lock makes rules hold for two at once. */
export const insertWebhook = (db: Db, row: Omit<WebhookTable, 'number'>, events: readonly string[]) => [
  db.q
    .insertInto('webhook')
    .values({ ...row, number: sql<number>`(select value from counter where name = 'webhooks')` }),
  ...chooseEvents(db, row.id, events),
]

export const updateWebhook = (
  db: Db,
  id: string,
  change: Partial<Omit<WebhookTable, 'id' | 'revision'>>,
  events: readonly string[] | null = null,
) => [
  webhooksChanged(db),
  db.q
    .updateTable('webhook')
    .set(change)
    .set((eb) => ({ revision: eb('revision', '+', 1) }))
    .where('id', '=', id),
  ...(events ? [db.q.deleteFrom('webhook_event').where('webhook_id', '=', id), ...chooseEvents(db, id, events)] : []),
]

/** Says what uses a webhook, in wu/v2's word. Nothing is sent otherwise for it. */
export const nameIntegration = (db: Db, id: string, integration: string) =>
  db.q.updateTable('webhook').set({ integration }).where('id', '=', id)

/** Lets a webhook that was switched off send. No new revision: who has its form open has nothing to lose by it. */
export const wakeWebhook = (db: Db, id: string) => [
  webhooksChanged(db),
  db.q
    .updateTable('webhook')
    .set({ state: 'active', state_reason: null })
    .where('id', '=', id)
    .where('state', '=', 'disabled'),
]

export const deleteWebhook = (db: Db, id: string, now: number) => [
  ...cancelWaiting(db, id, now),
  db.q.deleteFrom('webhook').where('id', '=', id),
  db.q.deleteFrom('webhook_event').where('webhook_id', '=', id),
  db.q.deleteFrom('webhook_secret').where('webhook_id', '=', id),
  webhooksChanged(db),
]

/** In steps, because each has an index of its own: the log behind them may be long. The events of batches come first. */
function cancelWaiting(db: Db, id: string, now: number): CompiledQuery[] {
  const cancel = sql`update delivery set state = 'cancelled', due_at = null, finished_at = ${now},
    reason = 'The webhook was deleted.'`
  const members = (of: RawBuilder<unknown>) =>
    sql`${cancel} where id in (select m.id from delivery b join delivery m on m.batch_id = b.id
      where b.webhook_id = ${id} and b.type = 'batch' and ${of})`.compile(db.q)
  return [
    members(sql`b.due_at is not null and b.state in ('pending', 'retrying')`),
    members(sql`b.state = 'held'`),
    sql`${cancel} where webhook_id = ${id} and due_at is not null and state in ('pending', 'retrying')`.compile(db.q),
    sql`${cancel} where webhook_id = ${id} and batch_id = '' and state = 'pending'`.compile(db.q),
    sql`${cancel} where webhook_id = ${id} and state = 'held'`.compile(db.q),
  ]
}

const chooseEvents = (db: Db, id: string, events: readonly string[]): CompiledQuery[] => {
  if (events.length === 0) return []
  const rows = db.dialect.rows(JSON.stringify(events.map((event) => ({ event }))))
  const event = db.dialect.field(sql`r.value`, 'event', 'text')
  return [
    sql`insert into webhook_event (webhook_id, event_type) select ${id}, ${event} from ${rows} as r`.compile(db.q),
  ]
}

/** Everything of this webhook that still waits becomes held, also as a part of a batch; what is on the wire right now decides for itself. */
export const holdOpen = (db: Db, id: string, reason: string): CompiledQuery =>
  sql`update delivery set state = 'held', due_at = null, reason = ${reason}
    where id in (
      select id from delivery where webhook_id = ${id} and due_at is not null and state in ('pending', 'retrying')
      union all select id from delivery where webhook_id = ${id} and batch_id = '' and state = 'pending'
      union all select m.id from delivery b join delivery m on m.batch_id = b.id
        where b.webhook_id = ${id} and b.due_at is not null and b.state in ('pending', 'retrying') and b.type = 'batch')`.compile(
    db.q,
  )

/** What was held goes out again, in the order of its events, but for what a guard holds. */
export const sendHeld = (db: Db, id: string, now: number): CompiledQuery =>
  sql`update delivery set ${afresh(now)}, reason = null
    where webhook_id = ${id} and state = 'held' and not ${isGuarded}`.compile(db.q)

/** The events of a batch go with it. */
export const discardHeld = (db: Db, id: string, now: number): CompiledQuery =>
  sql`update delivery set ${ending(now, 'Discarded by a person.')}
    where id in (
      select id from delivery where webhook_id = ${id} and state = 'held'
      union all select m.id from delivery b join delivery m on m.batch_id = b.id
        where b.webhook_id = ${id} and b.state = 'held' and b.type = 'batch')`.compile(db.q)

const isHeld = sql<SqlBool>`state = 'held' and (batch_id is null or batch_id = '')`

/** A closed batch counts as one. */
export async function countHeld(db: Db, id: string): Promise<number> {
  const row = await db.q
    .selectFrom('delivery')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('webhook_id', '=', id)
    .where(isHeld)
    .executeTakeFirstOrThrow()
  return Number(row.count)
}

/** Those of these that cannot be activated without a word: they hold deliveries, or their site is archived. */
export async function webhooksThatAsk(db: Db, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const query = sql<{ id: string }>`select id from webhook where id in ${anyOf(db, ids)} and (
    exists (select 1 from delivery where webhook_id = webhook.id and ${isHeld})
    or owner <> 'network' and not exists (select 1 from site where id = webhook.owner and state = 'active'))`
  return new Set((await query.execute(db.q)).rows.map(({ id }) => id))
}
