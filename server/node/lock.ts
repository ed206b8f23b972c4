import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { ConfigError } from '../config.ts'

/** Another process works in the folder. `npm start` ends with exit code 75 and this message. */
export class DataDirTaken extends Error {
  constructor(dir: string, options?: ErrorOptions) {
    super(`Another Hookline is running in the data folder ${dir}. Stop it, or set DATA_DIR to another folder.`, options)
    this.name = 'DataDirTaken'
  }
}

// A lock that nobody refers to is closed by the garbage collector, and so let go.
const held = new Set<Database.Database>()

/**
 * Makes the folder (mode 700) if it is missing and holds it for this process alone until `release`, or until the process
 * ends in whatever way: the lock is the operating system's, so there is no stale one after `kill -9`. Throws DataDirTaken,
 * or a ConfigError for a folder that cannot be written to.
 */
export function lockDataDir(dir: string): { readonly release: () => void } {
  const lock = lockOf(dir)
  try {
    lock.exec('begin exclusive')
  } catch (error) {
    lock.close()
    const taken = error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY')
    throw taken ? new DataDirTaken(dir, { cause: error }) : error
  }
  held.add(lock)
  return {
    release() {
      held.delete(lock)
      lock.close()
    },
  }
}

function lockOf(dir: string): Database.Database {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 })
    return new Database(join(dir, 'lock.db'), { timeout: 0 })
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new ConfigError([`DATA_DIR is "${dir}", and nothing can be kept there (${why}); give a folder to write to.`])
  }
}
