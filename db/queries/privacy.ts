import { sql } from 'kysely'
import type { Db, Statement } from '../db.ts'
import { must } from '../must.ts'
import { rowFields } from '../prepared.ts'
import type { PrivacyRequestTable, PrivacyState } from '../schema.ts'
import type { PlaceName } from './privacy-places.ts'

export const requestById = (db: Db, id: string): Promise<PrivacyRequestTable | undefined> =>
  db.q.selectFrom('privacy_request').selectAll().where('id', '=', id).executeTakeFirst()

interface RequestFilter {
  readonly state?: PrivacyState | undefined
  /** Part of an address, as far as it is known still. */
  readonly search?: string | undefined
}

/** A page of requests, the newest first or the oldest. */
export const requestPage = (
  db: Db,
  { state, search }: RequestFilter,
  { descending, limit, offset }: { readonly descending: boolean; readonly limit: number; readonly offset: number },
): Promise<PrivacyRequestTable[]> =>
  db.q
    .selectFrom('privacy_request')
    .selectAll()
    .where(addressLike(db, search))
    .$if(state !== undefined, (query) => query.where('state', '=', state ?? 'found'))
    .orderBy('created_at', descending ? 'desc' : 'asc')
    .orderBy('id', descending ? 'desc' : 'asc')
    .limit(limit)
    .offset(offset)
    .execute()

/** The newest requests; those that were made before one of them. */
export const requestsBefore = (
  db: Db,
  before: { readonly at: number; readonly id: string } | null,
  limit: number,
): Promise<PrivacyRequestTable[]> =>
  db.q
    .selectFrom('privacy_request')
    .selectAll()
    .$if(before !== null, (query) =>
      query.where(sql<boolean>`(created_at, id) < (cast(${before?.at ?? 0} as bigint), ${before?.id ?? ''})`),
    )
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
    .execute()

/** How many requests there are in each state. */
export async function countRequests(
  db: Db,
  search: string | undefined,
): Promise<Partial<Record<PrivacyState, number>>> {
  const rows = await db.q
    .selectFrom('privacy_request')
    .select(['state', (eb) => eb.fn.countAll<number>().as('count')])
    .where(addressLike(db, search))
    .groupBy('state')
    .execute()
  return Object.fromEntries(rows.map(({ state, count }) => [state, Number(count)]))
}

const addressLike = (db: Db, search: string | undefined) =>
  search ? db.dialect.like(sql`coalesce(address, masked)`, search) : sql<boolean>`1 = 1`

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
