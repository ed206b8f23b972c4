import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { newPlugin, wrongSlug } from '../../../server/node/new-plugin.ts'
import { packedPlugin } from '../../../server/node/pack-plugin.ts'
import type { Manifest } from '../../../server/plugin/define.ts'
import { startChild } from '../../support/child.ts'
import { temporaryFolders } from '../../support/folder.ts'
import { startReceiver } from '../../support/receiver.ts'

const ROOT = resolve(import.meta.dirname, '../../..')
const folder = temporaryFolders()
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 }) // processes take their time to start

const KEY = 'hk_new_plugin_key_with_32_characters_or_more'
let copy: string

/** Runs a program in the copy and gives what it said. Throws when it fails. */
const run = (program: string, ...args: string[]): string =>
  execFileSync(program, args, { cwd: copy, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
const node = (...args: string[]) => run(process.execPath, ...args)
const bin = (name: string) => join(ROOT, 'node_modules/.bin', name)

beforeAll(() => {
  copy = join(folder(), 'hookline')
  const left = /^(node_modules|\.git|\.cache|\.wrangler|data|packed)$/
  cpSync(ROOT, copy, { recursive: true, filter: (path) => !left.test(relative(ROOT, path)) })
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'))
  run('git', 'init', '--quiet')
  run('git', 'add', '--all')
  run('git', '-c', 'user.name=Test', '-c', 'user.email=test@example.com', 'commit', '--quiet', '--message', 'All')
  node('server/node/new-plugin.ts', 'my-shop')
})

describe('npm run plugin:new my-shop', () => {
  test('makes a folder and a test, and touches nothing else', () => {
    expect(run('git', 'status', '--porcelain').split('\n').filter(Boolean)).toEqual([
      '?? plugins/my-shop/',
      '?? test/plugins/my-shop.test.ts',
    ])
  })

  test('passes its own test, the compiler, the linter and the formatter', () => {
    const files = ['plugins/my-shop', 'test/plugins/my-shop.test.ts']
    run(bin('tsc'), '--noEmit')
    run(bin('oxlint'), '--deny-warnings', ...files)
    run(bin('prettier'), '--check', ...files)
    const said = run(bin('vitest'), 'run', '--project', 'node', 'test/plugins/my-shop.test.ts', '-t', 'writing a note')
    expect(said).toContain('1 passed')
  })

  test('leaves nothing to translate', () => {
    const { stderr } = spawnSync(process.execPath, ['server/node/build.ts'], { cwd: copy, encoding: 'utf8' })
    const missing = stderr.split('\n').flatMap((line) => /^\S+ "(.*)" is missing/.exec(line)?.[1] ?? [])
    const files = Object.values(newPlugin('my-shop')).join('\n')
    expect(missing.filter((text) => files.includes(`'${text}'`))).toEqual([])
    run('git', 'checkout', '--quiet', '--', 'views/locales')
  })

  test('its event is in the form, the list of event types and the API, and can be sent as a test', async () => {
    const server = startChild(
      {
        DATA_DIR: join(folder(), 'data'),
        SETUP_API_KEY: KEY,
        SETUP_EMAIL: 'ingrid@nordlys.example',
        SETUP_PASSWORD: 'correct horse battery',
        OUTBOUND_ALLOW: '127.0.0.0/8',
      },
      undefined,
      copy,
    )
    onTestFinished(async () => {
      server.kill('SIGKILL')
      await server.ended
    })
    const url = await server.url
    const api = async (method: string, path: string, body?: object) => {
      const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' }
      const answer = await fetch(`${url}/api/v1${path}`, {
        method,
        headers,
        ...(body && { body: JSON.stringify(body) }),
      })
      return (await answer.json()) as Record<string, unknown>
    }
    expect(await api('GET', '/event-types/my-shop.note_written')).toMatchObject({
      title: 'Note Written',
      plugin: 'my-shop',
    })
    const event = { type: 'my-shop.note_written', data: { note_id: 'rec_1', text: 'Hello' } }
    expect(await api('POST', '/events', event)).toMatchObject({ duplicate: false })
    const receiver = await startReceiver()
    onTestFinished(() => receiver.stop())
    const draft = { name: 'Notes', url: receiver.url, events: ['my-shop.note_written'] }
    expect(await api('POST', '/webhooks/test', draft)).toMatchObject({ ok: true, status: 200 })
    expect(JSON.parse(receiver.requests[0]?.body ?? '')).toMatchObject({ data: { text: 'Call the printer' } })

    const login = await fetch(`${url}/login`, {
      method: 'POST',
      redirect: 'manual',
      headers: { 'sec-fetch-site': 'same-origin' },
      body: new URLSearchParams({ email: 'ingrid@nordlys.example', password: 'correct horse battery' }),
    })
    const cookie = login.headers
      .getSetCookie()
      .map((line) => line.split(';')[0])
      .join('; ')
    const page = async (path: string) => (await fetch(url + path, { headers: { cookie } })).text()
    expect(await page('/network/webhooks/new')).toContain('value="my-shop.note_written"')
    expect(await page('/network/event-types')).toContain('Somebody wrote a note')
    expect(await page('/network/plugins/my-shop/notes')).toContain('No notes yet.')
  })
})

describe('npm run plugin:pack my-shop', () => {
  test('makes a package that loads outside of the repository, where hookline/plugin/test runs it', () => {
    node('--disable-warning=ExperimentalWarning', 'server/node/pack-plugin.ts', 'my-shop')
    const outside = folder()
    mkdirSync(join(outside, 'node_modules'))
    symlinkSync(copy, join(outside, 'node_modules/hookline'))
    symlinkSync(join(ROOT, 'node_modules/zod'), join(outside, 'node_modules/zod'))
    cpSync(join(copy, 'packed/my-shop'), join(outside, 'node_modules/hookline-plugin-my-shop'), { recursive: true })
    writeFileSync(
      join(outside, 'try.mjs'),
      `import plugin from 'hookline-plugin-my-shop'
       import { testHost } from 'hookline/plugin/test'
       const host = await testHost(plugin)
       await host.request('POST /notes', { form: { text: 'Call the printer' } })
       console.log(JSON.stringify(host.emitted.map(({ name }) => name)))
       process.exit()`,
    )
    const said = execFileSync(process.execPath, ['try.mjs'], { cwd: outside, encoding: 'utf8' })
    expect(JSON.parse(said)).toEqual(['my-shop.note_written'])
    expect(run('git', 'status', '--porcelain')).not.toContain('packed')
  })

  test('makes a package that a server loads where npm put it', async () => {
    const host = join(folder(), 'hookline')
    const left = /^(node_modules|\.git|\.cache|packed|test|docs|plugins\/my-shop)$/
    cpSync(copy, host, { recursive: true, filter: (path) => !left.test(relative(copy, path)) })
    mkdirSync(join(host, 'node_modules'))
    for (const name of readdirSync(join(ROOT, 'node_modules')))
      symlinkSync(join(ROOT, 'node_modules', name), join(host, 'node_modules', name))
    // A copy, as of a package from npm: what lies there finds no host around itself.
    cpSync(join(copy, 'packed/my-shop'), join(host, 'node_modules/hookline-plugin-my-shop'), { recursive: true })
    const about = JSON.parse(readFileSync(join(host, 'package.json'), 'utf8')) as { dependencies: object }
    const dependencies = { ...about.dependencies, 'hookline-plugin-my-shop': '0.1.0' }
    writeFileSync(join(host, 'package.json'), JSON.stringify({ ...about, dependencies }))

    const server = startChild({ DATA_DIR: join(folder(), 'data'), SETUP_API_KEY: KEY }, undefined, host)
    onTestFinished(async () => {
      server.kill('SIGKILL')
      await server.ended
    })
    const headers = { authorization: `Bearer ${KEY}` }
    const answer = await fetch(`${await server.url}/api/v1/plugins/my-shop`, { headers })
    expect(await answer.json()).toMatchObject({ state: 'active', version: '0.1.0', reason: null })
  })

  test.each([
    ['payments', 'plugins/payments would not run elsewhere. The event payment_received has to be called'],
    ['nothing', 'There is no plugins/nothing/plugin.ts.'],
    ['', 'Say which plugin to pack: npm run plugin:pack my-shop'],
    ['../server', 'There is no plugins/../server/plugin.ts.'],
  ])('refuses %s with a sentence', (slug, sentence) => {
    const { status, stderr } = spawnSync(process.execPath, ['server/node/pack-plugin.ts', slug], {
      cwd: copy,
      encoding: 'utf8',
    })
    expect({ status, stderr }).toMatchObject({ status: 1, stderr: expect.stringContaining(sentence) as string })
  })
})

describe('a packed plugin', () => {
  const manifest: Manifest = {
    slug: 'my-shop',
    version: '1.2.3',
    title: 'My Shop',
    requires: { host: '^1.0' },
    scope: 'site',
  }
  const packed = (code: string) => packedPlugin(manifest, new Map([['plugin.ts', code]]))

  test('is JavaScript whose own files are JavaScript too', () => {
    const { 'plugin.js': code } = packed(
      `import { z } from 'zod'\nimport { a, type B } from './lib/a.ts'\nconst b: B = a`,
    )
    expect(code).toContain("from './lib/a.js'")
    expect(code).not.toMatch(/\bB\b/)
  })

  test('says what it is, and brings neither host nor zod along', () => {
    expect(JSON.parse(packed('')['package.json'] ?? '')).toMatchObject({
      name: 'hookline-plugin-my-shop',
      version: '1.2.3',
      keywords: ['hookline-plugin'],
      peerDependencies: { hookline: expect.stringMatching(/^>=\d/) as string, zod: '^4.0.0' },
      peerDependenciesMeta: { hookline: { optional: true } },
    })
  })

  test.each(["import { paid } from '../payments/plugin.ts'", "export * from 'node:fs'", "import './../x.ts'"])(
    'cannot have %s',
    (code) => expect(() => packed(code)).toThrow(/plugin\.ts imports .*\. A package can import hookline\/plugin, zod/),
  )
})

test.each([
  [undefined, 'Say how the plugin is called'],
  ['Shop', '"Shop" is no slug.'],
  ['s', '"s" is no slug.'],
  ['../shop', '"../shop" is no slug.'],
  ['1shop', '"1shop" is no slug.'],
  ['a'.repeat(41), 'is no slug.'],
  ['payments', 'plugins/payments is there already. Take another slug.'],
])('the slug %s is refused with a sentence', (slug, sentence) => expect(wrongSlug(slug, ROOT)).toContain(sentence))

test('a free slug is taken', () => expect(wrongSlug('my-shop', ROOT)).toBeNull())
