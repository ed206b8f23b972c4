import Database from 'better-sqlite3'
import { DbError, type DbErrorKind, type Result } from '../../db/db.ts'
import type { Line } from '../../db/driver.ts'

/** Commits that share one transaction, and with it one flush to disk. Each item is the list of one `commit`. */
export type Group = readonly (readonly Line[])[]

/** What became of an item. Plain data: an error's class does not survive the way between threads. */
export type Outcome =
  | { readonly results: readonly Result[] }
  | { readonly refused: { readonly kind: DbErrorKind; readonly message: string } }

export interface Connection {
  readonly sqlite: Database.Database
  /** A prepared statement, from memory if the text was seen before. */
  readonly prepare: (sql: string) => Database.Statement<unknown[], Record<string, unknown>>
}

/** Lists of unlike length make unlike texts, so what is kept has to be bounded. */
const KEPT_STATEMENTS = 500

/**
 * A statement that fails halfway leaves what it did until then, as its whole item is rolled back anyway. So SQLite keeps no
 * journal for each statement, which is a third of what it takes to insert a row.
 */
const orFail = (sql: string): string => sql.replace(/^(insert|update) (?!or )/, '$1 or fail ')

export function openConnection(file: string, options: Database.Options = {}): Connection {
  const sqlite = new Database(file, options)
  const kept = new Map<string, Database.Statement<unknown[], Record<string, unknown>>>()
  return {
    sqlite,
    prepare(sql) {
      const known = kept.get(sql)
      if (known) return known
      const statement = sqlite.prepare<unknown[], Record<string, unknown>>(orFail(sql))
      for (const oldest of kept.keys()) {
        if (kept.size < KEPT_STATEMENTS) break
        kept.delete(oldest)
      }
      kept.set(sql, statement)
      return statement
    },
  }
}

export function runLine({ prepare }: Connection, [sql, parameters, list]: Line): Result {
  const statement = prepare(sql)
  if (list !== undefined) {
    return { rows: [], changes: list.reduce((sum, row) => sum + statement.run(...row).changes, 0) }
  }
  if (!statement.reader) return { rows: [], changes: statement.run(...parameters).changes }
  const rows = statement.all(...parameters)
  return { rows, changes: statement.readonly ? 0 : rows.length }
}

/**
 * Runs a group in one transaction, without savepoints, because nearly every group is clean. When an item fails, the
 * group is rolled back and run again with a savepoint around each item: only what fails is refused, and its neighbours
 * still share one flush to disk. A transaction for each of 512 would take more than ten times as long (88 ms for 6).
 *
 * When the engine itself is in trouble (disk full, I/O, locked), every item is refused: whatever part of the
 * transaction ran is gone, so nothing of it may be acknowledged.
 */
export function runGroup(connection: Connection, group: Group): readonly Outcome[] {
  try {
    return transaction(connection, () =>
      group.map((item) => ({ results: item.map((line) => runLine(connection, line)) })),
    )
  } catch (error) {
    if (inTrouble(error)) return group.map(() => refusal(error))
    if (group.length === 1) return [refusal(error)]
  }
  try {
    return transaction(connection, () => group.map((item) => guarded(connection, item)))
  } catch (error) {
    return group.map(() => refusal(error))
  }
}

function transaction<T>({ sqlite, prepare }: Connection, run: () => T): T {
  prepare('begin immediate').run()
  try {
    const value = run()
    prepare('commit').run()
    return value
  } catch (error) {
    if (!sqlite.inTransaction) throw new DbError('busy', `The transaction was lost: ${textOf(error)}`, { cause: error })
    prepare('rollback').run()
    throw error
  }
}

function guarded(connection: Connection, item: readonly Line[]): Outcome {
  const { sqlite, prepare } = connection
  prepare('savepoint item').run()
  try {
    const results = item.map((line) => runLine(connection, line))
    prepare('release item').run()
    return { results }
  } catch (error) {
    if (!sqlite.inTransaction || inTrouble(error)) throw error
    prepare('rollback to item').run()
    prepare('release item').run()
    return refusal(error)
  }
}

const refusal = (error: unknown): Outcome => {
  const { kind, message } = asDbError(error)
  return { refused: { kind, message } }
}

const inTrouble = (error: unknown): boolean => asDbError(error).kind === 'busy'

/** An error of SQLite in our three kinds. */
export function asDbError(error: unknown): DbError {
  if (error instanceof DbError) return error
  const code = error instanceof Database.SqliteError ? error.code : ''
  const kind = code.startsWith('SQLITE_CONSTRAINT')
    ? 'constraint'
    : /^SQLITE_(FULL|IOERR|BUSY|LOCKED|PROTOCOL|CANTOPEN|READONLY|NOMEM|INTERRUPT)/.test(code)
      ? 'busy'
      : 'broken'
  return new DbError(kind, `SQLite: ${textOf(error)}${code && ` (${code})`}`, { cause: error })
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
