import { sql } from 'kysely'
import type { Db, Statement } from '../db.ts'
import { must } from '../must.ts'
import { anyOf } from '../rows.ts'
import type { SiteState, SourceLogTable, SourceTable } from '../schema.ts'
import { seenBy } from './sites.ts'

export interface SourceRow extends SourceTable {
  readonly site_slug: string
}

/** Those of a deleted site are gone with it. */
const all = (db: Db) =>
  db.q
    .selectFrom('source')
    .innerJoin('site', 'site.id', 'source.site_id')
    .where('site.state', '<>', sql.lit<SiteState>('deleted'))
    .selectAll('source')
    .select('site.slug as site_slug')

interface SourceFilter {
  /** Null: those of all sites. */
  readonly site: string | null
  readonly state?: SourceTable['state'] | undefined
  /** Part of a name or of the slug of a kind. */
  readonly search?: string | undefined
}
interface SourcePage {
  readonly sort: keyof typeof sourceSorts
  readonly descending: boolean
  readonly limit: number
  readonly offset: number
}

/** Written so that all engines sort alike: PostgreSQL has nulls last, and letters of both cases apart. */
const sourceSorts = {
  name: sql`lower(source.name)`,
  last_taken_at: sql`coalesce(source.last_taken_at, 0)`,
  taken: sql`source.taken`,
  refused: sql`source.refused`,
} as const

/** A page of sources. */
export const sourcePage = (db: Db, filter: SourceFilter, page: SourcePage): Promise<SourceRow[]> =>
  filtered(db, filter)
    .orderBy(sourceSorts[page.sort], page.descending ? 'desc' : 'asc')
    .orderBy('source.id')
    .limit(page.limit)
    .offset(page.offset)
    .execute()

/** How many sources there are in each state, for the views above the list. */
export async function countSources(db: Db, filter: Omit<SourceFilter, 'state'>) {
  const rows = await filtered(db, filter)
    .clearSelect()
    .select(['source.state', (eb) => eb.fn.countAll<number>().as('count')])
    .groupBy('source.state')
    .execute()
  const of = (state: SourceTable['state']) => Number(rows.find((row) => row.state === state)?.count ?? 0)
  return { active: of('active'), retired: of('retired') }
}

function filtered(db: Db, { site, state, search }: SourceFilter) {
  const like = (column: string) => db.dialect.like(sql.ref(column), search ?? '')
  return all(db)
    .$if(site !== null, (query) => query.where('source.site_id', '=', site ?? ''))
    .$if(state !== undefined, (query) => query.where('source.state', '=', state ?? 'active'))
    .$if(Boolean(search), (query) => query.where((eb) => eb.or([like('source.name'), like('source.kind')])))
}

/** Sources behind a position, by id, which is the order in which they were made. */
export const sourcesAfter = (db: Db, site: string | null, after: string, limit: number): Promise<SourceRow[]> =>
  (site === null ? all(db) : all(db).where('source.site_id', '=', site))
    .where('source.id', '>', after)
    .orderBy('source.id')
    .limit(limit)
    .execute()

/** Those of these that a site sees, which has its own sources, in no order; the network has all. */
export const sourcesById = (db: Db, ids: readonly string[], site = 'network'): Promise<SourceRow[]> =>
  all(db).where('source.id', 'in', anyOf(db, ids)).where(seenBy(site, 'source.site_id')).execute()

export const sourceById = async (db: Db, id: string, site?: string): Promise<SourceRow | undefined> =>
  (await sourcesById(db, [id], site))[0]

/** The source that this token opens now: its own, or the one before for as long as that holds. */
export async function sourceByToken(db: Db, hash: string, now: number): Promise<SourceRow | undefined> {
  const own = await all(db).where('source.token_hash', '=', hash).executeTakeFirst()
  if (own) return own
  return all(db)
    .where('source.previous_hash', '=', hash)
    .where('source.previous_hash', 'is not', null)
    .where('source.previous_until', '>', now)
    .executeTakeFirst()
}

