import { statSync } from 'node:fs'
import { sql } from 'kysely'
import type { Db } from '../../db/db.ts'
import type { Config } from '../config.ts'
import { sqliteFile } from './backup/file.ts'

/**
 * What tells this database from a copy of it: of a file its number in the file system and when it was made, which a move
 * within that keeps and a copy does not have; of PostgreSQL the name that a server was given when it was set up. Null where
 * it cannot be told.
 */
export async function placeOf(config: Config, db: Db): Promise<string | null> {
  const file = sqliteFile(config)
  if (file === null) return placeOfServer(db)
  return file === ':memory:' ? null : placeOfFile(file)
}

function placeOfFile(file: string): string {
  const { ino, birthtimeNs, ctimeNs } = statSync(file, { bigint: true })
  // A file system that does not know when a file was made says nothing, or when it was changed.
  const made = birthtimeNs > 0n && birthtimeNs !== ctimeNs ? birthtimeNs : 0n
  return `file ${ino} ${made}`
}

async function placeOfServer(db: Db): Promise<string | null> {
  const query = sql<{
    place: string
  }>`select system_identifier || ' ' || current_database() as place from pg_control_system()`
  // Some providers let nobody ask.
  const found = await query.execute(db.q).catch(() => null)
  return found?.rows[0] ? `postgres ${found.rows[0].place}` : null
}
