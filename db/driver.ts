import {
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type CompiledQuery,
  type DatabaseConnection,
  type Driver,
} from 'kysely'
import { DbError, type Db, type Result, type RowByRow, type Statement, type Value } from './db.ts'
import type { Dialect } from './dialect.ts'
import type { Database } from './schema.ts'

/**
 * A statement as engines take it. A plain tuple, so that it crosses to another thread at little cost. With `rows`, it runs
 * once for each of them, in place of `parameters`.
 */
export type Line = readonly [sql: string, parameters: readonly Value[], rows?: RowByRow['rows']]

/** Compiles a statement and checks its parameters, which the engines would otherwise take or refuse each in its own way. */
export function compile(statement: Statement): Line {
  if ('rows' in statement) return [statement.sql, [], statement.rows]
  const { sql, parameters } = 'compile' in statement ? statement.compile() : statement
  for (const [i, value] of parameters.entries()) {
    if (typeof value === 'string' || value === null) continue
    if (typeof value === 'number' && Number.isFinite(value)) continue
    const kind = value instanceof Date ? 'Date' : typeof value
    throw new DbError('broken', `Parameter ${i + 1} is a ${kind}; it has to be a text, a number or null: ${sql}`)
  }
  return [sql, parameters as readonly Value[]]
}

/** Runs one statement outside any list: at once, on its own. */
export type Run = (line: Line) => Promise<Result>

/** Both ways to read, on top of `run`. */
export const readsOn = (dialect: Dialect['name'], run: Run): Pick<Db, 'q' | 'read'> => ({
  q: kyselyOn(dialect, run),
  read: async (query) => (await run(compile(query))).rows,
})

/**
 * Kysely on top of `run`. It has no transactions: D1 cannot have them, so nobody may come to rely on them.
 * `commit` with a list of statements is what there is.
 */
function kyselyOn(dialect: Dialect['name'], run: Run): Kysely<Database> {
  return new Kysely<Database>({
    dialect:
      dialect === 'sqlite'
        ? {
            createAdapter: () => new LocklessAdapter(),
            createDriver: () => driverOf(run),
            createIntrospector: (db) => new SqliteIntrospector(db),
            createQueryCompiler: () => new SqliteQueryCompiler(),
          }
        : {
            createAdapter: () => new PostgresAdapter(),
            createDriver: () => driverOf(run),
            createIntrospector: (db) => new PostgresIntrospector(db),
            createQueryCompiler: () => new PostgresQueryCompiler(),
          },
  })
}

/** Kysely would let one query at a time at SQLite, though `run` takes any number: a write would hold up every read. */
class LocklessAdapter extends SqliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true
  }
}

function driverOf(run: Run): Driver {
  const connection: DatabaseConnection = {
    async executeQuery<R>(query: CompiledQuery) {
      const result = await run(compile(query))
      return { rows: result.rows as R[], numAffectedRows: BigInt(result.changes) }
    },
    streamQuery() {
      throw new DbError('broken', 'Queries are not streamed; ask for a page at a time.')
    },
  }
  const noTransaction = () =>
    Promise.reject(new DbError('broken', 'There are no transactions; write with commit([...]).'))
  return {
    init: () => Promise.resolve(),
    acquireConnection: () => Promise.resolve(connection),
    releaseConnection: () => Promise.resolve(),
    beginTransaction: noTransaction,
    commitTransaction: noTransaction,
    rollbackTransaction: noTransaction,
    destroy: () => Promise.resolve(),
  }
}
