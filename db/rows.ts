import { sql, type RawBuilder } from 'kysely'
import type { Db, Statement } from './db.ts'
import type { Database } from './schema.ts'
import { bytesOf } from '../server/lib/size.ts'

/** What an upsert finds the row that is there by, and what it changes of it. */
export interface Over {
  readonly key: readonly string[]
  readonly set: readonly string[]
}

/** In bytes of UTF-8, a little less than D1 takes as one value. */
export const LARGEST_VALUE = 1_900_000

/** The comma behind a row; once more for the brackets, which are one more than the commas. */
const SEPARATOR = 1

/**
 * Rows of one table in as few statements as their size allows: each is one JSON array, so that hundreds of rows fit into a
 * commit of D1. All rows have the same columns. With `over`, a row that is there already is changed instead.
 */
export function insertRows<T extends keyof Database>(
  db: Db,
  table: T,
  rows: readonly Database[T][],
  over: Over | null = null,
): Statement[] {
  const [first] = rows
  if (!first) return []
  const columns = Object.keys(first)
  const texts = textColumns(rows)
  const kindOf = (column: string) => (texts.has(column) ? 'text' : 'number')
  const list = sql.join(columns.map((column) => sql.ref(column)))
  const values = sql.join(columns.map((column) => db.dialect.field(sql`r.value`, column, kindOf(column))))
  const sets = over?.set.map((column) => sql`${sql.ref(column)} = ${db.dialect.incoming(column)}`) ?? []
  const conflict =
    over === null
      ? sql``
      : sql`on conflict (${sql.join(over.key.map((column) => sql.ref(column)))}) do update set ${sql.join(sets)}`
  return inPieces(rows).map((json) =>
    // `where true` lets SQLite tell the conflict's `on` from that of a join.
    sql`insert into ${sql.table(table)} (${list}) select ${values} from ${db.dialect.rows(json)} as r where true ${conflict}`.compile(
      db.q,
    ),
  )
}

/**
 * Columns that hold a text in some row. All others are read as numbers, also those that are null in every row: a null
 * number may stand in a column of texts, while PostgreSQL takes no null text for a number.
 */
function textColumns(rows: readonly object[]): ReadonlySet<string> {
  const entries = rows.flatMap((row) => Object.entries(row))
  return new Set(entries.filter(([, value]) => typeof value === 'string').map(([column]) => column))
}

/** A list of texts, to stand behind `in`: one parameter, however many there are, as D1 takes no more than 100. */
export const anyOf = (db: Db, texts: readonly string[]): RawBuilder<string> =>
  textsOf(db, JSON.stringify(texts.map(asRow)))

/** The same for a list that may be too long for one statement. */
export const anyOfEach = (db: Db, texts: readonly string[]): RawBuilder<string>[] =>
  inPieces(texts.map(asRow)).map((json) => textsOf(db, json))

const asRow = (text: string) => ({ text })
const textsOf = (db: Db, json: string) =>
  sql<string>`(select ${db.dialect.field(sql`r.value`, 'text', 'text')} from ${db.dialect.rows(json)} as r)`

/** JSON arrays that each fit into one value, unless one row alone is larger. */
export function inPieces(rows: readonly object[]): string[] {
  const pieces: string[][] = [[]]
  let bytes = 0
  for (const row of rows) {
    const text = JSON.stringify(row)
    const size = bytesOf(text) + SEPARATOR
    if (bytes > 0 && bytes + size > LARGEST_VALUE - SEPARATOR) {
      pieces.push([])
      bytes = 0
    }
    pieces.at(-1)?.push(text)
    bytes += size
  }
  return pieces.filter((piece) => piece.length > 0).map((piece) => `[${piece.join(',')}]`)
}
