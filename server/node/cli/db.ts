import type { Command } from 'commander'
import { withExample } from './command.ts'

/**
 * What works on the database itself, on the machine of the server and with its settings (DATA_DIR, DATABASE_URL). Each
 * loads what it needs when it runs: the other commands start without a database engine.
 */
export function addDb(hookline: Command): void {
  const db = hookline.command('db').description('the database itself, with the settings of the server')
  withExample(db.command('migrate'), 'db migrate')
    .description('bring the tables up to date while the server is stopped')
    .action(async () => (await import('./migrate.ts')).migrateDatabase())
}
