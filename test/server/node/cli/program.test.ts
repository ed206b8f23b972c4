import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { version } from '../../../../server/version.ts'
import { startChild, type Child } from '../../../support/child.ts'
import { hookline } from '../../../support/cli.ts'
import { temporaryFolders } from '../../../support/folder.ts'

const folder = temporaryFolders()
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 }) // processes take their time to start

const KEY = 'hk_a_key_of_the_tests_of_the_command_line'
let server: Child
let url: string

beforeAll(async () => {
  server = startChild({ DATA_DIR: folder(), SETUP_API_KEY: KEY, LOG_LEVEL: 'error' })
  url = await server.url
})
afterAll(async () => {
  server.kill('SIGKILL')
  await server.ended
})

const withKey = () => ({ HOOKLINE_URL: url, HOOKLINE_API_KEY: KEY })

/** Something that answers every request with this. */
async function answering(status: number, headers: Record<string, string>, body: string): Promise<string> {
  const other = createServer((_, response) => response.writeHead(status, headers).end(body)).listen(0, '127.0.0.1')
  onTestFinished(() => void other.close())
  await once(other, 'listening')
  return `http://127.0.0.1:${(other.address() as AddressInfo).port}`
}

describe('a command that is not understood', () => {
  test.each([
    [['nonsense'], "unknown command 'nonsense'"],
    [['site'], 'Usage: hookline site'],
    [['site', 'list', '--nonsense'], "unknown option '--nonsense'"],
    [['site', 'list', '--limit', 'many'], '--limit is "many"; it has to be a whole number from 1.'],
    [['health', '--url', 'example.com'], 'it has to be an http or https address without a path'],
    [['site', 'list', '--key-file', '/nowhere/key'], '/nowhere/key cannot be read'],
  ])('%j ends with 2 and says why on stderr', async (args, why) => {
    const ran = await hookline(args, { env: { HOOKLINE_URL: url } })
    expect(ran).toMatchObject({ code: 2, out: '' })
    expect(ran.err).toContain(why)
  })

  test('asked for help it ends with 0, and shows an example', async () => {
    const ran = await hookline(['site', 'list', '--help'])
    expect(ran).toMatchObject({ code: 0, err: '' })
    expect(ran.out).toContain('Example:\n  hookline site list')
  })
})

describe('the server', () => {
  test('that is not there ends a command with 69', async () => {
    const ran = await hookline(['site', 'list', '--url', 'http://127.0.0.1:1'])
    expect(ran).toMatchObject({ code: 69, out: '' })
    expect(ran.err).toMatch(
      /^http:\/\/127\.0\.0\.1:1 cannot be reached \(.+\)\. Is the server running\? --url says which one\.\n$/,
    )
  })

  test('that is another one, or elsewhere, does so too', async () => {
    const other = await hookline(['health', '--url', await answering(200, { 'content-type': 'text/html' }, '<p>Hi')])
    expect(other).toMatchObject({ code: 69, out: '', err: expect.stringContaining('is no Hookline (status 200)') })
    const moved = await hookline(['health', '--url', await answering(308, { location: 'https://a.example/' }, '')])
    expect(moved).toMatchObject({ code: 69, out: '', err: expect.stringContaining('leads to https://a.example/') })
  })

  test('that asks to come again ends it with 75', async () => {
    const body = '{"title":"Too many requests. Try again in 3 seconds."}'
    const busy = await answering(429, { 'content-type': 'application/problem+json' }, body)
    const ran = await hookline(['site', 'list'], { env: { HOOKLINE_URL: busy, HOOKLINE_API_KEY: KEY } })
    expect(ran).toEqual({ code: 75, out: '', err: 'Too many requests. Try again in 3 seconds.\n' })
  })

  test('is asked for its health without a key', async () => {
    expect(await hookline(['health'], { env: { PUBLIC_URL: url } })).toEqual({
      code: 0,
      out: 'status      ok\ndatabase    ok\ndispatcher  on\n',
      err: '',
    })
    const stalled = '{"status":"not ready","database":"ok","dispatcher":"stalled"}'
    const sick = await answering(503, { 'content-type': 'application/json' }, stalled)
    expect(await hookline(['health', '--json', '--url', sick])).toEqual({ code: 1, out: `${stalled}\n`, err: '' })
  })
})

