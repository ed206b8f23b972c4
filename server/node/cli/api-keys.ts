import type { Command } from 'commander'
import { DAY } from '../../lib/clock.ts'
import { add, addList, answered, wholeNumber } from './command.ts'
import { note, out } from './print.ts'
import { hours } from './webhooks.ts'

interface Key {
  readonly id: string
  readonly name: string
  readonly hint: string
  readonly scopes: readonly string[]
  readonly site: string | null
  readonly state: string
  readonly hooks: number
  readonly expires_at: string | null
  readonly last_used_at: string | null
}

interface Create {
  readonly scope: readonly string[]
  readonly site?: string
  readonly expiresInDays?: string
}

const LIST = '/api/v1/api-keys'
const at = (id: string | undefined) => `${LIST}/${encodeURIComponent(id ?? '')}`

export function addApiKeys(hookline: Command): void {
  const key = hookline.command('api-key').description('what lets programs in; needs a key with the scope keys:write')
  addList<Key>(key, {
    summary: 'list API keys, without what opens',
    example: 'api-key list --all',
    path: LIST,
    columns: [
      ['ID', ({ id }) => id],
      ['NAME', ({ name }) => name],
      ['BEGINS', ({ hint }) => hint],
      ['STATE', ({ state }) => state],
      ['SITE', ({ site }) => site],
      ['HOOKS', ({ hooks }) => hooks],
      ['EXPIRES', ({ expires_at: at }) => at ?? 'never'],
      ['LAST USED', ({ last_used_at: at }) => at ?? 'never'],
      ['SCOPES', ({ scopes }) => scopes],
    ],
  })
  add<Create>(key, 'create <name>', {
    summary: 'make an API key, and print it: it is shown this once',
    example: 'api-key create "Order desk" --scope events:write webhooks:read --expires-in-days 90',
    configure: (command) =>
      command
        .requiredOption('--scope <scope...>', 'what it may do, such as events:write')
        .option('--site <slug>', 'the one site that it reaches')
        .option('--expires-in-days <days>', 'when it ends (by default with the key that creates it)'),
    run: async (session, name) => {
      const { scope: scopes, site, expiresInDays: days } = session.options
      const end = days === undefined ? undefined : Date.now() + wholeNumber('--expires-in-days', days) * DAY
      const body = { name, scopes, site, ...(end !== undefined && { expires_at: new Date(end).toISOString() }) }
      const answer = await session.ask('POST', LIST, { body })
      answered<Key & { key: string }>(session, answer, (made) => {
        note(`Made ${made.id}: ${made.name}, ${made.expires_at === null ? 'for good' : `until ${made.expires_at}`}.`)
        out(made.key)
      })
    },
  })
  add<{ readonly overlap: string }>(key, 'rotate <id>', {
    summary: 'give an API key another secret, and print it: it is shown this once; the id and all that it made stay',
    example: 'api-key rotate key_01k8z0c7v5q3m9x2t4h6n8p0rs --overlap 24',
    configure: (command) =>
      command.option('--overlap <hours>', 'for how long the old one opens too: 0, 1, 24 or 168', '24'),
    run: async (session, id) => {
      const body = { overlap_hours: hours(session.options.overlap) }
      const answer = await session.ask('POST', `${at(id)}/rotate`, { body })
      answered<{ key: string; old_until: string }>(session, answer, (made) => {
        note(`The old one opens until ${made.old_until}.`)
        out(made.key)
      })
    },
  })
  add(key, 'revoke <id>', {
    summary: 'end an API key at once, with the keys and REST hooks that it made',
    example: 'api-key revoke key_01k8z0c7v5q3m9x2t4h6n8p0rs',
    run: async (session, id) => {
      const answer = await session.ask('DELETE', at(id))
      answered<Key & { hooks_retired: number }>(session, answer, ({ name, hooks_retired: hooks }) =>
        note(`${name} is revoked. REST hooks retired with it: ${hooks}.`),
      )
    },
  })
}
