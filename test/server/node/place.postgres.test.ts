import { Client } from 'pg'
import { expect, test, vi } from 'vitest'
import { readConfig } from '../../../server/config.ts'
import { checkDatabase } from '../../../server/node/backup/check.ts'
import { start } from '../../../server/node/start.ts'
import { copyOf } from '../../../server/webhooks/copy.ts'
import { isSending } from '../../../server/webhooks/sending.ts'
import { temporaryFolders } from '../../support/folder.ts'
import { quiet } from '../../support/log.ts'
import { newDatabase } from '../../support/postgres.ts'

const folder = temporaryFolders()
vi.setConfig({ testTimeout: 60_000 })
const configOf = (url: string) =>
  readConfig({ PORT: '0', DATA_DIR: folder(), DATABASE_URL: url, APP_SECRET: 'a secret of a test, long enough for it' })

/** Starts a server on a database, and tells what it takes that for. */
async function seenAt(url: string) {
  const server = await start(configOf(url), { log: quiet })
  const seen = { kind: (await copyOf(server.deps.db))?.kind ?? 'itself', sends: await isSending(server.deps) }
  return { seen, stop: () => server.stop() }
}

test('a copy of a database that its server did not leave sends nothing; the original goes on', async () => {
  const url = await newDatabase()
  const first = await seenAt(url)
  await first.stop()
  const { pathname } = new URL(url)
  const copy = `${pathname.slice(1)}_copy`
  const client = new Client({ connectionString: url.replace(pathname, '/postgres') })
  await client.connect()
  // As long ago as if nobody had stopped it.
  const inside = new Client({ connectionString: url })
  await inside.connect()
  await inside.query(
    `update setting set value = replace(value, '"stopped":', '"stopped":null,"was":') where name = 'home'`,
  )
  await inside.end()
  await client.query(`create database ${copy} template ${pathname.slice(1)}`)
  await client.end()

  const again = await seenAt(url)
  const copied = await seenAt(url.replace(pathname, `/${copy}`))
  await again.stop()
  await copied.stop()
  expect([first.seen, again.seen, copied.seen]).toEqual([
    { kind: 'itself', sends: true },
    { kind: 'itself', sends: true },
    { kind: 'copied', sends: false },
  ])
})

test('db check looks at what is not of the file', async () => {
  const config = configOf(await newDatabase())
  expect(await checkDatabase(config, quiet)).toEqual([
    { check: 'migrations', ok: false, text: 'This is no database of Hookline.' },
  ])
  await (await start(config, { log: quiet })).stop()
  const found = await checkDatabase(config, quiet)
  expect(found.map(({ check, ok }) => [check, ok])).toEqual([
    ['migrations', true],
    ['rows', true],
    ['audit', true],
    ['secrets', true],
  ])
})
