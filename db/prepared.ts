import { sql, type CompiledQuery, type RawBuilder } from 'kysely'
import type { Db, Statement } from './db.ts'
import { named } from './dialect.ts'

const PLACE = '\u0000json'

/**
 * A hot statement: compiled once per database, then only its one parameter changes, a JSON array of rows
 * (`db.dialect.rows`). One array instead of many parameters also keeps D1's limit of 100 out of everybody's way.
 */
export function prepared(
  build: (db: Db, json: string) => RawBuilder<unknown>,
): (db: Db, rows: readonly object[]) => CompiledQuery {
  const compiled = new WeakMap<Db, CompiledQuery>()
  return (db, rows) => {
    let query = compiled.get(db)
    if (!query) compiled.set(db, (query = build(db, PLACE).compile(db.q)))
    const json = JSON.stringify(rows)
    return { ...query, parameters: query.parameters.map((value) => (value === PLACE ? json : value)) }
  }
}

/** The same for a hot read: to build and compile one anew costs more than to run it. */
export function preparedRead<Row>(
  build: (db: Db, json: string) => RawBuilder<unknown>,
): (db: Db, rows: readonly object[]) => Promise<Row[]> {
  const statement = prepared(build)
  return (db, rows) => db.read(statement(db, rows)) as unknown as Promise<Row[]>
}

/** A field of a row: `field('id')` is text, `field('at', 'number')` a number. */
type Field = (name: string, kind?: 'text' | 'number') => RawBuilder<unknown>

/** Reads fields of the rows of `prepared`. */
export const rowFields =
  (db: Db, value: RawBuilder<unknown>): Field =>
  (name, kind = 'text') =>
    db.dialect.field(value, name, kind)

/** How a statement names its rows: in a `from` of their own, or behind the tables that stand in one; and their fields. */
interface Rows {
  readonly from: RawBuilder<unknown>
  readonly andFrom: RawBuilder<unknown>
  readonly of: Field
}

/**
 * A hot statement that gives nothing back, and whose rows know nothing of each other. Where the database is ours it runs once for each row, which costs
 * half of what it takes to read them out of JSON; elsewhere it joins them.
 */
export function eachRow(build: (rows: Rows) => RawBuilder<unknown>): (db: Db, rows: readonly object[]) => Statement {
  const joined = prepared((db, json) => {
    const rows = sql`${db.dialect.rows(json)} as r`
    return build({ from: sql`from ${rows}`, andFrom: sql`, ${rows}`, of: rowFields(db, sql`r.value`) })
  })
  const single = prepared(() => build({ from: sql``, andFrom: sql``, of: (name, kind = 'text') => named(name, kind) }))
  return (db, rows) =>
    db.dialect.takesRows ? { sql: single(db, []).sql, rows: JSON.stringify(rows) } : joined(db, rows)
}
