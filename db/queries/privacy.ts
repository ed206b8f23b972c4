import { sql, type RawBuilder } from 'kysely'
import type { Db, Statement } from '../db.ts'
import { must } from '../must.ts'
import { rowFields } from '../prepared.ts'
import type { Database, PrivacyRequestTable, PrivacyState } from '../schema.ts'
import { ending } from './deliveries.ts'

/** A table in which an e-mail address may stand, and how it is gone through. */
export interface Place {
  readonly table: keyof Database
  /** The key that its rows are walked along. */
  readonly along: readonly string[]
  /** The key that names a row, all text. */
  readonly key: readonly string[]
  readonly texts: readonly string[]
  /** A column of base64, and one that is sealed. */
  readonly packed?: string
  readonly sealed?: string
  /** What an export shows of a row: never a secret. */
  readonly shows: readonly string[]
  /** As many rows are looked at in one step. */
  readonly most: number
}

export type Value = string | number
export type Row = Readonly<Record<string, string | number | null>>

const SOME = 200

/** Every place, in the order of a walk: what others are made from comes first. */
export const places = {
  event: {
    table: 'event',
    along: ['seq'],
    key: ['id'],
    texts: ['payload', 'idempotency_key', 'rejected'],
    shows: ['id', 'type', 'site_id', 'source', 'occurred_at', 'created_at', 'idempotency_key', 'rejected', 'payload'],
    most: SOME,
  },
  body: {
    table: 'body',
    along: ['owner_id', 'format_key'],
    key: ['owner_id', 'format_key'],
    texts: ['text'],
    shows: ['owner_id', 'format_key', 'text'],
    most: SOME,
  },
  attempt: {
    table: 'attempt',
    along: ['id'],
    key: ['id'],
    texts: ['error', 'request_headers', 'response_headers'],
    packed: 'response_body',
    shows: [
      'id',
      'delivery_id',
      'number',
      'started_at',
      'status',
      'error',
      'request_headers',
      'response_headers',
      'response_body',
    ],
    most: SOME,
  },
  capture: {
    table: 'capture',
    along: ['id'],
    key: ['id'],
    texts: ['query', 'headers'],
    packed: 'body',
    sealed: 'hidden',
    shows: ['id', 'bin_id', 'at', 'method', 'query', 'headers', 'body'],
    most: 50,
  },
  source_log: {
    table: 'source_log',
    along: ['id'],
    key: ['id'],
    texts: ['reason'],
    shows: ['id', 'source_id', 'at', 'status', 'reason'],
    most: SOME,
  },
  plugin_record: {
    table: 'plugin_record',
    along: ['slug', 'site_id', 'collection', 'id'],
    key: ['slug', 'site_id', 'collection', 'id'],
    texts: ['id', 'data'],
    shows: ['slug', 'site_id', 'collection', 'id', 'created_at', 'updated_at', 'data'],
    most: SOME,
  },
  plugin_fault: {
    table: 'plugin_fault',
    along: ['id'],
    key: ['id'],
    texts: ['message', 'stack'],
    shows: ['id', 'slug', 'site_id', 'handler', 'event_id', 'at', 'message', 'stack'],
    most: SOME,
  },
  mail: {
    table: 'mail',
    along: ['id', 'user_id'],
    key: ['id', 'user_id'],
    texts: ['error'],
    shows: ['id', 'user_id', 'created_at', 'error'],
    most: SOME,
  },
  user: {
    table: 'user',
    along: ['id'],
    key: ['id'],
    texts: ['name', 'email'],
    shows: ['id', 'name', 'email', 'role', 'siteId', 'locale', 'timeZone', 'createdAt', 'updatedAt'],
    most: SOME,
  },
  webhook: {
    table: 'webhook',
    along: ['id'],
    key: ['id'],
    texts: ['name', 'description', 'url', 'username', 'condition'],
    shows: ['id', 'owner', 'name', 'description', 'username', 'condition', 'created_at'],
    most: SOME,
  },
  source: {
    table: 'source',
    along: ['id'],
    key: ['id'],
    texts: ['name', 'settings', 'mapping'],
    shows: ['id', 'kind', 'site_id', 'name', 'mapping', 'created_at'],
    most: SOME,
  },
  audit: {
    table: 'audit',
    along: ['seq'],
    key: ['id'],
    texts: ['actor_name', 'target', 'before', 'after'],
    shows: ['id', 'seq', 'at', 'actor_id', 'actor_name', 'address', 'action', 'target', 'owner', 'before', 'after'],
    most: SOME,
  },
} as const satisfies Record<string, Place>

