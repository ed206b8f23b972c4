import { auditEntries, lastAudit, type AuditFilter } from '../../db/queries/audit.ts'
import type { AuditTable } from '../../db/schema.ts'
import type { Deps } from '../deps.ts'
import { isoTime } from '../lib/clock.ts'
import type { JsonObject } from '../lib/json.ts'
import { WINDOW } from './audit-filter.ts'

/** So many entries fit into one file. */
export const MOST_EXPORTED = 100_000

const columns = [
  'number',
  'time',
  'actor',
  'actor_id',
  'address',
  'action',
  'target',
  'owner',
  'before',
  'after',
  'hash',
]

/** The entries that fit a filter as a file, newest first. It is read and sent in steps, so that none of it piles up. */
export async function exportAudit(
  { db }: Deps,
  filter: AuditFilter | null,
  format: 'csv' | 'jsonl',
): Promise<Response> {
  const encoder = new TextEncoder()
  const write = format === 'csv' ? csvLine : jsonLine
  const wanted = filter ?? {}
  let before = filter === null ? 0 : (await lastAudit(db)) + 1
  let left = MOST_EXPORTED
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      if (format === 'csv') controller.enqueue(encoder.encode(`${columns.join(',')}\r\n`))
    },
    async pull(controller) {
      while (before > 1 && left > 0) {
        const floor = before - 1 - WINDOW
        const rows = await auditEntries(db, wanted, { before, floor, limit: Math.min(left, STEP) })
        before = rows.length < STEP ? Math.min(floor + 1, before) : (rows.at(-1)?.seq ?? 0)
        left -= rows.length
        if (rows.length === 0) continue
        controller.enqueue(encoder.encode(rows.map(write).join('')))
        return
      }
      controller.close()
    },
  })
  return new Response(body, {
    headers: {
      'content-type': format === 'csv' ? 'text/csv; charset=utf-8' : 'application/jsonl; charset=utf-8',
      'content-disposition': `attachment; filename="audit.${format}"`,
      'cache-control': 'no-store',
    },
  })
}

const STEP = 500

const shown = (row: AuditTable) => ({
  number: row.seq,
  time: isoTime(row.at),
  actor: row.actor_name,
  actor_id: row.actor_id,
  address: row.address,
  action: row.action,
  target: row.target,
  owner: row.owner,
  before: row.before === null ? null : (JSON.parse(row.before) as JsonObject),
  after: row.after === null ? null : (JSON.parse(row.after) as JsonObject),
  hash: row.hash,
})

const jsonLine = (row: AuditTable): string => `${JSON.stringify(shown(row))}\n`

const csvLine = (row: AuditTable): string =>
  `${Object.values({ ...shown(row), before: row.before, after: row.after })
    .map((value) => csvCell(value === null ? '' : String(value)))
    .join(',')}\r\n`

/** A spreadsheet would run a cell that begins like a formula; a quote in front makes it text. */
function csvCell(value: string): string {
  const tame = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(tame) ? `"${tame.replaceAll('"', '""')}"` : tame
}
