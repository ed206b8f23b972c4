import { filesBelow } from './files.ts'
import { installedPlugins } from './installed.ts'

/** The module that names every plugin in the repository, and every one that npm installed, without loading it. */
export function registryModule(root: string): string {
  const slugs = filesBelow(root, 'plugins', ['plugin.ts'])
    .map((path) => /^plugins\/([a-z][a-z0-9-]*)\/plugin\.ts$/.exec(path)?.[1])
    .filter((slug) => slug !== undefined)
  const own = slugs.map((slug) => [slug, `./${slug}/plugin.ts`] as const)
  const installed = installedPlugins(root).map(({ slug, name }) => [slug, name] as const)
  return `// @ts-nocheck
// Made by server/node/build.ts from plugins/*/plugin.ts and the dependencies of package.json.
export const registry = {
${lines(own)}}

export const installed = {
${lines(installed)}}
`
}

const lines = (list: readonly (readonly [slug: string, from: string])[]): string =>
  list.map(([slug, from]) => `  ${JSON.stringify(slug)}: () => import('${from}'),\n`).join('')
