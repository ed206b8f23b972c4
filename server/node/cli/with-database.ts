import { DbError } from '../../../db/db.ts'
import { readConfig, type Config } from '../../config.ts'
import { jsonLog } from '../../lib/log.ts'
import { openDatabase, type Database } from '../database.ts'
import { DataDirTaken } from '../lock.ts'
import { exit, Stop } from './exit.ts'
import { note } from './print.ts'

/** Does something with the database that no server has open; it is let go of afterwards, however it went. */
export async function withDatabase<T>(work: (database: Database, config: Config) => Promise<T>): Promise<T> {
  const config = readConfig(process.env)
  try {
    const database = await openDatabase(config, jsonLog(config.logLevel, Date.now, note))
    try {
      return await work(database, config)
    } finally {
      await database.release()
    }
  } catch (error) {
    if (error instanceof DataDirTaken) throw new Stop(exit.later, error.message)
    if (error instanceof DbError) throw new Stop(error.kind === 'busy' ? exit.later : exit.config, error.message)
    throw error
  }
}
