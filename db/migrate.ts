import { CompiledQuery, sql } from 'kysely'
import type { Db } from './db.ts'

export interface Migration {
  /** The file's name, such as `0001_initial.sql`. */
  readonly name: string
  readonly sql: string
}

const BOOKS = `create table if not exists d1_migrations
  (id integer primary key, name text unique, applied_at timestamp default current_timestamp not null)`

/**
 * Applies what is missing, in the order given, each file in one commit, and answers with the names of what it applied.
 * The bookkeeping is wrangler's own, so that `wrangler d1 migrations apply` and this can follow each other.
 */
export async function migrate(
  db: Pick<Db, 'q' | 'commit'>,
  migrations: readonly Migration[],
): Promise<readonly string[]> {
  // Processes that start together may all create the table, and all but one fail: with it in place, that is no failure.
  await db
    .commit([CompiledQuery.raw(BOOKS)])
    .catch((error: unknown) => appliedTo(db).catch(() => Promise.reject(error)))
  const before = await appliedTo(db)
  const applied: string[] = []
  for (const { name, sql: text } of migrations) {
    if (before.has(name)) continue
    // The name goes in first: another process at the same file waits for it, and then fails before it changes anything.
    const note = sql`insert into d1_migrations (id, name) select coalesce(max(id), 0) + 1, ${name} from d1_migrations`
    try {
      await db.commit([note.compile(db.q), ...statements(text).map((statement) => CompiledQuery.raw(statement))])
      applied.push(name)
    } catch (error) {
      if (!(await appliedTo(db)).has(name)) throw error
    }
  }
  return applied
}

/** The names of the migrations that a database has been through. */
export async function appliedTo(db: Pick<Db, 'q'>): Promise<ReadonlySet<string>> {
  const { rows } = await sql<{ name: string }>`select name from d1_migrations`.execute(db.q)
  return new Set(rows.map((row) => row.name))
}

const TOKEN = /--[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^']|'')*'|"(?:[^"]|"")*"|;|[^;'"/-]+|[/-]/g

/** Splits a file at its semicolons, and leaves out comments. Knows no triggers: they are not in the portable subset. */
export function statements(text: string): readonly string[] {
  const found: string[] = []
  let open = ''
  for (const token of text.match(TOKEN) ?? []) {
    if (token === ';') {
      found.push(open.trim())
      open = ''
    } else if (!token.startsWith('--') && !token.startsWith('/*')) open += token
  }
  return [...found, open.trim()].filter((statement) => statement !== '')
}
