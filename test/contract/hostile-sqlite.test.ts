import { migrate } from '../../db/migrate.ts'
import { readMigrations } from '../../server/node/migrations.ts'
import { openSqlite } from '../../server/node/sqlite.ts'
import { quiet } from '../support/log.ts'
import { hostileContract } from './hostile.ts'

hostileContract('SQLite', async () => {
  const db = await openSqlite({ file: ':memory:', log: quiet })
  await migrate(db, await readMigrations())
  return db
})
