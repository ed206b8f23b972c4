import { sql, type CompiledQuery } from 'kysely'
import type { Db } from '../db.ts'

/**
 * Ends a delivery that waits; one that is on the wire, or has ended, stays as it is. One that had ended already and waits
 * to be sent once more is what it was before.
 */
export const cancelDelivery = (db: Db, id: string, now: number, reason = 'Cancelled by a person.'): CompiledQuery =>
  sql`update delivery set ${ending(now, reason)} where id = ${id} and state in ('pending', 'retrying', 'held')`.compile(
    db.q,
  )

/** What `cancelDelivery` sets. */
export const ending = (now: number, reason: string) =>
  sql`state = case when resume_state in ('delivered', 'failed', 'cancelled') then resume_state else 'cancelled' end,
      finished_at = case when resume_state in ('delivered', 'failed', 'cancelled') then finished_at
        else cast(${now} as bigint) end,
      due_at = null, reason = ${reason}, resume_state = null, resume_at = null`
