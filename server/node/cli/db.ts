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
    .action(async (_, command: Command) => (await import('./db-commands.ts')).migrateDatabase(isJson(command)))
  withExample(db.command('backup [file]'), 'db backup /mnt/backups/hookline.db')
    .description('copy the database while the server runs; without a file, into DATA_DIR/backups')
    .action(async (file: string | undefined, _, command: Command) =>
      (await import('./db-commands.ts')).backUpDatabase(file, isJson(command)),
    )
  withExample(db.command('restore <file>'), 'db restore data/backups/hookline-20260131T030000Z.db')
    .description('put a backup in place of the database while the server is stopped; sending is off then')
    .action(async (file: string, _, command: Command) =>
      (await import('./db-commands.ts')).restoreDatabase(file, isJson(command)),
    )
  withExample(db.command('check'), 'db check')
    .description('look the whole database over; it may be in use')
    .action(async (_, command: Command) => (await import('./db-commands.ts')).lookOverDatabase(isJson(command)))
  withExample(db.command('let-in <email>'), 'db let-in anna@example.com --remove-two-factor')
    .description('print a link that lets anybody, also a super admin, set a new password; while the server is stopped')
    .option('--remove-two-factor', 'for somebody who has neither the phone nor recovery codes')
    .action(async (email: string, { removeTwoFactor = false }: { removeTwoFactor?: boolean }, command: Command) =>
      (await import('./let-in.ts')).letIn(email, removeTwoFactor, isJson(command)),
    )
}

const isJson = (command: Command): boolean => command.optsWithGlobals<{ json?: true }>().json === true
