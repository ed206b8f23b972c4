import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Plugin } from 'hookline/plugin'
import { createHost } from '../../server/plugin/create-host.ts'
import { inEnglish } from '../../server/lib/message.ts'
import { testHost } from '../../server/plugin/test-host.ts'

const FOLDER = join(import.meta.dirname, '../../plugins')
const slugs = readdirSync(FOLDER, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
const load = async (slug: string) => (await import(`../../plugins/${slug}/plugin.ts`)) as { default: Plugin }

/** A host with the plugin, and with the owners of what it emits. */
async function hostOf(slug: string) {
  const { default: plugin } = await load(slug)
  const emits = new Set(plugin.manifest.emits?.map(({ name }) => name))
  const all = await Promise.all(slugs.map(async (one) => (await load(one)).default))
  const owners = all.filter(({ manifest }) => manifest.events?.some(({ name }) => emits.has(name)))
  return { plugin, host: await testHost(plugin, { beside: owners }) }
}

test('the plugins of this repository live together', async () => {
  const { engine } = await testHost((await load('example')).default)
  const registry = Object.fromEntries(slugs.map((slug) => [slug, () => load(slug)]))
  const host = await createHost(engine, { registry, safeMode: false })
  const fates = (await host.plugins()).map(({ slug, reason }) => [slug, reason && inEnglish(reason)])
  expect(fates).toEqual(slugs.sort().map((slug) => [slug, null]))
})

describe.each(slugs)('the plugin %s', (slug) => {
  const files = readdirSync(join(FOLDER, slug)).filter((name) => !name.startsWith('.'))
  const sources = files.filter((name) => name.endsWith('.ts'))
  const read = (name: string) => readFileSync(join(FOLDER, slug, name), 'utf8')

  test('imports its own files, the plugin interface, zod and other plugins, and nothing of a runtime', () => {
    for (const name of sources) {
      const imports = Array.from(read(name).matchAll(/from '([^']+)'/g), (found) => found[1])
      for (const path of imports)
        expect(path).toMatch(/^(hookline\/plugin|zod|\.\/[\w-]+\.ts|\.\.\/[\w-]+\/[\w-]+\.ts)$/)
    }
  })

  test('touches neither network nor clock nor chance nor the process by itself', () => {
    for (const name of sources) {
      expect(read(name)).not.toMatch(/\b(fetch|setTimeout|setInterval|Date\.now|Math\.random|process|globalThis)\b/)
    }
  })

  test('has samples that its host accepts and stores as they are', async () => {
    const { plugin, host } = await hostOf(slug)
    for (const event of plugin.manifest.events ?? []) await host.emit(event, event.sample)
    expect(host.emitted.map(({ name, payload }) => [name, payload])).toEqual(
      (plugin.manifest.events ?? []).map(({ name, sample }) => [name, sample]),
    )
    expect(host.faults).toEqual([])
  })

  test('has pages whose templates render with what they load', async () => {
    const { host } = await hostOf(slug)
    for (const { path } of (await host.host.pages(null)).filter((page) => page.plugin === slug)) {
      const html = await host.page(path)
      expect(html).toContain('<h2')
      expect(html).not.toMatch(/<script|<style|style=|\son\w+=|undefined|\[object/)
    }
  })

  test('tells in its readme.md what it sends', async () => {
    const readme = read('readme.md')
    for (const { name } of (await load(slug)).default.manifest.events ?? []) expect(readme).toContain(`\`${name}\``)
  })
})
