import { filesBelow } from './files.ts'

/** The module that names every plugin in the repository without loading it. */
export function registryModule(root: string): string {
  const slugs = filesBelow(root, 'plugins', ['plugin.ts'])
    .map((path) => /^plugins\/([a-z][a-z0-9-]*)\/plugin\.ts$/.exec(path)?.[1])
    .filter((slug) => slug !== undefined)
  return `// Made by server/node/build.ts from plugins/*/plugin.ts.
export const registry = {
${slugs.map((slug) => `  ${JSON.stringify(slug)}: () => import('./${slug}/plugin.ts'),\n`).join('')}}
`
}
