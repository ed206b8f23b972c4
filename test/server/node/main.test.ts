import { createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { startChild, type Child } from '../../support/child.ts'
import { temporaryFolders } from '../../support/folder.ts'
import { pluginText, putPlugin } from '../../support/outside.ts'

const folder = temporaryFolders()
vi.setConfig({ testTimeout: 30_000 }) // a process takes its time to start

/** A child that is gone when the test is over, however it ended. */
function run(env: Record<string, string>, command?: [string, ...string[]]): Child {
  const child = startChild(env, command)
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await child.ended
  })
  return child
}

const linesOf = (child: Child, start: string) =>
  child
    .output()
    .split('\n')
    .filter((line) => line.startsWith(start))

/** Whether something can listen on the port of this address. */
async function isFree(url: string): Promise<boolean> {
  const server = createServer().listen(Number(new URL(url).port), '127.0.0.1')
  const free = await once(server, 'listening').then(
    () => true,
    () => false,
  )
  server.close()
  return free
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}

describe('npm start', () => {
  test(
    'serves from an empty folder, says once how to set up, and ends when npm is told to',
    { timeout: 30_000 },
    async () => {
      const data = join(folder(), 'data')
      const child = run({ DATA_DIR: data }, ['npm', 'start'])
      const url = await child.url
      const ready = await fetch(`${url}/readyz`)
      expect(ready.status).toBe(200)
      expect(await ready.json()).toEqual({ status: 'ok', database: 'ok', dispatcher: 'on' })
      const [setUp = '', ...more] = linesOf(child, 'Set up:')
      expect(more).toEqual([])
      expect(setUp).toMatch(new RegExp(`^Set up: ${url}/setup\\?token=[\\w-]{43}$`))
      expect((await fetch(setUp.slice('Set up: '.length), { redirect: 'manual' })).status).toBe(303)

      child.kill('SIGTERM')
      expect(await child.ended).toBe(0)
      expect(await isFree(url)).toBe(true)
      expect(readdirSync(data).sort()).toEqual(['app-secret', 'hookline.db', 'lock.db'])
    },
  )

  test('starts again as npm run dev when a template changes, of PLUGIN_DIR as well', async () => {
    const dir = folder()
    const page = `page('/paper', { title: 'Paper', template: 'paper', load: () => ({}), public: true })`
    putPlugin(dir, 'till', { 'paper.eta': '<p>A roll is left.</p>', 'plugin.js': pluginText('till', page) })
    const child = run({ DATA_DIR: folder(), PLUGIN_DIR: dir, PORT: String(await freePort()) }, ['npm', 'run', 'dev'])
    const url = await child.url
    const paper = async () => (await fetch(`${url}/plugins/till/paper`)).text()
    expect(await paper()).toContain('A roll is left.')
    putPlugin(dir, 'till', { 'paper.eta': '<p>No roll is left.</p>' })
    await vi.waitFor(async () => expect(await paper()).toContain('No roll is left.'), 20_000)
    child.kill('SIGTERM')
    expect(await child.ended).toBe(0)
    expect(await isFree(url)).toBe(true)
  })

  test('says nothing of set-up where the environment names the first super admin, nor any secret', async () => {
    const secrets = {
      APP_SECRET: 'an app secret that nobody may ever read',
      SETUP_PASSWORD: 'a password that nobody may read',
      SETUP_API_KEY: 'hk_a_key_that_nobody_may_ever_read_in_a_log',
    }
    const data = folder()
    const child = run({ DATA_DIR: data, LOG_LEVEL: 'debug', SETUP_EMAIL: 'anna@example.com', ...secrets })
    await fetch(`${await child.url}/api/v1/me`, { headers: { authorization: `Bearer ${secrets.SETUP_API_KEY}` } })
    child.kill('SIGTERM')
    expect(await child.ended).toBe(0)
    expect(linesOf(child, 'Set up:')).toEqual([])
    for (const secret of Object.values(secrets)) expect(child.output()).not.toContain(secret)
    // Given from outside, so it is not kept beside what it protects.
    expect(readdirSync(data)).not.toContain('app-secret')
  })

  test('says where it listens and where links lead, and that PUBLIC_URL is missing where others may come', async () => {
    const open = run({ DATA_DIR: folder(), HOST: '0.0.0.0' })
    const named = run({ DATA_DIR: folder(), HOST: '0.0.0.0', PUBLIC_URL: 'https://hooks.example.com' })
    const here = run({ DATA_DIR: folder() })
    const [openUrl, namedUrl] = await Promise.all([open.url, named.url, here.url])
    // Only then is all read that they said.
    for (const child of [open, named, here]) child.kill('SIGTERM')
    await Promise.all([open.ended, named.ended, here.ended])
    const [hint = '', ...more] = linesOf(open, 'PUBLIC_URL is not set, so ')
    expect(hint).toContain(`links lead to ${openUrl}, and forms that other machines send are refused; set it to`)
    expect(more).toEqual([])
    expect(namedUrl).toMatch(/^http:\/\/0\.0\.0\.0:\d+$/)
    expect(linesOf(named, 'Links lead to')).toEqual(['Links lead to https://hooks.example.com, as PUBLIC_URL says.'])
    expect([...linesOf(named, 'PUBLIC_URL'), ...linesOf(here, 'PUBLIC_URL')]).toEqual([])
  })

  test('SIGINT ends it as well, while a browser keeps its connection open', async () => {
    const child = run({ DATA_DIR: folder() })
    const url = await child.url
    await fetch(`${url}/healthz`) // fetch keeps the socket
    child.kill('SIGINT')
    expect(await child.ended).toBe(0)
    expect(await isFree(url)).toBe(true)
  })
})

