import type { Db } from '../../db/db.ts'
import type { Config } from '../config.ts'
import type { Log } from '../lib/log.ts'
import { lockDataDir } from './lock.ts'
import { openPostgres } from './postgres.ts'
import { openSqlite } from './sqlite.ts'

/** The database of the settings, in the hands of this process. */
export interface Database {
  readonly db: Db
  /** Whether no other process can work with it: it is a file. */
  readonly alone: boolean
  release(): Promise<void>
}

/** Opens it, as it is. Throws ConfigError, DataDirTaken or DbError where it cannot. `lost` is what openSqlite says of it. */
export async function openDatabase(config: Config, log: Log, lost?: (why: string) => void): Promise<Database> {
  const alone = config.databaseUrl.startsWith('sqlite:')
  const lock = lockDataDir(config.dataDir)
  const open = () =>
    alone
      ? openSqlite({ file: config.databaseUrl.slice('sqlite:'.length), log, ...(lost && { lost }) })
      : openPostgres({ url: config.databaseUrl, log })
  const db = await open().catch((error: unknown) => {
    lock.release()
    throw error
  })
  return {
    db,
    alone,
    async release() {
      await db.close().finally(lock.release)
    },
  }
}
