import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Plugin } from 'hookline/plugin'
import { testHost } from 'hookline/plugin/test'
import { version } from '../server/version.ts'
import { samplesOf } from './support/samples.ts'

const root = join(import.meta.dirname, '..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const docs = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'))
const pages = ['README.md', 'CHANGELOG.md', ...docs.map((name) => `docs/${name}`)]

describe.each(pages)('%s', (page) => {
  const text = read(page)

  test('links to files that exist', () => {
    const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map((match) => match[1] ?? '')
    expect(links.filter((link) => !existsSync(join(root, dirname(page), link)))).toEqual([])
  })

  test('quotes files as they are', () => {
    const lines = (code: string) => code.split('\n').map((line) => line.trim())
    for (const [, file = '', code = ''] of text.matchAll(/```\w+ file=(\S+)\n([\s\S]*?)```/g)) {
      expect(lines(read(file))).toEqual(expect.arrayContaining(lines(code)))
    }
  })
})

test('every setting that is read is documented, and no other', () => {
  const wanted = [...read('server/config.ts').matchAll(/(?:check\(\s*|get\()'([A-Z_]+)'/g)].map((match) => match[1])
  const table = read('docs/operating.md').match(/## Settings[\s\S]*?\n## /)?.[0] ?? ''
  const documented = [...table.matchAll(/`([A-Z][A-Z_]+)`/g)].map((match) => match[1])
  expect([...new Set(documented)].sort()).toEqual([...new Set(wanted)].sort())
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
