import type { CompiledQuery, RawBuilder } from 'kysely'
import type { Db } from './db.ts'

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

/** Reads fields of the rows of `prepared`: `field('id')` is text, `field('at', 'number')` a number. */
export const rowFields =
  (db: Db, value: RawBuilder<unknown>) =>
  (name: string, kind: 'text' | 'number' = 'text'): RawBuilder<unknown> =>
    db.dialect.field(value, name, kind)
