import { sql } from 'kysely'
import type { Db, Statement } from '../db.ts'
import type { AttemptTable, BodyTable, DeliveryTable } from '../schema.ts'

// A delivery by itself: one that comes later than its event, or that was made before it is stored, as a test is.

const nothingYet = {
  batch_id: null,
  lease_owner: null,
  last_outcome: null,
  last_status: null,
  reason: null,
  resume_state: null,
  resume_at: null,
  first_attempt_at: null,
  finished_at: null,
} as const

type Row = Omit<DeliveryTable, 'seq' | 'erased_at' | 'half_of' | keyof typeof nothingYet> & Partial<DeliveryTable>

/** It stands in the log where this event does. */
export const insertDelivery = (db: Db, event: string, row: Row): Statement =>
  db.q
    .insertInto('delivery')
    .values({ ...nothingYet, ...row, seq: sql<number>`(select seq from event where id = ${event})` })

export const insertAttempt = (db: Db, row: Omit<AttemptTable, 'erased_at'>): Statement =>
  db.q.insertInto('attempt').values(row)

export const insertBody = (db: Db, row: BodyTable): Statement => db.q.insertInto('body').values(row)
