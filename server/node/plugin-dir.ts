import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ConfigError } from '../config.ts'
import { sentenceOf, type Registry } from '../plugin/loaded.ts'
import { addTexts, locales } from '../web/i18n.ts'
import { addTemplate } from '../web/render.ts'
import { entriesOf } from './build/catalogs.ts'
import { filesBelow } from './build/files.ts'
import { compileTemplate } from './build/templates.ts'
import { alsoWatch } from './dev.ts'
import { shareWith } from './share.ts'

const ENTRIES = ['plugin.ts', 'plugin.js', 'plugin.mjs']

/**
 * The plugins of PLUGIN_DIR, each a folder with a plugin.ts or plugin.js, not loaded yet. Nothing that is wrong with one
 * reaches another, or the start: it is thrown when that plugin is loaded. Throws ConfigError if there is no such folder.
 */
export function readPluginDir(dir: string): Registry {
  if (!existsSync(dir) || !statSync(dir).isDirectory())
    throw new ConfigError([
      `PLUGIN_DIR is ${JSON.stringify(dir)}, and that is no folder; it has to be one, with plugins in it.`,
    ])
  const home = realpathSync(dir)
  shareWith([home])
  const found = readdirSync(home)
    .sort()
    .flatMap((slug) => {
      const entry = ENTRIES.map((name) => join(home, slug, name)).find((path) => existsSync(path))
      return entry === undefined ? [] : [[slug, entry] as const]
    })
  return Object.fromEntries(
    found.map(([slug, entry]) => [
      slug,
      async () => {
        takeAlong(home, slug)
        return (await import(pathToFileURL(entry).href)) as Awaited<ReturnType<Registry[string]>>
      },
    ]),
  )
}

/** The templates and translations beside the plugin. */
function takeAlong(home: string, slug: string): void {
  alsoWatch(filesBelow(home, slug, ['.eta', '.po']).map((path) => join(home, path)))
  for (const path of filesBelow(home, slug, ['.eta'])) {
    const name = `@${path.slice(0, -'.eta'.length)}`
    try {
      addTemplate(name, compileTemplate(readFileSync(join(home, path), 'utf8')))
    } catch (cause) {
      throw new Error(`${relative(slug, path)} cannot be compiled: ${sentenceOf(cause)}`, { cause })
    }
  }
  for (const locale of locales) {
    for (const path of filesBelow(home, slug, [`${locale}.po`]))
      addTexts(locale, entriesOf(readFileSync(join(home, path), 'utf8')))
  }
}
