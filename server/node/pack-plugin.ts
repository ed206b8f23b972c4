import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { inEnglish } from '../lib/message.ts'
import type { Manifest, Plugin } from '../plugin/define.ts'
import { loadPlugins } from '../plugin/load.ts'
import { version } from '../version.ts'
import { filesBelow, read } from './build/files.ts'

const IMPORT = /(^(?:import|export)\b[^'"=()]*?\bfrom\s*['"]|^import\s*['"]|\bimport\(['"])([^'"]+)/gm
const OUTSIDE = ['hookline/plugin', 'zod']

/**
 * The files of a plugin as a package for npm, by their path in it: JavaScript, because Node strips no types below
 * `node_modules`, and everything that is no TypeScript as it is. Throws a sentence for an import that a package cannot have.
 */
export function packedPlugin(manifest: Manifest, files: ReadonlyMap<string, string>): Readonly<Record<string, string>> {
  const packed = [...files].map(([path, text]) =>
    path.endsWith('.ts') ? [`${path.slice(0, -'.ts'.length)}.js`, javaScript(path, text)] : [path, text],
  )
  return { ...(Object.fromEntries(packed) as Record<string, string>), 'package.json': packageJson(manifest) }
}

function javaScript(path: string, text: string): string {
  return stripTypeScriptTypes(text).replaceAll(IMPORT, (_, before: string, name: string) => {
    if (OUTSIDE.includes(name)) return before + name
    if (!/^\.\/[\w./-]+\.ts$/.test(name) || name.includes('..')) {
      throw new Error(`${path} imports ${name}. A package can import ${OUTSIDE.join(', ')} and its own files.`)
    }
    return `${before}${name.slice(0, -'.ts'.length)}.js`
  })
}

/** Both peers are the host's own. npm is not to fetch the host, which is there: it is what the package is installed in. */
const packageJson = ({ slug, version: own, title, description }: Manifest): string =>
  `${JSON.stringify(
    {
      name: `hookline-plugin-${slug}`,
      version: own,
      description: description ?? title,
      keywords: ['hookline-plugin'],
      type: 'module',
      exports: { '.': './plugin.js', './package.json': './package.json' },
      peerDependencies: { hookline: `>=${version}`, zod: '^4.0.0' },
      peerDependenciesMeta: { hookline: { optional: true } },
    },
    null,
    2,
  )}\n`

/** What keeps a plugin of this repository from running elsewhere, as the host there would say it; null when nothing does. */
async function whyNot(slug: string, plugin: Plugin, files: ReadonlyMap<string, string>): Promise<string | null> {
  const hasTemplate = (name: string) => files.has(`${name.slice(`@${slug}/`.length)}.eta`)
  const deps = { clock: () => 0, limit: 5000, hasTemplate }
  const [loaded] = await loadPlugins({}, { [slug]: () => Promise.resolve({ default: plugin }) }, deps)
  return loaded?.state === 'ready' ? null : inEnglish(loaded?.reason ?? { text: 'It has no default export.' })
}

async function pack(slug: string, root: string): Promise<string> {
  const folder = `plugins/${slug}`
  if (slug === '') throw new Error('Say which plugin to pack: npm run plugin:pack my-shop')
  if (!/^[a-z][a-z0-9-]*$/.test(slug) || !existsSync(join(root, folder, 'plugin.ts')))
    throw new Error(`There is no ${folder}/plugin.ts.`)
  const files = new Map(filesBelow(root, folder, ['']).map((path) => [path.slice(folder.length + 1), read(root, path)]))
  const { default: plugin } = (await import(join(root, folder, 'plugin.ts'))) as { default: Plugin }
  const reason = await whyNot(slug, plugin, files)
  if (reason !== null) throw new Error(`${folder} would not run elsewhere. ${reason}`)
  const target = `packed/${slug}`
  rmSync(join(root, target), { recursive: true, force: true })
  for (const [path, text] of Object.entries(packedPlugin(plugin.manifest, files))) {
    mkdirSync(dirname(join(root, target, path)), { recursive: true })
    writeFileSync(join(root, target, path), text)
  }
  return target
}

if (import.meta.main) {
  try {
    const target = await pack(process.argv[2] ?? '', resolve(import.meta.dirname, '../..'))
    console.log(`Made ${target}. Look at it, then: npm publish ./${target}`)
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error))
    process.exitCode = 1
  }
}