export const insertSource = (
  db: Db,
  row: Omit<SourceTable, 'revision' | 'taken' | 'refused' | 'last_taken_at' | 'last_refused_at'>,
): Statement =>
  db.q
    .insertInto('source')
    .values({ ...row, revision: 1, taken: 0, refused: 0, last_taken_at: null, last_refused_at: null })

/** Breaks the commit when somebody else changed the source since it had this revision. */
export const mustBeSourceRevision = (db: Db, id: string, revision: number): Statement =>
  must(db, sql`not exists (select 1 from source where id = ${id} and revision = cast(${revision} as integer))`)

export const updateSource = (db: Db, id: string, set: Partial<SourceTable>): Statement =>
  db.q
    .updateTable('source')
    .set({ ...set, revision: sql<number>`revision + 1` })
    .where('id', '=', id)

export const deleteSource = (db: Db, id: string): readonly Statement[] => [
  db.q.deleteFrom('source').where('id', '=', id),
  db.q.deleteFrom('source_log').where('source_id', '=', id),
]

/** How many requests of each kind, taken and refused, the log of a source keeps. */
export const KEPT_IN_LOG = 50

/** A request at a source: counted, and in its log, where it pushes out the oldest of its kind. */
export const logRequest = (db: Db, row: SourceLogTable): readonly Statement[] => {
  const mine = db.q
    .selectFrom('source_log')
    .where('source_id', '=', row.source_id)
    .where('was_taken', '=', row.was_taken)
  return [
    db.q
      .updateTable('source')
      .set((eb) =>
        row.was_taken === 1
          ? { taken: eb('taken', '+', 1), last_taken_at: row.at }
          : { refused: eb('refused', '+', 1), last_refused_at: row.at },
      )
      .where('id', '=', row.source_id),
    db.q.insertInto('source_log').values(row),
    db.q
      .deleteFrom('source_log')
      .where('source_id', '=', row.source_id)
      .where('was_taken', '=', row.was_taken)
      .where('id', '<=', mine.select('id').orderBy('id', 'desc').limit(1).offset(KEPT_IN_LOG)),
  ]
}

/** The last requests at a source, newest first. */
export const requestsAt = (db: Db, source: string, wasTaken: 0 | 1, limit: number): Promise<SourceLogTable[]> =>
  db.q
    .selectFrom('source_log')
    .selectAll()
    .where('source_id', '=', source)
    .where('was_taken', '=', wasTaken)
    .orderBy('id', 'desc')
    .limit(limit)
    .execute()

/** Requests with a token that nobody gave out, at the address of a kind of source. */
export const logStrangers = (db: Db, kind: string, requests: number, at: number): Statement =>
  db.q
    .insertInto('source_stranger')
    .values({ kind, requests, last_at: at })
    .onConflict((on) =>
      on
        .column('kind')
        .doUpdateSet({ requests: sql<number>`source_stranger.requests + excluded.requests`, last_at: at }),
    )

export const strangers = (db: Db): Promise<{ kind: string; requests: number; last_at: number }[]> =>
  db.q.selectFrom('source_stranger').selectAll().orderBy('kind').execute()

const MOST_NAMED = 10

/** Active sources whose last request was refused, after `since`: the latest ones. */
export const refusingSources = (db: Db, since: number): Promise<Pick<SourceTable, 'id' | 'name'>[]> =>
  db.q
    .selectFrom('source')
    .select(['id', 'name'])
    .where('state', '=', 'active')
    .where('last_refused_at', '>', since)
    .where((eb) => eb.or([eb('last_taken_at', 'is', null), eb('last_taken_at', '<', eb.ref('last_refused_at'))]))
    .orderBy('last_refused_at', 'desc')
    .limit(MOST_NAMED)
    .execute()

/** Sources behind an id, to be sealed anew one after the other. */
export const sealedSourcesAfter = (db: Db, id: string): Promise<Pick<SourceTable, 'id' | 'token' | 'secret'>[]> =>
  db.q.selectFrom('source').select(['id', 'token', 'secret']).where('id', '>', id).orderBy('id').limit(20).execute()

export const setSourceSecrets = (db: Db, id: string, token: string, secret: string | null): Statement =>
  db.q.updateTable('source').set({ token, secret }).where('id', '=', id)
