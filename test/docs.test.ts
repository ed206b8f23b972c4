import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Plugin } from 'hookline/plugin'
import { testHost } from 'hookline/plugin/test'
import { paymentReceived } from '../plugins/payments/plugin.ts'
import { rules } from '../server/access/rules.ts'
import { snippets } from '../server/admin/webhooks/snippets.ts'
import { version } from '../server/version.ts'
import { createWebSignV1a, newKeyPair } from '../server/webhooks/sign.ts'
import { samplesOf } from './support/samples.ts'

const root = join(import.meta.dirname, '..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const docs = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'))
const pages = ['README.md', 'CHANGELOG.md', ...docs.map((name) => `docs/${name}`)]

/** What stands in a route in place of a name or an id. */
const EXAMPLE_IN_PATH = /:\w+|\{\{.*?\}\}|whk_…|<id>|payment_received/g

/** The anchors that headings get. */
const anchorsOf = (text: string): string[] =>
  [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  )

describe.each(pages)('%s', (page) => {
  const text = read(page)

  test('links to files that exist', () => {
    const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map((match) => match[1] ?? '')
    expect(links.filter((link) => !existsSync(join(root, dirname(page), link)))).toEqual([])
  })

  test('links to headings that exist', () => {
    for (const [, file = '', anchor = ''] of text.matchAll(/\]\(([\w./-]*)#([\w-]+)\)/g)) {
      expect(anchorsOf(read(file === '' ? page : join(dirname(page), file)))).toContain(anchor)
    }
  })

  test('names routes and metrics that exist', () => {
    const routes = Object.keys(rules).map((key) => key.replaceAll(/:\w+/g, '*'))
    const named = [...text.matchAll(/\b(GET|POST|PATCH|DELETE)\s+(?:<address>)?(\/api\/v1\/[^\s`?"]+)/g)].map(
      ([, method = '', path = '']) => `${method} ${path.replaceAll(EXAMPLE_IN_PATH, '*')}`,
    )
    expect(named.filter((route) => !routes.includes(route))).toEqual([])
    const metrics = [...text.matchAll(/`(hookline_\w+)/g)].map((match) => match[1] ?? '')
    expect(metrics.filter((name) => !read('server/api/metrics.ts').includes(`'${name}'`))).toEqual([])
  })

  test('quotes files as they are', () => {
    const lines = (code: string) => code.split('\n').map((line) => line.trim())
    for (const [, file = '', code = ''] of text.matchAll(/```\w+ file=(\S+)\n([\s\S]*?)```/g)) {
      expect(lines(read(file))).toEqual(expect.arrayContaining(lines(code)))
    }
  })
})

test('every setting that is read is documented, and no other', () => {
  const wanted = [...read('server/config.ts').matchAll(/(?:checked|get)\('([A-Z_]+)'/g)].map((match) => match[1])
  const table = read('docs/operating.md').match(/## Settings[\s\S]*?\n## /)?.[0] ?? ''
  const documented = [...table.matchAll(/`([A-Z][A-Z_]+)`/g)].map((match) => match[1])
  expect([...new Set(documented)].sort()).toEqual([...new Set(wanted)].sort())
})

test('what a verifier is made of is the code that the pages show', () => {
  for (const { code } of snippets) expect(read('docs/receivers.md')).toContain(`\n${code}\n`)
})

test('bodies that the docs show have the fields and values of the sample', () => {
  const sample = { ...paymentReceived.sample, type: 'payment_received', site: 'main' } as Record<string, unknown>
  const shown = pages
    .flatMap((page) => [...read(page).matchAll(/```json\n(\{\n {2}"id": "evt_[\s\S]*?)```/g)])
    .map((match) => JSON.parse(match[1] ?? '') as Record<string, unknown>)
  expect(shown.length).toBeGreaterThan(1)
  for (const { id: _id, timestamp: _timestamp, ...fields } of shown) expect(sample).toMatchObject(fields)
})

test('the version is the one of package.json', () => {
  expect((JSON.parse(read('package.json')) as { version: string }).version).toBe(version)
})

test('every npm script that the README and the docs name exists', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
  const named = pages.flatMap((page) => [...read(page).matchAll(/npm run ([\w:]+)/g)].map((match) => match[1] ?? ''))
  expect(named.filter((name) => !(name in scripts))).toEqual([])
})

describe('the TypeScript of the docs', () => {
  // Inside of the repository, because that is where `hookline/plugin` and the packages are found.
  const folder = join(root, '.cache', `samples-${process.pid}`)
  const samples = pages.flatMap((page) => samplesOf(page, read(page)))
  const fileOf = ({ page, line }: (typeof samples)[number]) => join(folder, `${page.replaceAll('/', '-')}-${line}.ts`)

  beforeAll(() => {
    mkdirSync(folder, { recursive: true })
    for (const sample of samples) writeFileSync(fileOf(sample), sample.module)
    const compilerOptions = { noUnusedLocals: false, noUnusedParameters: false }
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ extends: '../../tsconfig.json', compilerOptions, include: ['*.ts'] }),
    )
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  test('is what the compiler takes', { timeout: 60_000 }, () => {
    let said = ''
    try {
      execFileSync(join(root, 'node_modules/.bin/tsc'), ['--noEmit', '--project', folder], { cwd: root })
    } catch (error) {
      said = String((error as { stdout?: Buffer }).stdout)
    }
    expect(said).toBe('')
  })

  test('takes by a public key what we signed, and answers false to anything else', async () => {
    const paths = samples.filter(({ module }) => module.includes('verify(publicKey')).map(fileOf)
    expect(paths).toHaveLength(1)
    const { verify } = (await import(paths[0] ?? '')) as {
      verify(publicKey: string, headers: Headers, rawBody: string): Promise<boolean>
    }
    const random = (length: number) => crypto.getRandomValues(new Uint8Array(length))
    const [ours, other] = [await newKeyPair(random), await newKeyPair(random)]
    const now = Math.floor(Date.now() / 1000)
    const sign = createWebSignV1a()
    const [right, wrong] = [await sign(ours.secret, 'evt_1', now, '{}'), await sign(other.secret, 'evt_1', now, '{}')]
    const judge = (signature: string, seconds = now, body = '{}') => {
      const headers = { 'webhook-id': 'evt_1', 'webhook-timestamp': String(seconds), 'webhook-signature': signature }
      return verify(ours.publicKey, new Headers(headers), body)
    }
    const good = [right, `${wrong} ${right}`, `v1a,*** ${right}`]
    expect(await Promise.all(good.map((signature) => judge(signature)))).toEqual([true, true, true])
    const bad = [wrong, 'v1a,***', 'v1a,A', 'v1a,AAAA', 'v1a,', 'v1,AAAA', '']
    expect(await Promise.all(bad.map((signature) => judge(signature)))).toEqual(bad.map(() => false))
    expect(await Promise.all([judge(right, now - 900), judge(right, now, '{ }')])).toEqual([false, false])
  })

  test.each(samples.filter(({ module }) => module.includes('export default definePlugin')))(
    'is a plugin that a host takes at $page:$line',
    async (sample) => {
      const { default: plugin } = (await import(fileOf(sample))) as { default: Plugin }
      const host = await testHost(plugin)
      for (const event of plugin.manifest.events ?? []) await host.emit(event, event.sample)
      expect(host.faults).toEqual([])
    },
  )
})
