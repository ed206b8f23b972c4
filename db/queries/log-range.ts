import { sql, type RawBuilder } from 'kysely'
import { MINUTE } from '../../server/lib/clock.ts'
import { idBefore } from '../../server/lib/ids.ts'

// The log is read by seq, and there is no index on times. But ids of events begin with theirs, and nothing is committed a
// whole minute after its id was made: with that, a time becomes a place in the log, which may lie a little off.

/** Whether a `seq` may belong to something of `since` or later; false for all that surely is older. */
export const seqSince = (seq: RawBuilder<unknown>, since: number): RawBuilder<boolean> =>
  sql<boolean>`${seq} > coalesce(
    (select e.seq from event e where e.id < ${idBefore('evt', since - MINUTE)} order by e.id desc limit 1), 0)`

/** Whether a `seq` may belong to something before `until`; false for all that surely is younger. */
export const seqUntil = (seq: RawBuilder<unknown>, until: number): RawBuilder<boolean> =>
  sql<boolean>`${seq} < coalesce(
    (select e.seq from event e where e.id >= ${idBefore('evt', until + MINUTE)} order by e.id limit 1), ${sql.lit(Number.MAX_SAFE_INTEGER)})`
