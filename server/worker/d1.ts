import type { D1Database, D1Result } from '@cloudflare/workers-types'
import { DbError, type Db, type DbErrorKind, type Result } from '../../db/db.ts'
import { d1 as dialect } from '../../db/dialect.ts'
import { compile, readsOn, type Line } from '../../db/driver.ts'
import { LARGEST_VALUE } from '../../db/rows.ts'
import { isLonger } from '../lib/size.ts'

// What D1 refuses in production, and workerd on a desk does not.
const MOST_PARAMETERS = 100
const LONGEST_SQL = 100_000
const MOST_STATEMENTS = 50

/** The database of a Worker. A commit is one batch, which D1 runs as a transaction. */
export function openD1(binding: D1Database): Db {
  const prepare = (line: Line) => {
    assertFits(line)
    return binding.prepare(line[0]).bind(...line[1])
  }
  return {
    ...readsOn('sqlite', async (line) => {
      const statement = prepare(line)
      return resultOf(await statement.all<Record<string, unknown>>().catch(refuse))
    }),
    dialect,
    async commit(list) {
      if (list.length === 0) return []
      const pieces = list.map((statement) => inLines(compile(statement)))
      const lines = pieces.flat()
      if (lines.length > MOST_STATEMENTS) {
        throw new DbError(
          list.length > MOST_STATEMENTS ? 'broken' : 'too_large',
          `A commit of ${lines.length} statements; D1 takes at most ${MOST_STATEMENTS} in a batch.`,
        )
      }
      const answers = await binding.batch<Record<string, unknown>>(lines.map(prepare)).catch(refuse)
      const results = answers.map(resultOf)
      return pieces.map((those) => together(results.splice(0, those.length)))
    },
    close: () => Promise.resolve(),
  }
}

const resultOf = ({ results, meta }: D1Result<Record<string, unknown>>): Result => ({
  rows: results,
  changes: meta.changes,
})

/** One line for each of its rows, where it has rows. */
const inLines = (line: Line): Line[] => line[2]?.map((parameters): Line => [line[0], parameters]) ?? [line]

const together = (results: readonly Result[]): Result => ({
  rows: results.flatMap(({ rows }) => rows),
  changes: results.reduce((sum, { changes }) => sum + changes, 0),
})

function assertFits([sql, parameters]: Line): void {
  if (parameters.length > MOST_PARAMETERS) {
    throw tooMuch('broken', `${parameters.length} parameters; D1 takes at most ${MOST_PARAMETERS}`, sql)
  }
  if (isLonger(sql, LONGEST_SQL))
    throw tooMuch('broken', `more than ${LONGEST_SQL} bytes, which is all that D1 takes`, sql)
  for (const [i, value] of parameters.entries()) {
    if (typeof value !== 'string' || !isLonger(value, LARGEST_VALUE)) continue
    throw tooMuch(
      'too_large',
      `more than ${LARGEST_VALUE} bytes in parameter ${i + 1}, which is all that D1 takes`,
      sql,
    )
  }
}

const tooMuch = (kind: DbErrorKind, what: string, sql: string) =>
  new DbError(kind, `A statement has ${what}: ${sql.slice(0, 200)}`)

/** D1 has no codes, only texts. What is none of our own mistakes will pass: overload, a restart, a lost connection. */
function refuse(error: unknown): never {
  const text = error instanceof Error ? error.message : String(error)
  const kind = text.includes('SQLITE_CONSTRAINT')
    ? 'constraint'
    : /SQLITE_(ERROR|MISMATCH|RANGE|TOOBIG)|D1_TYPE_ERROR|[Ww]rong number of parameter/.test(text)
      ? 'broken'
      : 'busy'
  throw new DbError(kind, `D1: ${text}`, { cause: error })
}
