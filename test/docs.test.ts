import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { version } from '../server/version.ts'

const root = join(import.meta.dirname, '..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const pages = [
  'README.md',
  'CHANGELOG.md',
  ...['decisions', 'operating', 'plugins', 'receivers', 'zapier'].map((name) => `docs/${name}.md`),
]

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
