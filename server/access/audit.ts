import type { Db, Statement } from '../../db/db.ts'
import {
  appendAudit,
  appendAudits,
  auditAfter,
  auditHashBefore,
  lastAudit,
  sealAuditEntry,
  unsealedAudit,
} from '../../db/queries/audit.ts'
import { setSetting, setting } from '../../db/queries/settings.ts'
import type { AuditTable } from '../../db/schema.ts'
import type { By, Owner } from '../lib/actor.ts'
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
export const auditEntry = (deps: Deps, actor: By, entry: AuditEntry): Statement[] =>
  appendAudit(deps.db, auditRow(deps, actor, entry))

/** The same for many at once, in as few statements as their size allows. */
export const auditEntries = (deps: Deps, actor: By, entries: readonly AuditEntry[]): Statement[] =>
  appendAudits(
    deps.db,
    entries.map((entry) => auditRow(deps, actor, entry)),
  )

const auditRow = (deps: Deps, actor: By, entry: AuditEntry) => ({
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
    const open = await unsealedAudit(db, PAGE)
    const [first] = open
    if (!first) return
    let hash = (await auditHashBefore(db, first.seq)) ?? (await auditBase(db)).hash
    const writes: Statement[] = []
    for (const row of open) {
      hash = await chained(hash, row)
      writes.push(sealAuditEntry(db, row.seq, hash))
    }
    await db.commit(writes)
  }
}

/** How far the log was found to be as it was written, and where it was not. */
interface AuditCheck {
  /** The last entry that was looked at, and the hash of the chain there. */
  readonly seq: number
  readonly hash: string
  /** The first entry that was changed, removed or put in; null for none so far. */
  readonly broken: number | null
  /** Whether that was all there is. */
  readonly done: boolean
}

/** Looks at up to `most` entries from where `from` ended, or from the beginning of what is kept. */
export async function checkAudit(
  { db }: Pick<Engine, 'db'>,
  from: Pick<AuditCheck, 'seq' | 'hash'> | null,
  most: number,
): Promise<AuditCheck> {
  const [last, base] = await Promise.all([lastAudit(db), auditBase(db)])
  let { seq, hash } = from && from.seq >= base.seq ? from : base
  for (const end = seq + most; seq < end;) {
    const limit = Math.min(500, end - seq)
    const rows = await auditAfter(db, seq, limit)
    for (const row of rows) {
      const next = await chained(hash, row)
      if (row.seq !== seq + 1 || (row.hash !== null && row.hash !== next))
        return { seq, hash, broken: seq + 1, done: true }
      seq = row.seq
      hash = next
    }
    if (rows.length < limit) return { seq, hash, broken: seq < last ? seq + 1 : null, done: true }
  }
  return { seq, hash, broken: null, done: seq >= last }
}

/** What the last check found, and when. */
export type KeptCheck = AuditCheck & { readonly at: number }

export async function lastCheck(db: Db): Promise<KeptCheck | null> {
  const kept = await setting(db, 'audit_check')
  return kept === '' ? null : (JSON.parse(kept) as KeptCheck)
}

const MOST_CHECKED = 5000

/** Goes on with the check where it stopped, or begins a new round; what it found is kept for everybody to see. */
export async function goOnChecking(engine: Pick<Engine, 'db' | 'clock'>): Promise<KeptCheck> {
  const { db, clock } = engine
  const before = await lastCheck(db)
  const check = await checkAudit(engine, before && !before.done ? before : null, MOST_CHECKED)
  const kept = { ...check, at: clock() }
  await db.commit([setSetting(db, 'audit_check', JSON.stringify(kept))])
  return kept
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