describe('what cannot start says why and ends', () => {
  test('with 78 and a sentence for each bad setting', async () => {
    const child = run({ DATA_DIR: folder(), PORT: 'many', DELIVERY: 'no', APP_SECRET: 'short and secret' })
    expect(await child.ended).toBe(78)
    expect(child.output().trim().split('\n')).toEqual([
      'PORT is "many"; it has to be a whole number from 0 to 65535 (0 picks a free port).',
      'APP_SECRET is not usable as it is; it has to be 32 characters or more.',
      'DELIVERY is "no"; it has to be on or off.',
    ])
  })

  test('with 75 when another one has the data folder, and the first goes on', async () => {
    const data = folder()
    const first = run({ DATA_DIR: data })
    const url = await first.url
    const second = run({ DATA_DIR: data })
    expect(await second.ended).toBe(75)
    expect(second.output()).toBe(
      `Another Hookline is running in the data folder ${data}. Stop it, or set DATA_DIR to another folder.\n`,
    )
    expect((await fetch(`${url}/readyz`)).status).toBe(200)
  })

  test('with 78 when the database was made with another APP_SECRET', async () => {
    const data = folder()
    const first = run({ DATA_DIR: data, APP_SECRET: 'the first secret of the app, long enough' })
    await first.url
    first.kill('SIGTERM')
    await first.ended
    const other = 'another secret of the app, long enough'
    const second = run({ DATA_DIR: data, APP_SECRET: other })
    expect(await second.ended).toBe(78)
    expect(second.output()).toMatch(/^APP_SECRET is another one than this database was made with; .*\n$/)
    expect(second.output()).not.toContain(other)
  })

  test('with 78 when it cannot listen: the port is taken, or the address is not of this machine', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => void taken.close())
    await once(taken, 'listening')
    const { port } = taken.address() as AddressInfo
    const second = run({ DATA_DIR: folder(), PORT: String(port) })
    const elsewhere = run({ DATA_DIR: folder(), HOST: '192.0.2.1' })
    expect(await second.ended).toBe(78)
    expect(second.output()).toMatch(
      new RegExp(`^HOST is "127.0.0.1" and PORT is ${port}, where nobody can listen .*\n$`),
    )
    expect(await elsewhere.ended).toBe(78)
    expect(elsewhere.output()).toMatch(/^HOST is "192.0.2.1" and PORT is 0, where nobody can listen .*\n$/)
  })

  test('with 78 when the data folder or the database is something else', async () => {
    const file = join(folder(), 'letter.txt')
    writeFileSync(file, 'A letter, and no database at all. '.repeat(100))
    const noFolder = run({ DATA_DIR: file })
    const noDatabase = run({ DATA_DIR: folder(), DATABASE_URL: `sqlite:${file}` })
    expect(await noFolder.ended).toBe(78)
    expect(noFolder.output()).toMatch(/^DATA_DIR is ".*letter\.txt", and nothing can be kept there .*\n$/)
    expect(await noDatabase.ended).toBe(78)
    expect(noDatabase.output()).toMatch(/^The database file .*letter\.txt cannot be used: .*not a database.*\n$/)
  })

  test('with 75 when PostgreSQL does not answer, without its password', async () => {
    const child = run({
      DATA_DIR: folder(),
      DATABASE_URL: 'postgres://hookline:hunter2@127.0.0.1:1/hookline',
      APP_SECRET: 'an app secret that is long enough for it',
    })
    expect(await child.ended).toBe(75)
    expect(child.output()).toMatch(/^The database of DATABASE_URL cannot be used: PostgreSQL: .*ECONNREFUSED.*\n$/)
    expect(child.output()).not.toContain('hunter2')
  })
})

test('a server that can write no more says so and ends with 70, so that whoever watches starts it again', async () => {
  const data = folder()
  const preload = new URL('../../support/end-writer.ts', import.meta.url).href
  const child = run({ DATA_DIR: data }, [process.execPath, '--import', preload, 'server/node/main.ts'])
  await child.url
  child.kill('SIGUSR2')
  expect(await child.ended).toBe(70)
  expect(child.output()).toContain('The thread that writes to the database has ended. Hookline ends; start it again')
  const next = run({ DATA_DIR: data })
  expect((await fetch(`${await next.url}/readyz`)).status).toBe(200)
})
