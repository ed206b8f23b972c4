import type { RawBuilder } from 'kysely'

/**
 * What differs between the engines, under five names. Everything else is SQL that all of them run.
 * SQLite and D1 share one dialect; PostgreSQL has its own.
 */
export interface Dialect {
  readonly name: 'sqlite' | 'postgres'
  /** A table expression of one JSON array, to be aliased: rows of `(n, value)`; n from 0, value the element as JSON text. */
  rows(json: string): RawBuilder<{ n: number; value: string }>
  /** The text of a field of a JSON text column or value; null where it is missing. `kind` says what to read it as. */
  field(json: RawBuilder<unknown>, name: string, kind: 'text' | 'number'): RawBuilder<unknown>
  /** Appended to the inner select of a claim: empty, or `for update skip locked`. */
  readonly claimLock: RawBuilder<unknown>
  /** A case-insensitive `column contains text` condition; wildcards in text are taken literally. */
  like(column: RawBuilder<unknown>, text: string): RawBuilder<boolean>
  /** The value that an upsert would have inserted: `excluded.column`. */
  incoming(column: string): RawBuilder<unknown>
}
