import type { Db, Statement } from '../../db/db.ts'
import { appendAudit } from '../../db/queries/audit.ts'
import { setting } from '../../db/queries/settings.ts'
import type { AuditTable } from '../../db/schema.ts'
import type { Actor, Owner } from '../lib/actor.ts'
import { newId } from '../lib/ids.ts'
import type { JsonObject } from '../lib/json.ts'
import type { Engine } from '../webhooks/engine.ts'
import type { AuditBase } from '../webhooks/retention.ts'
import { sha256 } from './token.ts'

/** What was done, to what. `before` and `after` are what a reader of the log may see: never a secret. */
export interface AuditEntry {
  /** Thing and past participle: `user.created`, `webhook.updated`. */
  readonly action: string
  /** The id of the thing. */
  readonly target: string
  readonly owner: Owner
  readonly before?: JsonObject | null
  readonly after?: JsonObject | null
}

type Deps = Pick<Engine, 'db' | 'clock' | 'random'>

/** The entry as statements, for the same commit as the change. */
export const auditEntry = (deps: Deps, actor: Pick<Actor, 'id' | 'name' | 'address'>, entry: AuditEntry): Statement[] =>
  appendAudit(deps.db, {
    id: newId('aud', deps),
    at: deps.clock(),
    actor_id: actor.id,
    actor_name: actor.name,
    address: actor.address,
    action: entry.action,
    target: entry.target,
    owner: entry.owner,
    before: entry.before ? JSON.stringify(entry.before) : null,
    after: entry.after ? JSON.stringify(entry.after) : null,
  })

const PAGE = 40 // as statements that fit into one batch of D1

/**
 * Chains the rows that have no hash yet to those before them. Numbers only ever grow, so two processes that do this at
 * once write the same values; the second one finds nothing left to write.
 */
export async function sealAudit({ db }: Pick<Engine, 'db'>): Promise<void> {
  for (;;) {
    const open = await db.q
      .selectFrom('audit')
      .selectAll()
      .where('hash', 'is', null)
      .orderBy('seq')
      .limit(PAGE)
      .execute()
    const first = open[0]
    if (!first) return
    let hash = await hashBefore(db, first.seq)
    const writes: Statement[] = []
    for (const row of open) {
      hash = await chained(hash, row)
      writes.push(db.q.updateTable('audit').set({ hash }).where('seq', '=', row.seq).where('hash', 'is', null))
    }
    await db.commit(writes)
  }
}

/** Whether the log is as it was written; else the number of the first entry that was changed, removed or put in. */
export async function verifyAudit({ db }: Pick<Engine, 'db'>): Promise<{ ok: true } | { ok: false; seq: number }> {
  const counter = await db.q.selectFrom('counter').select('value').where('name', '=', 'audit').executeTakeFirstOrThrow()
  let { seq, hash } = await auditBase(db)
  for (;;) {
    const rows = await db.q.selectFrom('audit').selectAll().where('seq', '>', seq).orderBy('seq').limit(500).execute()
    for (const row of rows) {
      seq++
      hash = await chained(hash, row)
      if (row.seq !== seq || (row.hash !== null && row.hash !== hash)) return { ok: false, seq }
    }
    if (rows.length === 0) return seq < counter.value ? { ok: false, seq: seq + 1 } : { ok: true }
  }
}

async function hashBefore(db: Db, seq: number): Promise<string> {
  const row = await db.q
    .selectFrom('audit')
    .select('hash')
    .where('seq', '<', seq)
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row?.hash ?? (await auditBase(db)).hash
}

/** Where the chain begins: nowhere, or behind the last entry that age has taken. */
const auditBase = async (db: Db): Promise<AuditBase> => JSON.parse(await setting(db, 'audit_base')) as AuditBase

const chained = (before: string, row: AuditTable): Promise<string> =>
  sha256(
    JSON.stringify([
      before,
      row.id,
      row.seq,
      row.at,
      row.actor_id,
      row.actor_name,
      row.address,
      row.action,
      row.target,
      row.owner,
      row.before,
      row.after,
    ]),
  )
