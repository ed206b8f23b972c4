import { Command, CommanderError } from 'commander'
import { version } from '../../version.ts'
import { addApiKeys } from './api-keys.ts'
import { withConnection } from './connection.ts'
import { addDb } from './db.ts'
import { addDeliveries } from './deliveries.ts'
import { addEvents } from './events.ts'
import { exit, Stop } from './exit.ts'
import { addHealth } from './health.ts'
import { addPlugins } from './plugins.ts'
import { note } from './print.ts'
import { addPrivacy } from './privacy.ts'
import { addSites } from './sites.ts'
import { addTransfer } from './transfer.ts'
import { addUsers } from './users.ts'
import { addWebhooks } from './webhooks.ts'

/** `hookline`, with all its commands. */
export function program(): Command {
  const hookline = withConnection(
    new Command('hookline')
      .description('Works with a Hookline server through its API.')
      .version(version)
      .configureHelp({ showGlobalOptions: true, sortSubcommands: true })
      .exitOverride(),
  )
  addHealth(hookline)
  addEvents(hookline)
  addWebhooks(hookline)
  addDeliveries(hookline)
  addPlugins(hookline)
  addSites(hookline)
  addUsers(hookline)
  addApiKeys(hookline)
  addPrivacy(hookline)
  addTransfer(hookline)
  addDb(hookline)
  return hookline
}

/** Says why a command did not go through, and gives the exit code for it. */
export function ended(error: unknown): number {
  if (error instanceof CommanderError) return isHelp(error) ? exit.ok : exit.usage
  if (error instanceof Stop) return told(error.code, error.lines)
  throw error
}

/** Commander has said itself what it has to say. */
const isHelp = ({ code }: CommanderError): boolean => code === 'commander.helpDisplayed' || code === 'commander.version'

function told(code: number, lines: readonly string[]): number {
  for (const line of lines) note(line)
  return code
}
