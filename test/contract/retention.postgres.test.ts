import { migrate } from '../../db/migrate.ts'
import { readMigrations } from '../../server/node/migrations.ts'
import { openPostgres } from '../../server/node/postgres.ts'
import { quiet } from '../support/log.ts'
import { newDatabase } from '../support/postgres.ts'
import { retentionContract } from './retention.ts'

retentionContract('PostgreSQL', async () => {
  const db = await openPostgres({ url: await newDatabase(), log: quiet })
  await migrate(db, await readMigrations())
  return db
})
