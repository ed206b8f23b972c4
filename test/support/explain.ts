import type { Db } from '../../db/db.ts'
import { sqlite as dialect } from '../../db/dialect.ts'
import { compile, readsOn, type Line } from '../../db/driver.ts'
import { migrate } from '../../db/migrate.ts'
import { readMigrations } from '../../server/node/migrations.ts'
import { openConnection, runLine } from '../../server/node/sqlite-group.ts'

/**
 * A database in memory that tells how SQLite goes about what it is asked. Steps read like `event by seq_index` (looked up),
 * `event along seq_index` (walked in its order, up to a limit), `event all of it`, and `sorted`.
 */
export async function explainingDb(): Promise<{
  readonly db: Db
  stepsOf(ask: (db: Db) => unknown): Promise<readonly string[]>
}> {
  const connection = openConnection(':memory:')
  let steps: string[] = []
  const run = async (line: Line) => {
    const [sql, parameters] = line
    const plan = connection.sqlite.prepare<unknown[], { detail: string }>(`explain query plan ${sql}`)
    steps.push(...plan.all(...parameters).flatMap(({ detail }) => stepOf(detail)))
    return runLine(connection, line)
  }
  const db: Db = {
    ...readsOn('sqlite', run),
    dialect,
    commit: (list) => Promise.all(list.map(compile).map(run)),
    close: () => Promise.resolve(void connection.sqlite.close()),
  }
  await migrate(db, await readMigrations())
  return {
    db,
    async stepsOf(ask) {
      steps = []
      await ask(db)
      return [...new Set(steps)]
    },
  }
}

const STEP = /^(SCAN|SEARCH) (\w+)(?: EXISTS)?(?: USING (?:COVERING )?INDEX (\w+))?/

/** A step in our words. JSON, constants and what the query itself made are no tables. */
function stepOf(detail: string): string[] {
  if (/^USE TEMP B-TREE FOR (ORDER|GROUP) BY/.test(detail)) return ['sorted']
  const [, how = '', table = '', index] = STEP.exec(detail) ?? []
  if (how === '' || /^(json_each|CONSTANT|hop|few|oldest)$/.test(table)) return []
  if (index === undefined) return [`${table} all of it`]
  return [`${table} ${how === 'SCAN' ? 'along' : 'by'} ${index.replace(/^sqlite_autoindex_\w+_(\d+)$/, 'key $1')}`]
}
