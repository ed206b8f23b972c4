import { sql, type CompiledQuery, type RawBuilder } from 'kysely'
import type { Db, HotStatement, Statement, Value } from './db.ts'
import { inPieces, LARGEST_VALUE } from './rows.ts'
import { isLonger } from '../server/lib/size.ts'

const PLACE = '\u0000json'

/** A statement whose one parameter, wherever it stands, is a JSON array of rows (`db.dialect.rows`). */
type Build = (db: Db, json: string) => RawBuilder<unknown>

/**
 * A hot statement: compiled once per database, then only its rows change. One array instead of many parameters also keeps
 * D1's limit of 100 out of everybody's way. Its rows know nothing of each other, nor where in the list they stand: where
 * they are too large for one value they come in pieces, and the results of those are put together.
 */
export function prepared(build: Build): (db: Db, rows: readonly object[]) => Statement {
  const compiled = once((db) => build(db, PLACE))
  return (db, rows) => {
    const query = compiled(db)
    const json = JSON.stringify(rows)
    return db.dialect.takesPieces && isLonger(json, LARGEST_VALUE)
      ? { sql: query.sql, rows: inPieces(rows).map((piece) => parametersOf(query, piece)) }
      : filled(query, json)
  }
}

const parametersOf = ({ parameters }: CompiledQuery, json: string): Value[] =>
  (parameters as readonly Value[]).map((value) => (value === PLACE ? json : value))

const filled = (query: CompiledQuery, json: string): HotStatement => ({
  ...query,
  parameters: parametersOf(query, json),
  isHot: true,
})

function once(build: (db: Db) => RawBuilder<unknown>): (db: Db) => CompiledQuery {
  const compiled = new WeakMap<Db, CompiledQuery>()
  return (db) => {
    let query = compiled.get(db)
    if (!query) compiled.set(db, (query = build(db).compile(db.q)))
    return query
  }
}

/** The same for a hot read: to build and compile one anew costs more than to run it. */
export function preparedRead<Row>(build: Build): (db: Db, rows: readonly object[]) => Promise<Row[]> {
  const compiled = once((db) => build(db, PLACE))
  return (db, rows) => db.read(filled(compiled(db), JSON.stringify(rows))) as unknown as Promise<Row[]>
}

/**
 * The same for a read of what no event changes. Where all that is written passes through here, it is asked again only when
 * something else was committed: the answer is never an old one, and most events read nothing.
 */
export function steadyRead<Row>(build: Build): (db: Db, rows: readonly object[]) => Promise<readonly Row[]> {
  const read = preparedRead<Row>(build)
  const remembered = new WeakMap<Db, { changes: number; answers: Map<string, Promise<readonly Row[]>> }>()
  return (db, rows) => {
    const changes = db.changes?.()
    if (changes === undefined) return read(db, rows)
    let memory = remembered.get(db)
    if (memory?.changes !== changes || memory.answers.size > MOST_ANSWERS) {
      remembered.set(db, (memory = { changes, answers: new Map() }))
    }
    const { answers } = memory
    const key = JSON.stringify(rows)
    let answer = answers.get(key)
    if (!answer) {
      answers.set(key, (answer = read(db, rows)))
      answer.catch(() => answers.delete(key))
    }
    return answer
  }
}
const MOST_ANSWERS = 2000

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

type Fields = Readonly<Record<string, Value>>

const parameter: Field = (name, kind = 'text') => sql`cast(${name} as ${sql.raw(kind === 'text' ? 'text' : 'integer')})`

/**
 * A hot statement that gives nothing back, and whose rows know nothing of each other. Where the database is ours it runs
 * once for each row, which costs half of what it takes to read them out of JSON; elsewhere it joins them.
 */
export function eachRow(build: (rows: Rows) => RawBuilder<unknown>): (db: Db, rows: readonly object[]) => Statement {
  const joined = prepared((db, json) => {
    const rows = sql`${db.dialect.rows(json)} as r`
    return build({ from: sql`from ${rows}`, andFrom: sql`, ${rows}`, of: rowFields(db, sql`r.value`) })
  })
  // Its parameters are the names of the fields whose values belong there.
  const single = once(() => build({ from: sql``, andFrom: sql``, of: parameter }))
  return (db, rows) => {
    if (!db.dialect.takesRows) return joined(db, rows)
    const { sql, parameters: fields } = single(db)
    return { sql, rows: (rows as Fields[]).map((row) => fields.map((field) => row[String(field)] ?? null)) }
  }
}
