import { sql } from 'kysely'
import type { Db } from '../db.ts'
import { rowFields } from '../prepared.ts'
import type { Database } from '../schema.ts'

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
    texts: ['payload', 'idempotency_key', 'rejected', 'trace'],
    shows: [
      'id',
      'type',
      'site_id',
      'source',
      'occurred_at',
      'created_at',
      'trace',
      'idempotency_key',
      'rejected',
      'payload',
    ],
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
    texts: ['url', 'error', 'request_headers', 'response_headers'],
    packed: 'response_body',
    shows: [
      'id',
      'delivery_id',
      'number',
      'started_at',
      'url',
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
  bin: { table: 'bin', along: ['id'], key: ['id'], texts: ['name'], shows: ['id', 'name'], most: SOME },
  api_key: { table: 'api_key', along: ['id'], key: ['id'], texts: ['name'], shows: ['id', 'name'], most: SOME },
  site: { table: 'site', along: ['id'], key: ['id'], texts: ['name'], shows: ['id', 'name'], most: SOME },
  // What is set may be a secret: an export names the setting alone.
  setting: { table: 'setting', along: ['name'], key: ['name'], texts: ['value'], shows: ['name'], most: SOME },
  plugin_state: {
    table: 'plugin_state',
    along: ['slug'],
    key: ['slug'],
    texts: ['settings'],
    shows: ['slug'],
    most: SOME,
  },
  plugin_site: {
    table: 'plugin_site',
    along: ['slug', 'site_id'],
    key: ['slug', 'site_id'],
    texts: ['settings'],
    shows: ['slug', 'site_id'],
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

/** The log-ins of a person, without what opens anything. */
export const logInsOf = (db: Db, user: string) =>
  db.q
    .selectFrom('session')
    .select(['createdAt', 'expiresAt', 'ipAddress', 'userAgent'])
    .where('userId', '=', user)
    .orderBy('createdAt')
    .execute()
