import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'

/** Every file below `folder` whose name ends in one of `ends`, as sorted paths from `root` with forward slashes. */
export function filesBelow(root: string, folder: string, ends: readonly string[]): string[] {
  const start = join(root, folder)
  if (!existsSync(start)) return []
  return readdirSync(start, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && ends.some((end) => entry.name.endsWith(end)))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort()
}

export const read = (root: string, path: string): string => readFileSync(join(root, path), 'utf8')

/** Writes only what differs, and by renaming, so that neither a watcher nor a second build meets half a file. */
export function write(root: string, path: string, text: string): void {
  const target = join(root, path)
  if (existsSync(target) && readFileSync(target, 'utf8') === text) return
  mkdirSync(dirname(target), { recursive: true })
  const draft = `${target}.${process.pid}`
  writeFileSync(draft, text)
  renameSync(draft, target)
}

/** The first letters of a SHA-256, enough to tell two versions of a file apart. */
export const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 12)

/** Changes when one of the files is added, removed or touched. */
export function stampOf(root: string, paths: readonly string[]): string {
  const lines = paths.map((path) => {
    const { mtimeMs, size } = statSync(join(root, path))
    return `${path} ${mtimeMs} ${size}`
  })
  return hashOf(lines.join('\n'))
}
