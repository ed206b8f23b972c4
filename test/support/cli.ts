import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'

const ENTRY = new URL('../../server/node/hookline.js', import.meta.url).pathname

/** How a command ended, and what it wrote on each stream. */
export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs `hookline` as a process of its own. `env` is all of the environment that it sees besides PATH. */
export async function hookline(args: readonly string[], { env = {}, stdin = '', node = [] }: Given = {}): Promise<Ran> {
  const child = spawn(process.execPath, [...node, ENTRY, ...args], { env: { PATH: process.env['PATH'], ...env } })
  child.stdin.on('error', () => {}) // it may end before it has read
  child.stdin.end(stdin)
  const [[code], out, err] = await Promise.all([
    once(child, 'close') as Promise<[number]>,
    text(child.stdout),
    text(child.stderr),
  ])
  return { code, out, err }
}

interface Given {
  readonly env?: Readonly<Record<string, string>>
  readonly stdin?: string
  /** Options of Node itself. */
  readonly node?: readonly string[]
}
