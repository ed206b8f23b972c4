import type { CompiledQuery, Kysely } from 'kysely'
import type { Dialect } from './dialect.ts'
import type { Database } from './schema.ts'

/** One SQL statement: a Kysely builder, or a query that is compiled already (`sql` templates: `.compile(db.q)`). */
export type Statement = CompiledQuery | { compile(): CompiledQuery } | RowByRow | HotStatement

/** A statement that comes with every event, and so changes the log and what waits, but nothing that a `steadyRead` tells. */
export type HotStatement = CompiledQuery & { readonly isHot: true }

/** What a parameter may be. Flags are 0 and 1, times milliseconds, bytes base64. */
export type Value = string | number | null

/**
 * A hot statement that runs once for each of `rows`, the values of its parameters. Its result is one: all the rows that
 * came of it, and the changes in all.
 */
export interface RowByRow {
  readonly sql: string
  readonly rows: readonly (readonly Value[])[]
}

/** What one statement of a commit did. `rows` holds what `returning` or a closing `select` gave. */
export interface Result {
  readonly rows: readonly Record<string, unknown>[]
  readonly changes: number
}

/**
 * How long what was committed has to last when `commit` resolves: `flushed` outlives a power cut; `written` is seen by
 * everybody and outlives the process, and is on the disk a moment later, where the engine knows the difference.
 */
export type Lasting = 'flushed' | 'written'

/**
 * The seam to the database: reads go through `q` and `read`, every write through `commit`.
 *
 * `commit` runs the list in order and all or nothing: a transaction on SQLite and PostgreSQL, a batch on D1. It resolves
 * when the list is durable, and rejects (with nothing written) when one statement fails: `DbError` with `kind`
 * `constraint` (a `must` or a unique key), `busy` (locked, full, or shutting down: nothing was acknowledged),
 * `too_large` (more than the engine takes at once), or `broken`.
 */
export interface Db {
  readonly q: Kysely<Database>
  /** Runs a query that is compiled already, which spares a hot read half of what it takes. */
  read(query: CompiledQuery): Promise<Result['rows']>
  readonly dialect: Dialect
  commit(list: readonly Statement[], lasting?: Lasting): Promise<readonly Result[]>
  /**
   * How many commits there were that were more than hot statements. Missing where others may write as well: then nothing can
   * be remembered by it.
   */
  changes?(): number
  /** Begins a small step of giving the space of deleted rows back; there where the engine has to be asked for it. */
  compact?(): void
  close(): Promise<void>
}

export type DbErrorKind = 'constraint' | 'busy' | 'too_large' | 'broken'

export class DbError extends Error {
  readonly kind: DbErrorKind
  constructor(kind: DbErrorKind, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'DbError'
    this.kind = kind
  }
}

/** Whether a commit was refused by a `must` or a unique key. */
export const isConstraint = (error: unknown): boolean => error instanceof DbError && error.kind === 'constraint'

/** Commits, and answers whether it went: false where a `must` or a unique key refused it, and nothing was written. */
export async function tryCommit(db: Pick<Db, 'commit'>, list: readonly Statement[]): Promise<boolean> {
  try {
    await db.commit(list)
    return true
  } catch (error) {
    if (isConstraint(error)) return false
    throw error
  }
}
