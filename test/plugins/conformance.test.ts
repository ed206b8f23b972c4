import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { definePlugin, type Manifest, type Plugin } from 'hookline/plugin'
import { breaches } from 'hookline/plugin/conformance'
import { testHost } from 'hookline/plugin/test'
import { inEnglish } from '../../server/lib/message.ts'
import { collectTexts } from '../../server/node/build/texts.ts'
import { createHost } from '../../server/plugin/create-host.ts'

const ROOT = join(import.meta.dirname, '../..')
const FOLDER = join(ROOT, 'plugins')
const slugs = readdirSync(FOLDER, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
const texts = new Set(collectTexts(ROOT).texts.map(({ one }) => one))
const load = async (slug: string) => (await import(`../../plugins/${slug}/plugin.ts`)) as { default: Plugin }

/** The slugs of the owners of what a plugin emits. */
async function ownersFor(slug: string): Promise<readonly string[]> {
  const emits = new Set((await load(slug)).default.manifest.emits?.map(({ name }) => name))
  const all = await Promise.all(slugs.map(async (one) => (await load(one)).default.manifest))
  return all.filter(({ events }) => events?.some(({ name }) => emits.has(name))).map((owner) => owner.slug)
}

test('the plugins of this repository live together', async () => {
  const { engine } = await testHost((await load('example')).default)
  const registry = Object.fromEntries(slugs.map((slug) => [slug, () => load(slug)]))
  const host = await createHost(engine, { registry, safeMode: false })
  const fates = (await host.plugins()).map(({ slug, reason }) => [slug, reason && inEnglish(reason)])
  expect(fates).toEqual(slugs.sort().map((slug) => [slug, null]))
})

describe.each(slugs)('the plugin %s', (slug) => {
  const folder = join(FOLDER, slug)
  const read = (name: string) => readFileSync(join(folder, name), 'utf8')

  test('keeps to the rules of plugins', async () => {
    const owners = await ownersFor(slug)
    // Imported anew, so that what it does meanwhile is seen.
    vi.resetModules()
    const conformance = await import('hookline/plugin/conformance')
    const beside = await Promise.all(owners.map(async (owner) => (await load(owner)).default))
    expect(await conformance.breaches(() => load(slug), { folder, beside })).toEqual([])
  })

  test('has only texts that are collected for translation', async () => {
    const { manifest } = (await load(slug)).default
    const events = (manifest.events ?? []).flatMap(({ title, sentence, description }) => [title, sentence, description])
    const words = [manifest.title, ...(manifest.description ? [manifest.description] : []), ...events]
    expect(words.filter((text) => !texts.has(text))).toEqual([])
  })

  test('imports its own files, the plugin interface, zod and other plugins, and nothing else', () => {
    for (const name of readdirSync(folder).filter((file) => file.endsWith('.ts'))) {
      const imports = Array.from(read(name).matchAll(/from '([^']+)'/g), (found) => found[1])
      for (const path of imports)
        expect(path).toMatch(/^(hookline\/plugin|zod|\.\/[\w-]+\.ts|\.\.\/[\w-]+\/[\w-]+\.ts)$/)
    }
  })
})

test('the rules are held: what an unruly plugin does is told sentence by sentence', async () => {
  const folder = join(import.meta.dirname, 'unruly')
  expect(await breaches(() => import('./unruly/plugin.ts'), { folder })).toEqual([
    'While it is imported it touches setTimeout.',
    'While it is imported it touches unruly.',
    'plugin.ts imports node:fs, which Workers do not have.',
    'plugin.ts uses setTimeout. Take what the context gives.',
    'readme.md does not tell of the event unruly.mischief_managed.',
    'The samples make unruly/on:unruly.mischief_managed#0 fail: ouch',
  ])
})

test('what keeps the host from running a plugin is told in its own sentence, and once', async () => {
  const folder = join(FOLDER, 'example')
  const manifest = {
    slug: 'needy',
    version: '1.0.0',
    title: 'Needy',
    requires: { host: '^1.0' },
    scope: 'site',
  } as const
  const plugin = definePlugin<Manifest>({ ...manifest, settings: z.object({ key: z.string() }) })
  expect(await breaches(() => Promise.resolve({ default: plugin }), { folder })).toEqual([
    'needy cannot run. The setting key has no default, so the plugin could not run before somebody sets it.',
  ])
})
