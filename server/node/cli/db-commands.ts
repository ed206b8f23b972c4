import { resolve } from 'node:path'
import { DbError } from '../../../db/db.ts'
import { migrate } from '../../../db/migrate.ts'
import { ConfigError, readConfig, type Config } from '../../config.ts'
import { isoTime } from '../../lib/clock.ts'
import { jsonLog, type Log } from '../../lib/log.ts'
import { backUp, usualFile } from '../backup/backup.ts'
import { checkDatabase } from '../backup/check.ts'
import { Refusal } from '../backup/refusal.ts'
import { restore, type Restored } from '../backup/restore.ts'
import { openDatabase } from '../database.ts'
import { DataDirTaken } from '../lock.ts'
import { readMigrations } from '../migrations.ts'
import { createRandom } from '../random.ts'
import { exit, Stop } from './exit.ts'
import { note, out, record } from './print.ts'

/** Brings the tables up to date, as a start of the server does, and names the files that it took. */
export const migrateDatabase = (json: boolean): Promise<void> =>
  withSettings(async (config, log) => {
    const database = await openDatabase(config, log)
    try {
      const applied = await migrate(database.db, await readMigrations())
      if (json) return out(JSON.stringify({ applied }))
      if (applied.length === 0) note('The database is up to date.')
      for (const name of applied) out(name)
    } finally {
      await database.release()
    }
  })

export const backUpDatabase = (file: string | undefined, json: boolean): Promise<void> =>
  withSettings((config) => {
    const now = Date.now()
    const made = backUp(config, resolve(file ?? usualFile(config, now)), now)
    const shown = { ...made, at: isoTime(made.at) }
    if (json) return out(JSON.stringify(shown))
    record(shown)
    note('APP_SECRET is not in it: keep that somewhere else. Without it, the stored secrets open nowhere.')
  })

export const restoreDatabase = (file: string, json: boolean): Promise<void> =>
  withSettings(async (config, log) => {
    const restored = await restore(config, resolve(file), { clock: Date.now, random: createRandom(), log })
    const shown = { ...restored, since: isoTime(restored.since) }
    if (json) return out(JSON.stringify(shown))
    record(shown)
    note(
      'Sending is off: what was sent after the backup would be sent again. Start the server, and switch it on under Health.',
    )
    const todo = SECRETS[restored.secret]
    if (todo !== null) note(todo)
  })

const SECRETS: Readonly<Record<Restored['secret'], string | null>> = {
  fits: null,
  missing: 'There is no APP_SECRET yet. Set the one that the database was made with before you start the server.',
  other: 'APP_SECRET is another one than this database was made with. Set that one before you start the server.',
}

export const lookOverDatabase = (json: boolean): Promise<void> =>
  withSettings(async (config, log) => {
    const found = await checkDatabase(config, log)
    const ok = found.every((finding) => finding.ok)
    if (json) out(JSON.stringify({ ok, findings: found }))
    else for (const finding of found) out(`${finding.ok ? 'ok    ' : 'wrong '} ${finding.text}`)
    if (!ok) throw new Stop(exit.refused)
  })

/** Runs with the settings of the environment, and says what went wrong as the server does. */
export async function withSettings(work: (config: Config, log: Log) => Promise<void> | void): Promise<void> {
  try {
    const config = readConfig(process.env)
    await work(config, jsonLog(config.logLevel, Date.now, note))
  } catch (error) {
    if (error instanceof ConfigError) throw new Stop(exit.config, ...error.sentences)
    if (error instanceof Refusal) throw new Stop(exit.refused, error.message)
    if (error instanceof DataDirTaken) throw new Stop(exit.later, error.message)
    if (error instanceof DbError) throw new Stop(error.kind === 'busy' ? exit.later : exit.config, error.message)
    throw error
  }
}
