import { extname } from 'node:path'
import { filesBelow, hashOf, read } from './files.ts'

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml; charset=utf-8',
}

/** The module with every file of views/assets, so that both runtimes serve the same bytes under the same names. */
export function assetsModule(root: string): string {
  const assets = filesBelow(root, 'views/assets', Object.keys(TYPES)).map((path) => {
    const name = path.slice('views/assets/'.length)
    const end = extname(name)
    const text = read(root, path)
    return [name, { file: `${name.slice(0, -end.length)}.${hashOf(text)}${end}`, type: TYPES[end], text }]
  })
  return `// Made by server/node/build.ts from views/assets.
export interface Asset {
  readonly file: string
  readonly type: string
  readonly text: string
}

export const assets: Readonly<Record<string, Asset>> = ${JSON.stringify(Object.fromEntries(assets), null, 2)}
`
}