export type PlaceName = keyof typeof places
export const placeNames = Object.keys(places) as readonly PlaceName[]

const refs = (columns: readonly string[]) => sql.join(columns.map((column) => sql.ref(column)))

/**
 * The next rows of a place behind a position, in order. `maybe` is 1 where a look at the whole row is worth it: its texts
 * hold `part`, or something of it cannot be read here.
 */
export async function nextRows(db: Db, place: Place, after: readonly Value[] | null, part: string): Promise<Row[]> {
  const hidden = [place.packed, place.sealed].filter((column) => column !== undefined)
  const maybe = [
    ...place.texts.map((column) => db.dialect.like(sql.ref(column), part)),
    ...hidden.map((column) => sql`${sql.ref(column)} <> ''`),
  ]
  const behind = after === null ? sql`` : sql`where (${refs(place.along)}) > (${sql.join(after)})`
  const { rows } = await sql<Row>`select ${refs([...new Set([...place.along, ...place.key])])},
      case when ${sql.join(maybe, sql` or `)} then 1 else 0 end as maybe
    from ${sql.table(place.table)} ${behind}
    order by ${refs(place.along)} limit ${sql.lit(place.most)}`.execute(db.q)
  return rows
}

/** The rows of these keys, as far as they are still there. */
export async function rowsOf(
  db: Db,
  place: Place,
  columns: readonly string[],
  keys: readonly (readonly Value[])[],
): Promise<Row[]> {
  if (keys.length === 0) return []
  const named = keys.map((key) => Object.fromEntries(key.map((value, n) => [`k${n}`, value])))
  const of = rowFields(db, sql`r.value`)
  const { rows } =
    await sql<Row>`select ${refs([...new Set([...place.key, ...columns])])} from ${sql.table(place.table)}
    where (${refs(place.key)}) in
      (select ${sql.join(place.key.map((_, n) => of(`k${n}`)))} from ${db.dialect.rows(JSON.stringify(named))} as r)`.execute(
      db.q,
    )
  return rows
}

export const requestById = (db: Db, id: string): Promise<PrivacyRequestTable | undefined> =>
  db.q.selectFrom('privacy_request').selectAll().where('id', '=', id).executeTakeFirst()

/** The last requests, newest first. */
export const lastRequests = (db: Db, limit: number): Promise<PrivacyRequestTable[]> =>
  db.q
    .selectFrom('privacy_request')
    .selectAll()
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
    .execute()

export const runningRequests = (db: Db): Promise<PrivacyRequestTable[]> =>
  db.q
    .selectFrom('privacy_request')
    .selectAll()
    .where('state', 'in', [sql.lit<PrivacyState>('searching'), sql.lit<PrivacyState>('erasing')])
    .orderBy('created_at')
    .limit(20)
    .execute()

export const insertRequest = (db: Db, row: PrivacyRequestTable): Statement =>
  db.q.insertInto('privacy_request').values(row)

/** What a step changed; nothing where somebody stopped it meanwhile, or another process made the same step. */
export const advanceRequest = (
  db: Db,
  { id, state, steps }: PrivacyRequestTable,
  change: Partial<Pick<PrivacyRequestTable, 'progress' | 'state' | 'address' | 'ended_at'>>,
): Statement =>
  db.q
    .updateTable('privacy_request')
    .set({ ...change, steps: steps + 1 })
    .where('id', '=', id)
    .where('state', '=', state)
    .where('steps', '=', steps)

/** What a person changes, if it is in one of these states; the step that is being made then writes nothing. */
export const moveRequest = (
  db: Db,
  id: string,
  from: readonly PrivacyState[],
  change: Partial<Pick<PrivacyRequestTable, 'progress' | 'state' | 'ended_at'>>,
): Statement[] => [
  must(
    db,
    sql`not exists (select 1 from privacy_request where id = ${id} and state in (${sql.join(from)}) and address is not null)`,
  ),
  db.q
    .updateTable('privacy_request')
    .set((eb) => ({ ...change, steps: eb('steps', '+', 1) }))
    .where('id', '=', id),
]

