import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { read } from './files.ts'

/** A plugin that npm installed: a dependency of ours with the keyword, and with the host among its peers. */
interface Installed {
  readonly slug: string
  readonly name: string
  /** From the root, with forward slashes. */
  readonly folder: string
}

interface PackageJson {
  readonly name?: string
  readonly keywords?: readonly string[]
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

/** Sorted by slug: `hookline-plugin-my-shop` and `@acme/hookline-plugin-my-shop` are `my-shop`. */
export function installedPlugins(root: string): Installed[] {
  const named = (path: string): PackageJson | null =>
    existsSync(join(root, path)) ? (JSON.parse(read(root, path)) as PackageJson) : null
  return Object.keys(named('package.json')?.dependencies ?? {})
    .flatMap((name) => {
      const slug = /(?:^|\/)hookline-plugin-([a-z][a-z0-9-]*)$/.exec(name)?.[1]
      const folder = `node_modules/${name}`
      const about = slug === undefined ? null : named(`${folder}/package.json`)
      if (slug === undefined || !about?.keywords?.includes('hookline-plugin')) return []
      return about.peerDependencies?.['hookline'] === undefined ? [] : [{ slug, name, folder }]
    })
    .sort((a, b) => (a.slug < b.slug ? -1 : 1))
}
