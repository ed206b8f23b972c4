import { join } from 'node:path'
import { migrate } from '../../db/migrate.ts'
import { readMigrations } from '../../server/node/migrations.ts'
import { openSqlite } from '../../server/node/sqlite.ts'
import { temporaryFolders } from '../support/folder.ts'
import { quiet } from '../support/log.ts'
import { retentionContract } from './retention.ts'

const newFolder = temporaryFolders()

retentionContract('a SQLite file', async () => {
  const db = await openSqlite({ file: join(newFolder(), 'test.db'), log: quiet })
  await migrate(db, await readMigrations())
  return db
})
