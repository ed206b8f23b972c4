import type { D1Database, D1Result } from '@cloudflare/workers-types'
import { DbError, type Db, type Result } from '../../db/db.ts'
import { sqlite as dialect } from '../../db/dialect.ts'
import { compile, readsOn, type Line } from '../../db/driver.ts'

// What D1 refuses in production, and workerd on a desk does not.
const MOST_PARAMETERS = 100
const LONGEST_SQL = 100_000
const LARGEST_VALUE = 1_900_000
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
      if (list.length > MOST_STATEMENTS) {
        throw new DbError(
          'broken',
          `A commit of ${list.length} statements; D1 takes at most ${MOST_STATEMENTS} in a batch.`,
        )
      }
      const statements = list.map((statement) => prepare(compile(statement)))
      return (await binding.batch<Record<string, unknown>>(statements).catch(refuse)).map(resultOf)
    },
    close: () => Promise.resolve(),
  }
}

const resultOf = ({ results, meta }: D1Result<Record<string, unknown>>): Result => ({
  rows: results,
  changes: meta.changes,
})

function assertFits([sql, parameters]: Line): void {
  if (parameters.length > MOST_PARAMETERS) {
    throw tooMuch(`${parameters.length} parameters; D1 takes at most ${MOST_PARAMETERS}`, sql)
  }
  if (exceeds(sql, LONGEST_SQL)) throw tooMuch(`more than ${LONGEST_SQL} bytes, which is all that D1 takes`, sql)
  for (const [i, value] of parameters.entries()) {
    if (typeof value !== 'string' || !exceeds(value, LARGEST_VALUE)) continue
    throw tooMuch(`more than ${LARGEST_VALUE} bytes in parameter ${i + 1}, which is all that D1 takes`, sql)
  }
}

const tooMuch = (what: string, sql: string) => new DbError('broken', `A statement has ${what}: ${sql.slice(0, 200)}`)

const encoder = new TextEncoder()
/** In bytes of UTF-8. A UTF-16 unit makes at most three, so most texts need no encoding to know. */
const exceeds = (text: string, limit: number) => text.length * 3 > limit && encoder.encode(text).byteLength > limit

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