/** Keeps which rows of a place were found. */
export function insertHits(db: Db, request: string, place: PlaceName, names: readonly string[]): Statement {
  const of = rowFields(db, sql`r.value`)
  const rows = db.dialect.rows(JSON.stringify(names.map((name) => ({ name }))))
  return sql`insert into privacy_hit (request_id, place, name) select ${request}, ${place}, ${of('name')} from ${rows} as r
    where true on conflict do nothing`.compile(db.q)
}

/** The rows that were found in a place, as the JSON of their keys, behind one of them. */
export async function hitsOf(
  db: Db,
  request: string,
  place: PlaceName,
  { after = '', limit }: { readonly after?: string; readonly limit: number },
): Promise<string[]> {
  const rows = await db.q
    .selectFrom('privacy_hit')
    .select('name')
    .where('request_id', '=', request)
    .where('place', '=', place)
    .where('name', '>', after)
    .orderBy('name')
    .limit(limit)
    .execute()
  return rows.map(({ name }) => name)
}

const WAITS = sql`('pending', 'retrying', 'held')`
const OPEN = sql`('pending', 'retrying', 'held', 'delivering')`

/** The deliveries of an event that wait as a part of a batch that is closed. */
export async function waitingMembers(db: Db, event: string): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`select m.id from delivery m join delivery b on b.id = m.batch_id
    where m.event_id = ${event} and m.state in ${WAITS} and b.state in ${WAITS} and b.resume_state is null
    limit 20`.execute(db.q)
  return rows.map(({ id }) => id)
}

/** Why deliveries of erased events ended. English, as all reasons. */
export const EVENT_ERASED = 'Its event was erased.'

const batchesOf = (event: string) => sql`(select batch_id from delivery where event_id = ${event} and batch_id <> '')`

/**
 * Whatever waits ends: also what somebody claimed and never came back with, as its lease is over. Written as a case, so that
 * nobody looks for it among all that waits.
 */
const end = (db: Db, which: RawBuilder<unknown>, now: number): Statement =>
  sql`update delivery set ${ending(now, EVENT_ERASED)}, lease_owner = null
    where ${which} and case when state = 'delivering' then due_at < cast(${now} as bigint) else state in ${WAITS} end`.compile(
    db.q,
  )

/** Breaks the commit while something of these deliveries is on its way, or waits. */
const mustHaveEnded = (db: Db, which: RawBuilder<unknown>) =>
  must(db, sql`exists (select 1 from delivery where ${which} and state in ${OPEN})`)

/**
 * Takes all that an event carried out of it, its bodies and what was answered to them, and ends what waits of it. Refused as
 * `constraint` while one of its deliveries is on the wire, or waits in a batch with others.
 */
export const eraseEvent = (
  db: Db,
  event: { readonly id: string; readonly key: string | null; readonly rejected: string | null },
  address: string,
  now: number,
): Statement[] => {
  const own = sql`event_id = ${event.id}`
  const inBatches = sql`id in ${batchesOf(event.id)}`
  const alone = sql`${own} and not exists (select 1 from delivery b where b.id = delivery.batch_id and b.state in ${OPEN})`
  const mark = (which: RawBuilder<unknown>) =>
    sql`update delivery set erased_at = cast(${now} as bigint),
        reason = case when ${db.dialect.like(sql`coalesce(reason, '')`, address)} then ${sql.lit(EVENT_ERASED)} else reason end
      where ${which}`.compile(db.q)
  const answers = (deliveries: RawBuilder<unknown>) =>
    sql`update attempt set response_body = '', erased_at = cast(${now} as bigint) where delivery_id in ${deliveries}`.compile(
      db.q,
    )
  return [
    db.q
      .updateTable('event')
      .set((eb) => ({
        payload: '{}',
        idempotency_key: event.key,
        rejected: event.rejected,
        // No handler shall hear of it with nothing in it.
        heard_at: eb.fn.coalesce('heard_at', eb.val(now)),
        erased_at: now,
      }))
      .where('id', '=', event.id),
    end(db, alone, now),
    end(db, sql`${inBatches} and resume_state is not null`, now),
    mustHaveEnded(db, own),
    must(
      db,
      sql`exists (select 1 from delivery m join delivery b on b.id = m.batch_id
        where m.event_id = ${event.id} and b.state in ${OPEN})`,
    ),
    answers(sql`(select id from delivery where ${own})`),
    answers(batchesOf(event.id)),
    sql`delete from body where owner_id in ${batchesOf(event.id)}`.compile(db.q),
    db.q.deleteFrom('body').where('owner_id', '=', event.id),
    db.q.deleteFrom('guard_hold').where('event_id', '=', event.id),
    mark(inBatches),
    mark(own),
  ]
}

