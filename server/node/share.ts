import { realpathSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { join, resolve, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import { installedPlugins } from './build/installed.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const HOME = pathToFileURL(join(ROOT, 'server/')).href
/** What plugins share with the host: there is one of each, wherever a plugin lies. */
const SHARED = /^(hookline\/plugin(\/test)?|zod(\/.*)?)$/

/** Lets the code in these folders import the host and zod, which lie here and not there. */
export function shareWith(folders: readonly string[]): void {
  const below = folders.map((folder) => pathToFileURL(realpathSync(folder) + sep).href)
  if (below.length === 0) return
  registerHooks({
    resolve: (specifier, context, next) =>
      SHARED.test(specifier) && below.some((folder) => context.parentURL?.startsWith(folder))
        ? next(specifier, { ...context, parentURL: HOME })
        : next(specifier, context),
  })
}

/** The folders of the plugins that npm installed. */
export const installedFolders = (): string[] => installedPlugins(ROOT).map(({ folder }) => join(ROOT, folder))
