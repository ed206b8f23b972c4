import { migrate } from '../../../db/migrate.ts'
import type { Config } from '../../config.ts'
import type { Log } from '../../lib/log.ts'
import { lockDataDir } from '../lock.ts'
import { readMigrations } from '../migrations.ts'
import { openPostgres } from '../postgres.ts'
import { openSqlite } from '../sqlite.ts'
import { sqliteFile } from './file.ts'

/**
 * Brings the database to this version without serving, and answers with the migrations that it took. Throws DataDirTaken
 * while a server runs on the data folder.
 */
export async function migrateDatabase(config: Config, log: Log): Promise<readonly string[]> {
  const lock = lockDataDir(config.dataDir)
  try {
    const file = sqliteFile(config)
    const db = file === null ? await openPostgres({ url: config.databaseUrl, log }) : await openSqlite({ file, log })
    try {
      return await migrate(db, await readMigrations())
    } finally {
      await db.close()
    }
  } finally {
    lock.release()
  }
}
