import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { eventsPage, ownPlugins } from '../../server/node/events-page.ts'
import { collect } from '../../server/plugin/collect.ts'
import { definePlugin, type Manifest } from '../../server/plugin/define.ts'
import { MAX_CHAIN, timeLimits } from '../../server/plugin/core.ts'
import * as points from '../../server/plugin/points.ts'
import { IN_A_ROW, IN_ALL, WINDOW } from '../../server/plugin/fault.ts'

const ROOT = join(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')
const page = read('docs/plugins.md')

const plain: Manifest = { slug: 'plain', version: '1.0.0', title: 'Plain', requires: { host: '^1.0' }, scope: 'site' }

/** Lines without their indentation: an excerpt stands further left than in its file. */
const flat = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => line.trim())
    .join('\n')

test('docs/events.md has every event as it is', async () => {
  expect(read('docs/events.md'), 'Run npm run docs').toBe(eventsPage(await ownPlugins()))
})

describe('docs/plugins.md', () => {
  const excerpts = Array.from(page.matchAll(/^```ts file=(\S+)\n([\s\S]*?)^```$/gm), ([, path = '', code = '']) => ({
    path,
    code,
  }))

  test('shows excerpts', () => expect(excerpts.length).toBeGreaterThanOrEqual(6))

  test.each(excerpts)('quotes $path as it is', ({ path, code }) => {
    expect(flat(read(path))).toContain(flat(code))
  })

  test('knows every key of a manifest', () => {
    const keys = Array.from(page.matchAll(/^\| `(\w+)(?:\.host)?`\s+\|/gm), (found) => found[1])
    const manifest: Record<keyof Omit<Manifest, 'version' | 'title' | 'description'>, true> = {
      slug: true,
      requires: true,
      scope: true,
      defaultActive: true,
      mustUse: true,
      events: true,
      emits: true,
      storage: true,
      capabilities: true,
      settings: true,
      http: true,
    }
    expect(keys).toEqual(Object.keys(manifest))
  })

  test('shows every call of the registrar, and every point', () => {
    let calls: readonly string[] = []
    collect(definePlugin(plain, (to) => void (calls = Object.keys(to))))
    const code = Array.from(page.matchAll(/^```ts.*\n([\s\S]*?)^```$/gm), ([, found = '']) => found).join('\n')
    expect(calls.length).toBeGreaterThan(3)
    expect(calls.filter((name) => !new RegExp(`\\b${name}\\(`).test(code))).toEqual([])
    const names = Object.entries(points).flatMap(([name, value]) => (typeof value === 'object' ? [name] : []))
    expect(names).toContain('webhookPayload')
    expect(names.filter((name) => !code.includes(`filter(${name}`))).toEqual([])
  })

  test('gives the figures of the code', () => {
    const words = page.replaceAll(/\s+/g, ' ')
    for (const ms of [timeLimits.listener, timeLimits.route, timeLimits.page])
      expect(words).toContain(`| ${ms / 1000} s `)
    expect(words).toContain(`${timeLimits.filter} ms`)
    expect(words).toContain(`${IN_A_ROW} faults of one handler in a row`)
    expect(words).toContain(`or ${IN_ALL} of all its handlers within ${WINDOW / 60_000} minutes`)
    expect(['', 'once', 'twice', 'three times', 'four times', 'five times'][MAX_CHAIN]).toBe('five times')
    expect(words).toContain('may follow each other five times')
  })
})
