import { sql, type CompiledQuery, type RawBuilder } from 'kysely'
import type { Db } from './db.ts'

/**
 * A rule as a statement: where `broken` holds, the whole commit is refused as `constraint`. Put it behind a statement
 * that raises a counter: that row's lock is what makes two commits at once see each other on PostgreSQL.
 */
export const must = (db: Db, broken: RawBuilder<unknown>): CompiledQuery =>
  sql`insert into must (ok) select 0 where ${broken}`.compile(db.q)
