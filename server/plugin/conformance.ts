import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import type { Plugin } from './define.ts'
import { testHost, type TestHost } from './test-host.ts'

export interface ConformanceOptions {
  /** The folder of `plugin.ts` and `readme.md`: `import.meta.dirname` in a test beside them. */
  readonly folder: string
  /** The owners of the events in `emits`, and of what the plugin listens to. */
  readonly beside?: readonly Plugin[]
}

/**
 * Checks a plugin against the rules for plugins, and resolves with a sentence for each rule that it breaks. The plugin is
 * imported by `load`, so that what it does on import is seen as well. docs/plugins.md shows a test.
 */
export async function breaches(
  load: () => Promise<{ readonly default: Plugin }>,
  { folder, beside = [] }: ConformanceOptions,
): Promise<readonly string[]> {
  const { plugin, touched } = await watched(load, folder)
  const written = [...ofSources(folder), ...ofReadme(folder, plugin), ...ofCapabilities(folder, plugin)]
  try {
    const host = await testHost(plugin, { beside })
    const samples = await ofSamples(plugin, host)
    const pages = await ofPages(plugin, host)
    return [...touched, ...written, ...samples, ...pages, ...(await ofUninstalling(plugin, host))]
  } catch (error) {
    return [...touched, ...written, error instanceof Error ? error.message : String(error)]
  }
}

const WATCHED = ['fetch', 'setTimeout', 'setInterval', 'queueMicrotask'] as const

/**
 * Imports the plugin, and notes which globals it touched that plugins leave alone. Other code can use them meanwhile.
 */
async function watched(load: () => Promise<{ readonly default: Plugin }>, folder: string) {
  const before = new Set(Object.getOwnPropertyNames(globalThis))
  const touched = new Set<string>()
  const originals = WATCHED.map((name) => [name, globalThis[name]] as const)
  for (const [name, original] of originals) {
    const trap = (...args: unknown[]): unknown => {
      if (new Error().stack?.includes(folder)) touched.add(name)
      return Reflect.apply(original, globalThis, args)
    }
    Object.assign(globalThis, { [name]: trap })
  }
  try {
    const { default: plugin } = await load()
    const added = Object.getOwnPropertyNames(globalThis).filter((name) => !before.has(name))
    return {
      plugin,
      touched: [...touched, ...added].map((name) => `While it is imported it touches ${name}.`),
    }
  } finally {
    Object.assign(globalThis, Object.fromEntries(originals))
  }
}

/** A plugin runs on Node and on Workers, and has time, network and the rest from its context. */
const FOREIGN = /\b(fetch|setTimeout|setInterval|Date\.now|Math\.random|process|globalThis)\b/
const withoutHttp = (text: string): string => text.replaceAll(/\bhttp\.fetch\b/g, '')
const withoutComments = (text: string): string => text.replaceAll(/^\s*(\*|\/\/|\/\*).*$/gm, '')

function ofSources(folder: string): string[] {
  const sources = readdirSync(folder).filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
  return sources.flatMap((name) => {
    const text = withoutComments(readFileSync(join(folder, name), 'utf8'))
    const ofNode = [...text.matchAll(/\b(?:from|import)\s*\(?\s*'(node:[^']+)'/g)].map((found) => found[1] ?? '')
    const foreign = FOREIGN.exec(withoutHttp(text))?.[1]
    return [
      ...ofNode.map((path) => `${name} imports ${path}, which Workers do not have.`),
      ...(foreign === undefined ? [] : [`${name} uses ${foreign}. Take what the context gives.`]),
    ]
  })
}

function ofReadme(folder: string, { manifest }: Plugin): string[] {
  if (!readdirSync(folder).includes('readme.md')) return ['It has no readme.md.']
  const readme = readFileSync(join(folder, 'readme.md'), 'utf8')
  const events = [...(manifest.events ?? []), ...(manifest.emits ?? [])]
  return events
    .filter(({ name }) => !readme.includes(`\`${name}\``))
    .map(({ name }) => `readme.md does not tell of the event ${name}.`)
}

/** What is declared stands in the table of roles, so something has to ask for it. */
function ofCapabilities(folder: string, { manifest: { capabilities = [] } }: Plugin): string[] {
  const files = readdirSync(folder).filter((name) => /(?<!\.test)\.[jt]s$/.test(name))
  const text = files.map((name) => readFileSync(join(folder, name), 'utf8')).join('\n')
  return capabilities
    .filter(({ name }) => !new RegExp(`(rule:\\s*|may\\()['"]${name}['"]`).test(text))
    .map(({ name }) => `It declares the capability ${name}, and no rule asks for it.`)
}

/** Every sample is taken by the real host, and stored as it is. */
async function ofSamples({ manifest }: Plugin, host: TestHost): Promise<string[]> {
  const events = manifest.events ?? []
  const before = host.emitted.length
  for (const event of events) await host.emit(event, event.sample)
  const stored = host.emitted.slice(before)
  const changed = events.filter(
    ({ name, sample }) =>
      !stored.some((one) => one.name === name && JSON.stringify(one.payload) === JSON.stringify(sample)),
  )
  return [
    ...changed.map(({ name }) => `The sample of ${name} is not stored as it is.`),
    ...host.faults.map(({ handler, message }) => `The samples make ${handler} fail: ${message}`),
  ]
}

/** Every page renders with what it loads while nothing is stored yet, under the policy that pages have. */
async function ofPages({ manifest: { slug } }: Plugin, host: TestHost): Promise<string[]> {
  const pages = (await host.host.pages(null)).filter((page) => page.plugin === slug)
  const found = await Promise.all(
    pages.map(async ({ path }) => {
      const html = await host.page(path)
      const wrong = /<script|<style|\sstyle=|\son\w+=|undefined|\[object/i.exec(html)?.[0]
      return [
        ...(wrong === undefined ? [] : [`The page ${path} holds ${wrong}.`]),
        ...(html.includes('<h2') ? [] : [`The page ${path} has no heading <h2>.`]),
      ]
    }),
  )
  return found.flat()
}

/** Uninstalled, it leaves no row in any table, but for the one that keeps it off where it would be on by itself. */
async function ofUninstalling(
  { manifest: { slug, mustUse, defaultActive } }: Plugin,
  { host, engine: { db }, tick }: TestHost,
) {
  if (mustUse) return []
  await db.commit(await host.deactivate(slug))
  await db.commit(await host.uninstall(slug))
  // One step takes what there is, the next one finds that nothing is left.
  await tick()
  await tick()
  const tables = (await db.q.introspection.getTables()).filter(
    ({ name, columns }) =>
      columns.some((column) => column.name === 'slug') && !(defaultActive && name === 'plugin_state'),
  )
  const left = await Promise.all(
    tables.map(async ({ name }) => {
      const { rows } = await sql`select 1 from ${sql.table(name)} where slug = ${slug}`.execute(db.q)
      return rows.length > 0 ? [`Uninstalled, it leaves ${rows.length} rows in ${name}.`] : []
    }),
  )
  return left.flat()
}