/** Breaks the commit where an event is erased. Its row is locked first, so that nobody erases it meanwhile. */
export const mustBeWhole = (db: Db, event: string): Statement[] => [
  sql`update event set erased_at = erased_at where id = ${event}`.compile(db.q),
  must(db, sql`exists (select 1 from event where id = ${event} and erased_at is not null)`),
]

/** The same of the bytes of a whole batch, whose events stay. */
export const eraseBatch = (db: Db, id: string, now: number): Statement[] => [
  end(db, sql`id = ${id}`, now),
  mustHaveEnded(db, sql`id = ${id}`),
  db.q.updateTable('delivery').set({ erased_at: now }).where('id', '=', id),
  db.q.updateTable('attempt').set({ response_body: '', erased_at: now }).where('delivery_id', '=', id),
  db.q.deleteFrom('body').where('owner_id', '=', id),
]

type Erased<T extends keyof Database> = Partial<Database[T]>

export const eraseAttempt = (db: Db, id: string, change: Erased<'attempt'>): Statement =>
  db.q.updateTable('attempt').set(change).where('id', '=', id)

export const eraseCapture = (db: Db, id: string, now: number): Statement =>
  db.q
    .updateTable('capture')
    .set({ query: '', headers: '[]', hidden: null, body: '', erased_at: now })
    .where('id', '=', id)

export const eraseSourceLog = (db: Db, id: string, reason: string): Statement =>
  db.q.updateTable('source_log').set({ reason }).where('id', '=', id)

/** A plugin reads its records by a schema, which an emptied one would not fit: they go. */
export const deleteRecord = (db: Db, [slug, site, collection, id]: readonly string[]): Statement[] =>
  (['plugin_record', 'plugin_index'] as const).map((table) =>
    sql`delete from ${sql.table(table)} where slug = ${slug} and site_id = ${site} and collection = ${collection}
      and id = ${id}`.compile(db.q),
  )

export const eraseFault = (db: Db, id: string, message: string): Statement =>
  db.q.updateTable('plugin_fault').set({ message, stack: '' }).where('id', '=', id)

export const eraseMailError = (db: Db, id: string, user: string, error: string): Statement =>
  db.q.updateTable('mail').set({ error }).where('id', '=', id).where('user_id', '=', user)

/** The log-ins of a person, without what opens anything. */
export const logInsOf = (db: Db, user: string) =>
  db.q
    .selectFrom('session')
    .select(['createdAt', 'expiresAt', 'ipAddress', 'userAgent'])
    .where('userId', '=', user)
    .orderBy('createdAt')
    .execute()

/** Forgets whom requests were about that ended before `ended`, in steps, and requests that were made before `made`. */
export const forgetRequests = (
  db: Db,
  before: { readonly ended: number; readonly made: number },
  step: number,
): Statement[] => [
  db.q
    .updateTable('privacy_request')
    .set({ address: null })
    .where('address', 'is not', null)
    .where('ended_at', '<', before.ended),
  sql`delete from privacy_hit where (request_id, place, name) in (
    select request_id, place, name from privacy_hit
    where request_id in (select id from privacy_request where address is null) limit ${sql.lit(step)})`.compile(db.q),
  sql`delete from privacy_request where created_at < ${before.made} and state not in ('searching', 'erasing')
    and not exists (select 1 from privacy_hit where request_id = privacy_request.id)`.compile(db.q),
]
