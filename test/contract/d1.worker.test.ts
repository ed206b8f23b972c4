import { inject } from 'vitest'
import { openMigratedD1 } from '../support/d1.ts'
import { dbContract } from './db.ts'

dbContract('D1', async () => ({
  db: await openMigratedD1(),
  migrations: inject('migrations').map(({ name, queries }) => ({ name, sql: queries.join('\n') })),
}))
