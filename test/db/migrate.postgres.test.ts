import { expect, onTestFinished, test } from 'vitest'
import { migrate } from '../../db/migrate.ts'
import { readMigrations } from '../../server/node/migrations.ts'
import { openPostgres } from '../../server/node/postgres.ts'
import { quiet } from '../support/log.ts'
import { newDatabase } from '../support/postgres.ts'

test('processes that start together migrate once, and all go on', async () => {
  const url = await newDatabase()
  const dbs = await Promise.all(Array.from({ length: 4 }, () => openPostgres({ url, log: quiet })))
  onTestFinished(async () => void (await Promise.all(dbs.map((db) => db.close()))))
  const migrations = await readMigrations()
  const applied = await Promise.all(dbs.map((db) => migrate(db, migrations)))
  // Which of them applied which is as it happens.
  expect(applied.flat().sort()).toEqual(migrations.map(({ name }) => name))
})
