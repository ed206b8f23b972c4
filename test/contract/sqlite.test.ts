import { join } from 'node:path'
import { migrate } from '../../db/migrate.ts'
import { readMigrations } from '../../server/node/migrations.ts'
import { openSqlite } from '../../server/node/sqlite.ts'
import { temporaryFolders } from '../support/folder.ts'
import { quiet } from '../support/log.ts'
import { dbContract } from './db.ts'

const newFolder = temporaryFolders()

async function open(file: string) {
  const db = await openSqlite({ file, log: quiet })
  const migrations = await readMigrations()
  await migrate(db, migrations)
  return { db, migrations }
}

dbContract('a SQLite file', () => open(join(newFolder(), 'test.db')))
dbContract('SQLite in memory', () => open(':memory:'))