describe('the key', () => {
  test('comes from the environment, a file or stdin', async () => {
    const file = join(folder(), 'key')
    writeFileSync(file, `${KEY}\n`)
    const list = ['site', 'list', '--json']
    const answers = await Promise.all([
      hookline(list, { env: withKey() }),
      hookline([...list, '--key-file', file], { env: { HOOKLINE_URL: url } }),
      hookline([...list, '--key-file', '-'], { env: { HOOKLINE_URL: url }, stdin: KEY }),
    ])
    for (const answer of answers) expect(answer).toMatchObject({ code: 0, err: '' })
  })

  test('that is missing or unknown is told of, with where it came from', async () => {
    const none = await hookline(['site', 'list'], { env: { HOOKLINE_URL: url } })
    expect(none).toEqual({
      code: 1,
      out: '',
      err: 'There is no key: set HOOKLINE_API_KEY, or name a file with --key-file.\n',
    })
    const wrong = await hookline(['site', 'list'], { env: { ...withKey(), HOOKLINE_API_KEY: `${KEY}x` } })
    expect(wrong).toEqual({
      code: 1,
      out: '',
      err: 'The key from HOOKLINE_API_KEY does not open: it is unknown, revoked or expired.\n',
    })
  })
})

describe('a list', () => {
  test('is a table for people, and with --json what the API says', async () => {
    const ran = await hookline(['site', 'list'], { env: withKey() })
    expect(ran).toMatchObject({ code: 0, err: '' })
    expect(ran.out).toMatch(/^SLUG +NAME +STATE +MADE\nmain +\S.* +active +\d{4}-\d\d-\d\dT\S+Z\n$/)
    const asked = await fetch(`${url}/api/v1/sites`, { headers: { authorization: `Bearer ${KEY}` } })
    const json = await hookline(['--json', 'site', 'list'], { env: withKey() })
    expect(json.out).toBe(`${await asked.text()}\n`)
  })

  test('goes on page by page with --all, and says when there is more', async () => {
    for (let n = 1; n <= 102; n++) {
      const init = {
        method: 'POST',
        headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
        body: JSON.stringify({ slug: `shop-${n}`, name: `Shop ${n}` }),
      }
      expect((await fetch(`${url}/api/v1/sites`, init)).status).toBe(201)
    }
    const slugs = async (...args: string[]) => {
      const ran = await hookline(['site', 'list', '--json', ...args], { env: withKey() })
      const page = JSON.parse(ran.out) as { data: { slug: string }[]; next_cursor: string | null }
      return { slugs: page.data.map(({ slug }) => slug), next: page.next_cursor }
    }
    const all = await slugs('--all')
    expect(all).toMatchObject({ next: null })
    expect(new Set(all.slugs).size).toBe(103)
    const some = await slugs('--limit', '101')
    expect(some.slugs).toEqual(all.slugs.slice(0, 101))
    expect(await slugs('--cursor', some.next ?? '')).toEqual({ slugs: all.slugs.slice(101), next: null })
    const short = await hookline(['site', 'list', '--limit', '2'], { env: withKey() })
    expect(short.out.trim().split('\n')).toHaveLength(3)
    expect(short.err).toBe('There is more: --all shows every row, --limit another number of them.\n')
  })

  test('does not let what others wrote steer the terminal', async () => {
    const site = {
      slug: 'a',
      name: 'Red \u001B[31malert\u0007',
      state: 'active',
      created_at: '2026-01-31T12:00:00.000Z',
    }
    const list = JSON.stringify({ data: [site], next_cursor: null })
    const other = await answering(200, { 'content-type': 'application/json' }, list)
    const ran = await hookline(['site', 'list', '--url', other])
    expect(ran.out).toContain('Red  [31malert')
  })
})

test('db migrate brings a database up to date, once, and not beside a server', async () => {
  const env = { DATA_DIR: folder() }
  expect((await hookline(['db', 'migrate'], { env })).out).toMatch(/^0001_initial\.sql\n/)
  expect(await hookline(['db', 'migrate'], { env })).toEqual({ code: 0, out: '', err: 'The database is up to date.\n' })
  const running = startChild(env)
  await running.url
  const beside = await hookline(['db', 'migrate'], { env })
  running.kill('SIGKILL')
  await running.ended
  expect(beside).toMatchObject({ code: 75, out: '' })
  expect(beside.err).toContain('Another Hookline is running in the data folder')
  expect(await hookline(['db', 'migrate'], { env: { ...env, PORT: 'many' } })).toMatchObject({ code: 78, out: '' })
})

test('an old Node hands over to the one of the project, or says which one it takes', async () => {
  const old = "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.0.0' } })"
  const ran = await hookline(['--version'], { node: ['--import', `data:text/javascript,${encodeURIComponent(old)}`] })
  const own = existsSync(new URL('../../../../node_modules/.bin/node', import.meta.url))
  if (own) expect(ran).toEqual({ code: 0, out: `${version}\n`, err: '' })
  else expect(ran).toMatchObject({ code: 1, err: expect.stringContaining('Hookline needs Node 24 or newer') })
})
