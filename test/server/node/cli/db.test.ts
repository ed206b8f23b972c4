import { cpSync, existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test, vi } from 'vitest'
import { startChild } from '../../../support/child.ts'
import { hookline } from '../../../support/cli.ts'
import { temporaryFolders } from '../../../support/folder.ts'

const folder = temporaryFolders()
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 }) // processes take their time to start

const template = folder()
beforeAll(async () => {
  const server = startChild({ DATA_DIR: template, LOG_LEVEL: 'error' })
  await server.url
  server.kill('SIGTERM')
  await server.ended
})

test('db backup, restore and check say what they did, for people and as JSON', async () => {
  const env = { DATA_DIR: folder() }
  cpSync(template, env.DATA_DIR, { recursive: true })
  const made = await hookline(['db', 'backup'], { env })
  expect(made.code).toBe(0)
  expect(made.out).toMatch(/^file {3}.*\/backups\/hookline-\d{8}T\d{6}Z\.db\nbytes {2}\d+\nat {5}\d{4}-\S+Z\n$/)
  expect(made.err).toContain('APP_SECRET is not in it')
  const file = /^file +(.*)$/m.exec(made.out)?.[1] ?? ''

  const restored = await hookline(['db', 'restore', file], { env })
  expect(restored.code).toBe(0)
  expect(restored.out).toMatch(/^replaced +.*\/replaced-\d{8}T\d{6}Z\.db$/m)
  expect(restored.err).toContain('Start the server, and switch it on under Health.')

  const well = await hookline(['db', 'check', '--json'], { env })
  expect(well).toMatchObject({ code: 0, err: '' })
  expect(JSON.parse(well.out)).toMatchObject({ ok: true, findings: { length: 5 } })
  const other = { ...env, APP_SECRET: 'another app secret, 32 characters or more' }
  const wrong = await hookline(['db', 'check'], { env: other })
  expect(wrong.code).toBe(1)
  expect(wrong.out).toContain('wrong  APP_SECRET is another one than this database was made with.')
  expect((await hookline(['db', 'restore', file], { env: other })).err).toContain('Set that one before you start')
})

test('what cannot be done ends with 1, a server that is in the way with 75, settings that do not fit with 78', async () => {
  const env = { DATA_DIR: folder() }
  const letter = join(folder(), 'letter.txt')
  writeFileSync(letter, 'A letter.')
  expect(await hookline(['db', 'restore', letter], { env })).toMatchObject({ code: 1, out: '' })
  expect(existsSync(join(env.DATA_DIR, 'hookline.db'))).toBe(false)
  for (const words of [['backup'], ['check'], ['let-in', 'anna@example.com']])
    expect((await hookline(['db', ...words], { env })).err).toMatch(
      /^There is no database .*hookline\.db\. DATA_DIR and/,
    )
  expect(existsSync(join(env.DATA_DIR, 'hookline.db'))).toBe(false)

  const server = startChild(env)
  await server.url
  const beside = await hookline(['db', 'restore', letter], { env })
  server.kill('SIGKILL')
  await server.ended
  expect(beside).toMatchObject({ code: 75, out: '' })
  expect(beside.err).toContain('Another Hookline is running in the data folder')

  const postgres = { ...env, DATABASE_URL: 'postgres://127.0.0.1:1/hookline', APP_SECRET: 'x'.repeat(32) }
  const refused = await hookline(['db', 'backup'], { env: postgres })
  expect(refused).toEqual({
    code: 78,
    out: '',
    err: 'DATABASE_URL is no SQLite file; back PostgreSQL up with pg_dump.\n',
  })
  expect((await hookline(['db', 'check'], { env: postgres })).code).toBe(75)
})

test('db let-in prints a link that lets the only super admin in again', async () => {
  const env = { DATA_DIR: folder(), SETUP_EMAIL: 'anna@example.com', SETUP_PASSWORD: 'correct horse battery' }
  const first = startChild(env)
  await first.url
  const beside = await hookline(['db', 'let-in', 'anna@example.com'], { env })
  first.kill('SIGTERM')
  await first.ended
  expect(beside).toMatchObject({ code: 75, out: '' })
  expect(await hookline(['db', 'let-in', 'bo@example.com'], { env })).toEqual({
    code: 1,
    out: '',
    err: 'Nobody has the e-mail address bo@example.com.\n',
  })
  const made = await hookline(['db', 'let-in', 'Anna@example.com', '--remove-two-factor'], { env })
  expect(made).toMatchObject({ code: 0, err: expect.stringContaining('For anna@example.com, once, until ') })
  const link = new URL(made.out)
  const second = startChild(env)
  const opened = () => second.url.then((url) => fetch(url + link.pathname + link.search, { redirect: 'manual' }))
  const statuses = [(await opened()).status, (await opened()).status]
  second.kill('SIGKILL')
  await second.ended
  expect(statuses[0]).toBe(303)
  expect(statuses[1]).not.toBe(303)
})
