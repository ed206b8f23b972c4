import { sql } from 'kysely'
import type { Db, Statement } from '../db.ts'
import type { AuditTable } from '../schema.ts'

/** Appends to the audit log. The entry takes its number from a counter, whose lock orders commits. */
export const appendAudit = (db: Db, row: Omit<AuditTable, 'seq' | 'hash'>): Statement[] => [
  db.q
    .updateTable('counter')
    .set((eb) => ({ value: eb('value', '+', 1) }))
    .where('name', '=', 'audit'),
  db.q.insertInto('audit').values({
    ...row,
    seq: sql<number>`(select value from counter where name = 'audit')`,
    hash: null,
  }),
]
