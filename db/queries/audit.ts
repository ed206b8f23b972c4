import { sql, type SqlBool } from 'kysely'
import { MINUTE } from '../../server/lib/clock.ts'
import { idBefore } from '../../server/lib/ids.ts'
import type { Db, Statement } from '../db.ts'
import { hopsAlong } from '../hop.ts'
import { rowFields } from '../prepared.ts'
import { inPieces } from '../rows.ts'
import type { AuditTable } from '../schema.ts'
import { counterNow, raiseCounter } from './counters.ts'

/** Appends to the audit log. The entry takes its number from a counter, whose lock orders commits. */
export const appendAudit = (db: Db, row: Omit<AuditTable, 'seq' | 'hash'>): Statement[] => [
  raiseCounter(db, 'audit'),
  db.q.insertInto('audit').values({
    ...row,
    seq: sql<number>`(select value from counter where name = 'audit')`,
    hash: null,
  }),
]

/** Many entries at once, in their order. */
export function appendAudits(db: Db, rows: readonly Omit<AuditTable, 'seq' | 'hash'>[]): Statement[] {
  const columns = ['id', 'actor_id', 'actor_name', 'address', 'action', 'target', 'owner', 'before', 'after'] as const
  let left = rows.length
  return [
    raiseCounter(db, 'audit', rows.length),
    ...inPieces(rows).map((json) => {
      const behind = left - 1
      left -= (JSON.parse(json) as unknown[]).length
      const of = rowFields(db, sql`r.value`)
      return sql`insert into audit (${sql.join(columns.map((column) => sql.ref(column)))}, at, seq)
        select ${sql.join(columns.map((column) => of(column)))}, ${of('at', 'number')},
          (select value from counter where name = 'audit') - cast(${behind} as bigint) + r.n
        from ${db.dialect.rows(json)} as r`.compile(db.q)
    }),
  ]
}

export interface AuditFilter {
  /** An id, or else a name as it was written down. */
  readonly actor?: string | undefined
  readonly action?: string | undefined
  /** `network`, or the id of a site. */
  readonly owner?: string | undefined
  readonly target?: string | undefined
  readonly since?: number | undefined
  readonly until?: number | undefined
  /** Part of an action, of a name, or of what it was done to. Ask with a range: nothing but a look at each entry finds it. */
  readonly text?: string | undefined
}

/** Where a page lies: entries behind `before`, or in front of `after`, and none at or below `floor`. */
export interface AuditRange {
  readonly before?: number | undefined
  readonly after?: number | undefined
  readonly floor?: number | undefined
  readonly limit: number
}

/** Entries of the log, newest first; with `after` the nearest ones in front of it. */
export async function auditEntries(db: Db, filter: AuditFilter, range: AuditRange): Promise<AuditTable[]> {
  const { before, after, floor, limit } = range
  const { since, until } = filter
  let query = db.q.selectFrom('audit').selectAll()
  const { actor } = filter
  if (actor) query = query.where(/^(usr|key)_/.test(actor) ? 'actor_id' : 'actor_name', '=', actor)
  for (const column of ['action', 'owner', 'target'] as const) {
    const value = filter[column]
    if (value) query = query.where(column, '=', value)
  }
  // There is no index on times, but ids begin with theirs: that makes a time a place in the log.
  if (since !== undefined) query = query.where('at', '>=', since).where(seqBeside('>', since - MINUTE))
  if (until !== undefined) query = query.where('at', '<', until).where(seqBeside('<', until + MINUTE))
  if (before !== undefined) query = query.where('seq', '<', before)
  if (floor !== undefined) query = query.where('seq', '>', floor)
  if (after !== undefined) query = query.where('seq', '>', after)
  const { text } = filter
  if (text) {
    const like = (column: 'action' | 'actor_name' | 'target') => db.dialect.like(sql.ref(column), text)
    query = query.where((eb) => eb.or([like('action'), like('actor_name'), like('target')]))
  }
  const rows = await query
    .orderBy('seq', after === undefined ? 'desc' : 'asc')
    .limit(limit)
    .execute()
  return after === undefined ? rows : rows.toReversed()
}

/** Whether an entry lies behind all that are older than `time` (`>`), or in front of all that are younger (`<`). */
const seqBeside = (side: '>' | '<', time: number) =>
  side === '>'
    ? sql<SqlBool>`audit.seq > coalesce(
        (select e.seq from audit e where e.id < ${idBefore('aud', time)} order by e.id desc limit 1), 0)`
    : sql<SqlBool>`audit.seq < coalesce(
        (select e.seq from audit e where e.id >= ${idBefore('aud', time)} order by e.id limit 1),
        ${sql.lit(Number.MAX_SAFE_INTEGER)})`

export const auditEntryById = (db: Db, id: string): Promise<AuditTable | undefined> =>
  db.q.selectFrom('audit').selectAll().where('id', '=', id).executeTakeFirst()

/** Every action that stands in the log, found by hopping along their index. */
export async function auditActions(db: Db): Promise<string[]> {
  const { rows } = await sql<{ action: string }>`${hopsAlong('audit', 'action')}
    select value as action from hop where value is not null`.execute(db.q)
  return rows.map(({ action }) => action)
}

/** The oldest entries that are not in the chain yet. */
export const unsealedAudit = (db: Db, limit: number): Promise<AuditTable[]> =>
  db.q.selectFrom('audit').selectAll().where('hash', 'is', null).orderBy('seq').limit(limit).execute()

/** Puts an entry into the chain; what is in it stays as it is. */
export const sealAuditEntry = (db: Db, seq: number, hash: string): Statement =>
  db.q.updateTable('audit').set({ hash }).where('seq', '=', seq).where('hash', 'is', null)

/** Entries in the order in which they were written, behind one of them. */
export const auditAfter = (db: Db, seq: number, limit: number): Promise<AuditTable[]> =>
  db.q.selectFrom('audit').selectAll().where('seq', '>', seq).orderBy('seq').limit(limit).execute()

/** The hash of the entry in front of this place; undefined where there is none. */
export async function auditHashBefore(db: Db, seq: number): Promise<string | null | undefined> {
  const query = db.q.selectFrom('audit').select('hash').where('seq', '<', seq).orderBy('seq', 'desc').limit(1)
  return (await query.executeTakeFirst())?.hash
}

/** The number of the last entry that was written. */
export const lastAudit = (db: Db): Promise<number> => counterNow(db, 'audit')
