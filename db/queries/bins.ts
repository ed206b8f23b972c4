import { sql, type CompiledQuery } from 'kysely'
import type { Db, Statement } from '../db.ts'
import { must } from '../must.ts'
import { anyOf } from '../rows.ts'
import type { BinTable, CaptureTable, SiteState } from '../schema.ts'
import { STEP } from './retention.ts'
import { seenBy } from './sites.ts'

export const binByToken = (db: Db, token: string): Promise<BinTable | undefined> =>
  db.q.selectFrom('bin').selectAll().where('token', '=', token).executeTakeFirst()

/** Those of these that an owner sees, in no order; the network sees all. */
export const binsById = (db: Db, ids: readonly string[], owner = 'network'): Promise<BinTable[]> =>
  db.q.selectFrom('bin').selectAll().where('id', 'in', anyOf(db, ids)).where(seenBy(owner, 'owner')).execute()

export const binById = async (db: Db, id: string, owner?: string): Promise<BinTable | undefined> =>
  (await binsById(db, [id], owner))[0]

export type BinView = 'caught' | 'empty'
interface BinFilter {
  /** Null: those of the network and of all sites. */
  readonly owner: string | null
  /** Whether it ever caught something. */
  readonly view?: BinView | undefined
  /** Part of a name. */
  readonly search?: string | undefined
}

/** Written so that all engines sort alike: PostgreSQL has letters of both cases apart. */
const binSorts = {
  name: sql`lower(bin.name)`,
  received: sql`bin.received`,
  created_at: sql`bin.created_at`,
} as const

/** A page of bins. Those of a deleted site are gone with it. */
export const binPage = (
  db: Db,
  filter: BinFilter,
  page: {
    readonly sort: keyof typeof binSorts
    readonly descending: boolean
    readonly limit: number
    readonly offset: number
  },
): Promise<BinTable[]> =>
  filtered(db, filter)
    .selectAll('bin')
    .orderBy(binSorts[page.sort], page.descending ? 'desc' : 'asc')
    .orderBy('bin.id')
    .limit(page.limit)
    .offset(page.offset)
    .execute()

/** How many bins caught something, and how many nothing yet. */
export async function countBins(db: Db, filter: Omit<BinFilter, 'view'>): Promise<Record<BinView, number>> {
  const rows = await filtered(db, filter)
    .select([viewOfBin.as('view'), (eb) => eb.fn.countAll<number>().as('count')])
    .groupBy('view')
    .execute()
  const counts: Record<BinView, number> = { caught: 0, empty: 0 }
  for (const { view, count } of rows) counts[view] = Number(count)
  return counts
}

const viewOfBin = sql<BinView>`case when bin.received > 0 then 'caught' else 'empty' end`

const filtered = (db: Db, { owner, view, search }: BinFilter) =>
  db.q
    .selectFrom('bin')
    .leftJoin('site', 'site.id', 'bin.owner')
    .where((eb) => eb.or([eb('site.id', 'is', null), eb('site.state', '<>', sql.lit<SiteState>('deleted'))]))
    .$if(owner !== null, (query) => query.where('bin.owner', '=', owner ?? ''))
    .$if(view !== undefined, (query) => query.where(viewOfBin, '=', view ?? 'empty'))
    .$if(Boolean(search), (query) => query.where(db.dialect.like(sql.ref('bin.name'), search ?? '')))

/** The bins of an owner, the newest first. */
export const binsOf = (db: Db, owner: string): Promise<BinTable[]> =>
  db.q.selectFrom('bin').selectAll().where('owner', '=', owner).orderBy('created_at', 'desc').orderBy('id').execute()

/** The same, a page of them: behind the bin that was made then and has this id, or from the newest on. */
export const binsAfter = (
  db: Db,
  owner: string,
  after: { readonly madeAt: number; readonly id: string } | null,
  limit: number,
): Promise<BinTable[]> =>
  db.q
    .selectFrom('bin')
    .selectAll()
    .where('owner', '=', owner)
    .$if(after !== null, (query) =>
      query.where((eb) =>
        eb.or([
          eb('created_at', '<', after?.madeAt ?? 0),
          eb.and([eb('created_at', '=', after?.madeAt ?? 0), eb('id', '>', after?.id ?? '')]),
        ]),
      ),
    )
    .orderBy('created_at', 'desc')
    .orderBy('id')
    .limit(limit)
    .execute()

