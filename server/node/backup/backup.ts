import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import Database from 'better-sqlite3'
import type { Config } from '../../config.ts'
import { HOUR } from '../../lib/clock.ts'
import type { Copy } from '../../webhooks/copy.ts'
import { backupFolder, faultsOf, migrationsOf, mustBeSqlite, mustExist, openToRead, settle } from './file.ts'
import { because, Refusal } from './refusal.ts'

/** A backup that was made and found to be sound. */
interface Backup {
  readonly file: string
  readonly bytes: number
  /** When it began: what was acknowledged before that is in it. Milliseconds UTC. */
  readonly at: number
}

const NOTE = 'last.json'
/** Where a backup goes unless told. */
export const usualFile = (config: Pick<Config, 'dataDir'>, at: number, name = 'hookline'): string =>
  join(backupFolder(config), `${name}-${stamp(at)}.db`)

/** A time as it can stand in the name of a file: `20260131T235900Z`. */
export const stamp = (at: number): string => new Date(at).toISOString().replace(/[-:]|\.\d+/g, '')

/**
 * Copies the database into a new file, while others read and write it. The copy is one moment of the database, in which all
 * is that was acknowledged before; it says of itself that it is one, so that nothing is sent from it until somebody
 * switches that on. APP_SECRET is not in it.
 *
 * Holds its thread until it is done. Throws a Refusal when it cannot, and then leaves nothing behind.
 */
export function backUp(config: Config, to: string, at: number): Backup {
  const from = mustBeSqlite(config, 'back PostgreSQL up with pg_dump')
  mustExist(from)
  if (existsSync(to)) throw new Refusal(`There is a file ${to} already. Give another name.`)
  const part = `${to}.part`
  try {
    mkdirSync(dirname(to), { recursive: true, mode: 0o700 })
    rmSync(part, { force: true })
    sweep(dirname(to), at)
    copyDatabase(from, part)
    markRestored(part, at)
    renameSync(part, to)
    settle(to)
    const backup = { file: to, bytes: statSync(to).size, at }
    keepNote(config, backup)
    return backup
  } catch (error) {
    if (existsSync(part)) rmSync(part)
    if (error instanceof Refusal) throw error
    throw new Refusal(`The backup ${to} could not be made (${because(error)}).`, { cause: error })
  }
}

/** A backup under a name that we gave it, while it is made. */
const PART = /^(?:hookline|daily)-\d{8}T\d{6}Z\.db\.part(?:-journal)?$/

/** Removes what a process left that was ended in the middle of a backup: one that is being made was written to lately. */
function sweep(folder: string, now: number): void {
  for (const name of readdirSync(folder).filter((one) => PART.test(one))) {
    const file = join(folder, name)
    const { mtimeMs } = statSync(file, { throwIfNoEntry: false }) ?? {}
    if (mtimeMs !== undefined && mtimeMs < now - HOUR) rmSync(file, { force: true })
  }
}

/**
 * Writes one moment of a database into a new file, for its owner alone. A single statement is one look of the reader, which
 * no writer waits for; the backup interface of SQLite would begin again at every write of another process.
 */
export function copyDatabase(from: string, to: string): void {
  const db = openToRead(from)
  try {
    migrationsOf(db, from)
    writeFileSync(to, '', { mode: 0o600, flag: 'wx' })
    db.prepare('vacuum into ?').run(to)
  } finally {
    db.close()
  }
}

/** Marks a copy as one, and looks whether it is sound. */
function markRestored(file: string, since: number): void {
  const db = new Database(file)
  try {
    const set = db.prepare(
      'insert into setting (name, value) values (?, ?) on conflict do update set value = excluded.value',
    )
    db.transaction(() => {
      set.run('sending', 'off')
      set.run('copy', JSON.stringify({ kind: 'restored', since } satisfies Copy))
      // Wherever it is put, it is at home there.
      db.exec(`delete from setting where name = 'home'`)
    })()
    const [fault] = faultsOf(db)
    if (fault !== undefined)
      throw new Refusal(`The copy is not sound, and so the database may not be either: ${fault}.`)
  } finally {
    db.close()
  }
}

function keepNote(config: Config, backup: Backup): void {
  mkdirSync(backupFolder(config), { recursive: true, mode: 0o700 })
  const note = join(backupFolder(config), NOTE)
  writeFileSync(`${note}.part`, `${JSON.stringify(backup)}\n`, { mode: 0o600 })
  renameSync(`${note}.part`, note)
}

/** The last backup that was made of this data folder's database, wherever it went; null when none is known. */
export function lastBackup(config: Pick<Config, 'dataDir'>): Backup | null {
  try {
    return JSON.parse(readFileSync(join(backupFolder(config), NOTE), 'utf8')) as Backup
  } catch {
    return null
  }
}
