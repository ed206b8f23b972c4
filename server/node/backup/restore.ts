import { copyFileSync, existsSync, linkSync, realpathSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import Database from 'better-sqlite3'
import type { Db } from '../../../db/db.ts'
import { migrate } from '../../../db/migrate.ts'
import { clearSetting } from '../../../db/queries/settings.ts'
import { auditEntry } from '../../access/audit.ts'
import type { Config } from '../../config.ts'
import { HOOKLINE } from '../../lib/actor.ts'
import { isoTime, type Clock, type Random } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import { copyOf, markCopy } from '../../webhooks/copy.ts'
import { proof } from '../../webhooks/secrets.ts'
import { switchSending } from '../../webhooks/sending.ts'
import { secretBeside } from '../app-secret.ts'
import { lockDataDir } from '../lock.ts'
import { readMigrations } from '../migrations.ts'
import { openSqlite } from '../sqlite.ts'
import { copyDatabase, stamp } from './backup.ts'
import { faultsOf, migrationsOf, mustBeSqlite, openToRead, settingIn, settle } from './file.ts'
import { because, Refusal } from './refusal.ts'

export interface Restored {
  readonly file: string
  /** When the backup was made; of a file that is none, when it was last written to. Milliseconds UTC. */
  readonly since: number
  /** Where the database lies that was there before; null when there was none. */
  readonly replaced: string | null
  /** The migrations that the restored database went through. */
  readonly migrations: readonly string[]
  /** Whether the APP_SECRET of these settings opens what is stored in it. */
  readonly secret: 'fits' | 'missing' | 'other'
}

export interface Around {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

/**
 * Puts a backup in place of the database, brought to this version, with all sending switched off. The database that was
 * there stays beside it under another name. Throws DataDirTaken while a server runs on it, and a Refusal for a file that is
 * no sound database of Hookline or of a newer version; nothing is changed then.
 */
export async function restore(config: Config, from: string, around: Around): Promise<Restored> {
  const file = mustBeSqlite(config, 'restore PostgreSQL with pg_restore')
  const lock = lockDataDir(config.dataDir)
  const incoming = `${file}.incoming`
  try {
    const secret = await lookAt(config, from, file)
    removeDatabase(incoming)
    copyDatabase(from, incoming)
    const { since, migrations } = await prepare(incoming, from, around)
    settle(incoming)
    const replaced = existsSync(file) ? setAside(file, around.clock()) : null
    renameSync(incoming, file)
    settle(file)
    return { file, since, replaced, migrations, secret }
  } catch (error) {
    if (error instanceof Refusal) throw error
    throw new Refusal(`${from} could not be restored (${because(error)}). The database is as it was.`, { cause: error })
  } finally {
    removeDatabase(incoming)
    lock.release()
  }
}

/** Throws a Refusal for what must not take the place of the database. */
async function lookAt(config: Config, from: string, file: string): Promise<Restored['secret']> {
  if (!existsSync(from)) throw new Refusal(`There is no file ${from}.`)
  if (existsSync(file) && realpathSync(from) === realpathSync(file)) {
    throw new Refusal(`${from} is the database itself. Name the backup that is to take its place.`)
  }
  const db = openToRead(from)
  try {
    const [fault] = faultsOf(db)
    if (fault !== undefined) throw new Refusal(`${from} is damaged: ${fault}.`)
    const known = new Set((await readMigrations()).map(({ name }) => name))
    const newer = migrationsOf(db, from).find((name) => !known.has(name))
    if (newer !== undefined) {
      throw new Refusal(`${from} is of a newer version of Hookline (${newer}). Update Hookline first.`)
    }
    return await secretFor(config, settingIn(db, 'secret_proof'))
  } finally {
    db.close()
  }
}

async function secretFor(config: Config, expected: string | undefined): Promise<Restored['secret']> {
  const secrets = [config.appSecret ?? secretBeside(config), config.appSecretPrevious].filter((one) => one !== null)
  if (secrets.length === 0) return 'missing'
  if (expected === undefined) return 'fits'
  return (await Promise.all(secrets.map(proof))).includes(expected) ? 'fits' : 'other'
}

/** Brings it to this version, marks it as what it is, and says so in its audit log. */
async function prepare(file: string, from: string, around: Around): Promise<Pick<Restored, 'since' | 'migrations'>> {
  const db: Db = await openSqlite({ file, log: around.log })
  try {
    const migrations = await migrate(db, await readMigrations())
    const copy = await copyOf(db)
    const since = copy?.kind === 'restored' ? copy.since : Math.floor(statSync(from).mtimeMs)
    const audit = { action: 'database.restored', target: 'network', owner: 'network', after: { since: isoTime(since) } }
    await db.commit([
      ...switchSending({ db }, false),
      markCopy(db, { kind: 'restored', since }),
      clearSetting(db, 'home'),
      ...auditEntry({ db, ...around }, BY_HAND, audit),
    ])
    return { since, migrations }
  } finally {
    await db.close()
  }
}

const BY_HAND = { ...HOOKLINE, name: 'hookline db restore' }

/** Gives what is there a second name; its first one goes with the rename that puts the new one in place, and never stands empty. */
function setAside(file: string, now: number): string {
  const aside = join(dirname(file), `replaced-${stamp(now)}.db`)
  if (existsSync(aside)) throw new Refusal(`There is a file ${aside} already. Try again in a second.`)
  emptyLog(file)
  try {
    linkSync(file, aside)
  } catch {
    // Some file systems know no links.
    copyFileSync(file, aside)
  }
  // What a database that cannot be opened has in its log belongs to it, and never to the new one.
  if (existsSync(`${file}-wal`)) renameSync(`${file}-wal`, `${aside}-wal`)
  rmSync(`${file}-shm`, { force: true })
  return aside
}

/** Brings what stands in the log of writes into the file. A database that is beyond that is set aside as it is. */
function emptyLog(file: string): void {
  try {
    const db = new Database(file)
    try {
      db.pragma('wal_checkpoint(truncate)')
      db.pragma('journal_mode = delete')
    } finally {
      db.close()
    }
  } catch {
    // It may be the very reason for the restore.
  }
}

function removeDatabase(file: string): void {
  for (const end of ['', '-wal', '-shm', '-journal']) rmSync(file + end, { force: true })
}
