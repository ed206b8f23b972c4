import { closeSync, existsSync, fsyncSync, openSync } from 'node:fs'
import { dirname, join } from 'node:path'
import Database from 'better-sqlite3'
import { ConfigError, type Config } from '../../config.ts'
import { because, Refusal } from './refusal.ts'

const SQLITE = 'sqlite:'

/** The file of the database; null on PostgreSQL. */
export const sqliteFile = ({ databaseUrl }: Pick<Config, 'databaseUrl'>): string | null =>
  databaseUrl.startsWith(SQLITE) ? databaseUrl.slice(SQLITE.length) : null

/** The file of the database. Throws a ConfigError on PostgreSQL, which has tools of its own for `what` somebody wants. */
export function mustBeSqlite(config: Pick<Config, 'databaseUrl'>, what: string): string {
  const file = sqliteFile(config)
  if (file !== null && file !== ':memory:') return file
  throw new ConfigError([`DATABASE_URL is no SQLite file; ${what}.`])
}

/** The folder of backups, and the note of the last one. */
export const backupFolder = ({ dataDir }: Pick<Config, 'dataDir'>): string => join(dataDir, 'backups')

/** The database of these settings has to be there already. Throws a Refusal: a wrong DATA_DIR would begin a new one. */
export function mustExist(file: string): void {
  if (existsSync(file)) return
  throw new Refusal(`There is no database ${file}. DATA_DIR and DATABASE_URL have to be those of the server.`)
}

/** Opens a file to look at it. Throws a Refusal when it is none, or no database. */
export function openToRead(file: string): Database.Database {
  try {
    const db = new Database(file, { readonly: true, fileMustExist: true, timeout: 5000 })
    db.pragma('schema_version')
    return db
  } catch (error) {
    throw new Refusal(`${file} cannot be read as a database (${because(error)}).`, { cause: error })
  }
}

/** What SQLite finds wrong in a file; empty: nothing. Reads all of it. */
export function faultsOf(db: Database.Database): readonly string[] {
  try {
    const found = db.pragma('integrity_check(10)') as { integrity_check: string }[]
    const faults = found.map((row) => row.integrity_check).filter((text) => text !== 'ok')
    const rows = db.pragma('foreign_key_check') as { table: string; parent: string }[]
    return [
      ...faults,
      ...rows.slice(0, 10).map(({ table, parent }) => `a row of ${table} leads to no row of ${parent}`),
    ]
  } catch (error) {
    return [because(error)]
  }
}

/** The migrations that a database has been through; throws a Refusal when it is none of Hookline's. */
export function migrationsOf(db: Database.Database, file: string): readonly string[] {
  const books = db.prepare(`select 1 from sqlite_schema where type = 'table' and name = 'd1_migrations'`).get()
  const names = books ? (db.prepare('select name from d1_migrations order by id').pluck().all() as string[]) : []
  if (!names.includes(FIRST)) throw new Refusal(`${file} is a database, but not one of Hookline.`)
  return names
}
const FIRST = '0001_initial.sql'

/** One of the settings in a database that was opened by itself. */
export const settingIn = (db: Database.Database, name: string): string | undefined =>
  db.prepare('select value from setting where name = ?').pluck().get(name) as string | undefined

/** Waits until a file, and its name in its folder, lie on the disk. */
export function settle(file: string): void {
  for (const path of [file, dirname(file)]) {
    const handle = openSync(path, 'r')
    try {
      fsyncSync(handle)
    } catch (error) {
      // Windows syncs no folders.
      if (path === file) throw error
    } finally {
      closeSync(handle)
    }
  }
}
