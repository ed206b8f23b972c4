import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const FOLDER = join(import.meta.dirname, '../vectors/recorded')

/** A request as a real program sent it; see the README beside them. */
export interface Recorded {
  readonly name: string
  /** Where its receiver was asked. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Headers that belong to the one connection that they were recorded on. */
const OF_CONNECTION = new Set(['host', 'connection', 'content-length', 'accept-encoding'])

export function recorded(name: string): Recorded {
  const file = JSON.parse(readFileSync(join(FOLDER, `${name}.json`), 'utf8')) as {
    path: string
    headers: [string, string][]
    body: string
  }
  const headers = file.headers
    .map(([header, value]) => [header.toLowerCase(), value] as const)
    .filter(([header]) => !OF_CONNECTION.has(header))
  return { name, path: file.path, headers: Object.fromEntries(headers), body: file.body }
}

/** All recordings of one sender, by the beginning of their names. */
export const recordedBy = (sender: string): readonly Recorded[] =>
  readdirSync(FOLDER)
    .filter((file) => file.startsWith(`${sender}-`) && file.endsWith('.json'))
    .sort()
    .map((file) => recorded(file.slice(0, -'.json'.length)))