export const insertBin = (db: Db, row: Omit<BinTable, 'received'>): Statement =>
  db.q.insertInto('bin').values({ ...row, received: 0 })

/** Breaks the commit when the owner has `most` bins already. */
export const mustHaveRoomForBin = (db: Db, owner: string, most: number): CompiledQuery =>
  must(db, sql`(select count(*) from bin where owner = ${owner}) >= cast(${most} as bigint)`)

export const updateBin = (db: Db, id: string, change: Pick<BinTable, 'name' | 'answer' | 'webhook_id'>): Statement =>
  db.q.updateTable('bin').set(change).where('id', '=', id)

export const deleteCaptures = (db: Db, bin: string): Statement => db.q.deleteFrom('capture').where('bin_id', '=', bin)
export const deleteBin = (db: Db, id: string): Statement => db.q.deleteFrom('bin').where('id', '=', id)

/**
 * Catches a request: counts it, stores it with the status that its turn gets (the first `fails` get `failure`), and lets
 * the oldest go where there are more than `most`. The last result holds the status; none when the bin is gone.
 */
export const catchRequest = (
  db: Db,
  row: Omit<CaptureTable, 'status' | 'erased_at'>,
  answer: { readonly fails: number; readonly failure: number; readonly status: number },
  most: number,
): Statement[] => [
  sql`update bin set received = received + 1 where id = ${row.bin_id}`.compile(db.q),
  sql`insert into capture (id, bin_id, at, method, query, headers, hidden, body, bytes, verdict, status)
    select ${row.id}, id, cast(${row.at} as bigint), ${row.method}, ${row.query}, ${row.headers},
      cast(${row.hidden} as text), ${row.body}, cast(${row.bytes} as integer), ${row.verdict},
      case when received <= cast(${answer.fails} as bigint) then cast(${answer.failure} as integer)
        else cast(${answer.status} as integer) end
    from bin where id = ${row.bin_id}`.compile(db.q),
  sql`delete from capture where bin_id = ${row.bin_id} and id <= (select id from capture
    where bin_id = ${row.bin_id} order by id desc limit 1 offset ${sql.lit(most)})`.compile(db.q),
  db.q.selectFrom('capture').select('status').where('id', '=', row.id),
]

/** What a bin caught before a request, or up to now; the newest first. */
export const capturesBefore = (db: Db, bin: string, before: string | null, limit: number): Promise<CaptureTable[]> =>
  db.q
    .selectFrom('capture')
    .selectAll()
    .where('bin_id', '=', bin)
    .$if(before !== null, (query) => query.where('id', '<', before ?? ''))
    .orderBy('id', 'desc')
    .limit(limit)
    .execute()

/** What a bin caught next after a request; the newest first. */
export const capturesAfter = async (db: Db, bin: string, after: string, limit: number): Promise<CaptureTable[]> => {
  const next = db.q.selectFrom('capture').selectAll().where('bin_id', '=', bin).where('id', '>', after)
  return (await next.orderBy('id').limit(limit).execute()).toReversed()
}

export const captureById = (db: Db, id: string): Promise<CaptureTable | undefined> =>
  db.q.selectFrom('capture').selectAll().where('id', '=', id).executeTakeFirst()

/** Requests whose headers are sealed, behind an id. */
export const hiddenAfter = (db: Db, id: string) =>
  db.q
    .selectFrom('capture')
    .select(['id', 'hidden'])
    .where('hidden', 'is not', null)
    .where('id', '>', id)
    .orderBy('id')
    .limit(40)
    .$narrowType<{ hidden: string }>()
    .execute()

export const setHidden = (db: Db, id: string, hidden: string | null): Statement =>
  db.q.updateTable('capture').set({ hidden }).where('id', '=', id)

/** What was caught before `before`, a step of it. */
export const deleteOldCaptures = (db: Db, before: number): Statement =>
  sql`delete from capture where id in (select id from capture where at < ${before} order by at limit ${sql.lit(STEP)})`.compile(
    db.q,
  )
