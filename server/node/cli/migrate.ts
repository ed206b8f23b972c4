import { migrate } from '../../../db/migrate.ts'
import { readMigrations } from '../migrations.ts'
import { note, out } from './print.ts'
import { withDatabase } from './with-database.ts'

/** Brings the tables up to date, as a start of the server does, and names the files that it took. */
export const migrateDatabase = (): Promise<void> =>
  withDatabase(async ({ db }) => {
    const applied = await migrate(db, await readMigrations())
    if (applied.length === 0) note('The database is up to date.')
    for (const name of applied) out(name)
  })
