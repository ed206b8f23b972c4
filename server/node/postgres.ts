import { sql } from 'kysely'
import { DatabaseError, Pool, types, type PoolClient } from 'pg'
import { DbError, type Db, type Result } from '../../db/db.ts'
import { postgres as dialect } from '../../db/dialect.ts'
import { compile, readsOn, type Line } from '../../db/driver.ts'
import type { Log } from '../lib/log.ts'

const SERIALIZATION_FAILURE = '40001'
const DEADLOCK = '40P01'

/** Opens a pool of connections to the database that `url` (postgres://…) names. Throws a DbError if it cannot be reached. */
export async function openPostgres({ url, log }: { readonly url: string; readonly log: Log }): Promise<Db> {
  const pool = new Pool({
    connectionString: url,
    types: { getTypeParser: parserFor },
    max: 10,
    connectionTimeoutMillis: 5000,
    lock_timeout: 5000,
    idle_in_transaction_session_timeout: 10_000,
    application_name: 'hookline',
  })
  // Without listeners, a server that goes away would take this process with it: the pool listens to idle connections
  // only, and whoever waits for an answer on another learns of it from the answer.
  pool.on('connect', (client) => {
    client.on('error', (error) => log.warn('A connection to PostgreSQL was lost.', { error: error.message }))
  })
  pool.on('error', () => {})
  const run = async (line: Line) => {
    try {
      return await runLine(pool, line)
    } catch (error) {
      throw asDbError(error)
    }
  }
  const db: Db = {
    ...readsOn('postgres', run),
    dialect,
    commit: async (list) => (list.length === 0 ? [] : transaction(pool, list.map(compile))),
    close: () => pool.end(),
  }
  await run(['select 1', []]).catch(async (error: DbError) => {
    await pool.end()
    throw new DbError(error.kind, `The database of DATABASE_URL cannot be used: ${error.message}`, { cause: error })
  })
  return db
}

/** Tables whose rows change all the time, few of them or all of the newest: a fifth of dead rows is far too many there. */
const HOT = ['counter', 'delivery', 'delivery_hour', 'delivery_hour_bucket', 'webhook']

/**
 * Lets PostgreSQL clean up the hot tables early, and in small portions. What somebody set there by hand stays. Only the
 * owner of the tables may do this; a database works without it.
 */
export async function tuneAutovacuum({ q, commit }: Db, log: Log): Promise<void> {
  const { rows } = await sql<{ name: string }>`select relname as name from pg_class
    where oid = any(array[${sql.join(HOT)}]::regclass[]) and reloptions is null`.execute(q)
  await commit(
    rows.map(({ name }) =>
      sql`alter table ${sql.table(name)} set (autovacuum_vacuum_scale_factor = 0.01,
        autovacuum_vacuum_threshold = 1000, autovacuum_analyze_scale_factor = 0.05)`.compile(q),
    ),
  ).catch((error: unknown) => log.warn('Autovacuum stays as PostgreSQL sets it', { error: String(error) }))
}

async function transaction(pool: Pool, list: readonly Line[]): Promise<readonly Result[]> {
  for (let tries = 1; ; tries++) {
    try {
      return await tryTransaction(pool, list)
    } catch (error) {
      // The server picked this one to end a deadlock and undid it whole: the same list may simply run again.
      const undone = [SERIALIZATION_FAILURE, DEADLOCK].includes(sqlState(error))
      if (!undone || tries === 3) throw asDbError(error)
    }
  }
}

async function tryTransaction(pool: Pool, list: readonly Line[]): Promise<readonly Result[]> {
  const client = await pool.connect()
  let lost: Error | undefined
  try {
    await client.query('begin')
    const results: Result[] = []
    for (const line of list) results.push(await runLine(client, line))
    await client.query('commit')
    return results
  } catch (error) {
    await client.query('rollback').catch((failure: Error) => (lost = failure))
    throw error
  } finally {
    client.release(lost)
  }
}

async function runLine(on: Pool | PoolClient, [text, values]: Line): Promise<Result> {
  const result = await on.query<Record<string, unknown>>(text, [...values])
  return { rows: result.rows, changes: result.command === 'SELECT' ? 0 : (result.rowCount ?? 0) }
}

// bigint comes as text, and so do the sums of it (numeric). Ours are milliseconds and counts: they fit a number exactly.
const NUMBERS: readonly number[] = [types.builtins.INT8, types.builtins.NUMERIC]
const parserFor: typeof types.getTypeParser = (oid: number, format?: 'text' | 'binary') =>
  NUMBERS.includes(oid) ? Number : types.getTypeParser(oid, format as 'text')

const sqlState = (error: unknown): string =>
  error instanceof DatabaseError && error.code !== undefined ? error.code : ''

/**
 * An error of PostgreSQL or its connection in our three kinds, by the class of its SQLSTATE. `busy` are connection (08),
 * read-only after a fail-over (25006), lost races (40), disk and memory (53), locks (55), shutting down (57), I/O (58),
 * and whatever has no SQLSTATE at all: then no server answered.
 */
function asDbError(error: unknown): DbError {
  if (error instanceof DbError) return error
  const state = sqlState(error)
  const kind = state.startsWith('23')
    ? 'constraint'
    : state === '' || /^(08|25006|40|53|55|57|58)/.test(state)
      ? 'busy'
      : 'broken'
  const text = error instanceof Error ? error.message : String(error)
  return new DbError(kind, `PostgreSQL: ${text}${state && ` (${state})`}`, { cause: error })
}
