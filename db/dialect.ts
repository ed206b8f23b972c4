import { sql, type RawBuilder } from 'kysely'

/**
 * What differs between the engines, under six names. Everything else is SQL that all of them run.
 * SQLite and D1 share one dialect, save for how rows come in; PostgreSQL has its own.
 */
export interface Dialect {
  readonly name: 'sqlite' | 'postgres'
  /** Whether a statement may run row by row, its fields as parameters; see `eachRow`. */
  readonly takesRows: boolean
  /** Whether a value has to stay below `LARGEST_VALUE`, so that the rows of one statement may have to come in pieces. */
  readonly takesPieces: boolean
  /**
   * A table expression of one JSON array of objects, to be aliased: rows of `(n, value)`; n from 0, value the element as
   * JSON text. One bound parameter, whatever the length.
   */
  rows(json: string): RawBuilder<{ n: number; value: string }>
  /**
   * A field of a JSON text column or value; null where it is missing or null. `kind` says what to read it as: `number`
   * is for whole numbers and gives an integer. Flags are written as 0 and 1: the engines read `true` differently.
   */
  field(json: RawBuilder<unknown>, name: string, kind: 'text'): RawBuilder<string | null>
  field(json: RawBuilder<unknown>, name: string, kind: 'number'): RawBuilder<number | null>
  field(json: RawBuilder<unknown>, name: string, kind: 'text' | 'number'): RawBuilder<unknown>
  /** Appended to the inner select of a claim: empty, or `for update skip locked`. */
  readonly claimLock: RawBuilder<unknown>
  /** A `column contains text` condition that ignores case (on SQLite that of ASCII letters only); text has no wildcards. */
  like(column: RawBuilder<unknown>, text: string): RawBuilder<boolean>
  /** The value that an upsert would have inserted: `excluded.column`. */
  incoming(column: string): RawBuilder<unknown>
}

const incoming = (column: string) => sql.ref(`excluded.${column}`)

// A literal and not a parameter: D1 takes only 100 of those. SQLite reads a label of digits as a position, and PostgreSQL
// does not, so a name has to look like one.
const label = (name: string): RawBuilder<unknown> => sql.lit(checked(name))

function checked(name: string): string {
  if (!/^[A-Za-z_]\w*$/.test(name)) throw new Error(`"${name}" is no field name: letters, digits and _ only.`)
  return name
}

export const sqlite: Dialect = {
  name: 'sqlite',
  takesRows: false,
  takesPieces: false,
  rows: (json) => sql`(select key as n, value from json_each(${json}))`,
  field: (json: RawBuilder<unknown>, name: string, kind: 'text' | 'number') =>
    sql<never>`cast(${json} ->> ${label(name)} as ${sql.raw(kind === 'text' ? 'text' : 'integer')})`,
  claimLock: sql``,
  // Not LIKE: D1 refuses patterns of more than 50 bytes.
  like: (column, text) => sql`instr(lower(${column}), lower(${text})) > 0`,
  incoming,
}

/** SQLite in a thread of ours, where a statement costs no way there and back. */
export const ownSqlite: Dialect = { ...sqlite, takesRows: true }

/** SQLite at Cloudflare. */
export const d1: Dialect = { ...sqlite, takesPieces: true }

export const postgres: Dialect = {
  name: 'postgres',
  takesRows: false,
  takesPieces: false,
  // json, not jsonb: it keeps an element as it was written, with the order of its keys.
  rows: (json) =>
    sql`(select (n - 1)::integer as n, value::text as value from json_array_elements(${json}::json) with ordinality as element (value, n))`,
  field: (json: RawBuilder<unknown>, name: string, kind: 'text' | 'number') =>
    sql<never>`((${json})::json ->> ${label(name)})::${sql.raw(kind === 'text' ? 'text' : 'bigint')}`,
  claimLock: sql`for update skip locked`,
  like: (column, text) => sql`strpos(lower(${column}), lower(${text})) > 0`,
  incoming,
}
