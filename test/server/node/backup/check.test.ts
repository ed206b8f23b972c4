import { cpSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { beforeAll, expect, test, vi } from 'vitest'
import { readConfig } from '../../../../server/config.ts'
import { newId } from '../../../../server/lib/ids.ts'
import { checkDatabase } from '../../../../server/node/backup/check.ts'
import { start } from '../../../../server/node/start.ts'
import { plainDraft } from '../../../../server/webhooks/draft.ts'
import { createWebhook } from '../../../../server/webhooks/lifecycle.ts'
import { plainSigning } from '../../../../server/webhooks/sign.ts'
import { temporaryFolders } from '../../../support/folder.ts'
import { quiet } from '../../../support/log.ts'

const folder = temporaryFolders()
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })
const configOf = (dataDir: string, more: Record<string, string> = {}) =>
  readConfig({ PORT: '0', DATA_DIR: dataDir, LOG_LEVEL: 'error', OUTBOUND_ALLOW: '127.0.0.0/8', ...more })

const template = folder()
beforeAll(async () => {
  const server = await start(configOf(template), { log: quiet })
  const { deps } = server
  const draft = {
    ...plainDraft,
    name: 'A',
    url: 'http://127.0.0.1:9/',
    allEvents: true,
    auth: 'signature' as const,
    signing: plainSigning,
  }
  const maker = { owner: 'network', by: 'usr_test', room: null }
  const made = await createWebhook(deps, draft, { id: newId('whk', deps), ...maker }, { handedOut: true })
  await deps.db.commit(made.statements)
  await deps.host.emit([
    {
      type: 'payment_received',
      site: 'sit_main',
      data: deps.host.eventType('payment_received')?.sample ?? {},
      source: 'demo',
    },
  ])
  await server.stop()
})

/** What is found wrong in a database to which this was done. */
async function wrong(statements: string, more: Record<string, string> = {}): Promise<readonly string[]> {
  const dataDir = folder()
  cpSync(template, dataDir, { recursive: true })
  const db = new Database(join(dataDir, 'hookline.db'))
  db.exec(statements)
  db.close()
  const found = await checkDatabase(configOf(dataDir, more), quiet)
  return found.filter(({ ok }) => !ok).map(({ text }) => text)
}

test('a database that is well passes every check, while it is in use too', async () => {
  const dataDir = folder()
  cpSync(template, dataDir, { recursive: true })
  const server = await start(configOf(dataDir), { log: quiet })
  const found = await checkDatabase(configOf(dataDir), quiet)
  await server.stop()
  expect(found.map(({ check, ok }) => [check, ok])).toEqual([
    ['file', true],
    ['migrations', true],
    ['rows', true],
    ['audit', true],
    ['secrets', true],
  ])
  expect(found.at(-1)?.text).toBe('APP_SECRET is the right one; it opens all 1 stored secrets.')
})

test.each([
  [`delete from event`, 'There are 1 deliveries whose event is gone.'],
  [
    `update delivery set state = 'pending', due_at = 1; delete from webhook`,
    'There are 1 deliveries that wait for a webhook that is gone, 1 secrets whose webhook is gone.',
  ],
  [`update webhook set owner = 'sit_gone'`, 'There are 1 webhooks whose site is gone.'],
  [
    `insert into d1_migrations (id, name) values (99, '9999_later.sql')`,
    'The database is of a newer version of Hookline (9999_later.sql). Update it.',
  ],
  [
    `delete from d1_migrations where name like '0002%'`,
    '0002_platform.sql is missing. Start the server, or run hookline db migrate.',
  ],
  [`drop table d1_migrations`, 'This is no database of Hookline.'],
])('after "%s" it is told what is wrong', async (statements, text) => {
  expect(await wrong(statements)).toEqual([text])
})

test('an audit log that somebody wrote in is told of', async () => {
  const row = `'2', 2, 1, 'usr_1', 'Ingrid', '', 'webhook.deleted', 'whk_1', 'network', null, null, 'no hash'`
  const found = await wrong(`insert into audit values (${row})`)
  expect(found).toEqual([expect.stringMatching(/^Entry \d+ of the audit log was changed, removed or put in\.$/)])
})

test('secrets that do not open are told of', async () => {
  const another = 'another app secret, 32 characters or more'
  expect(await wrong('', { APP_SECRET: another })).toEqual([
    'APP_SECRET is another one than this database was made with.',
  ])
  expect(await wrong(`update webhook_secret set cipher = substr(cipher, 1, length(cipher) - 8) || 'AAAAAAA='`)).toEqual(
    [expect.stringContaining('does not open: it was changed, or belongs to another row.')],
  )
})

test('a damaged file is told of, and nothing else is looked at', async () => {
  const dataDir = folder()
  writeFileSync(join(dataDir, 'hookline.db'), 'A letter. '.repeat(1000))
  await expect(checkDatabase(configOf(dataDir), quiet)).rejects.toThrow('cannot be read as a database')
})
