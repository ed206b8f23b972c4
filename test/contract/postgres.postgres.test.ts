import { migrate } from '../../db/migrate.ts'
import { readMigrations } from '../../server/node/migrations.ts'
import { openPostgres } from '../../server/node/postgres.ts'
import { quiet } from '../support/log.ts'
import { newDatabase } from '../support/postgres.ts'
import { dbContract } from './db.ts'

dbContract('PostgreSQL', async () => {
  const db = await openPostgres({ url: await newDatabase(), log: quiet })
  const migrations = await readMigrations()
  await migrate(db, migrations)
  return { db, migrations }
})
