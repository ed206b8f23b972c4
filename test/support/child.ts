import { spawn } from 'node:child_process'
import { once } from 'node:events'

const ROOT = new URL('../..', import.meta.url)

/** A server in a process of its own, as people start it. */
export interface Child {
  readonly pid: number | undefined
  kill(signal: NodeJS.Signals): void
  /** All that it wrote so far, on both streams. */
  output(): string
  /** Where it listens. Rejects with its output when it ends before. */
  readonly url: Promise<string>
  /** How it ended: an exit code, or the name of a signal. */
  readonly ended: Promise<number | string>
}

/** `command` is started in the repository, or in a copy of it; of this process's environment only what finding programs takes goes along. */
export function startChild(
  env: Readonly<Record<string, string>>,
  [program, ...args]: readonly [string, ...string[]] = [process.execPath, 'server/node/main.ts'],
  cwd: string | URL = ROOT,
): Child {
  const { PATH = '', HOME = '' } = process.env
  const child = spawn(program, args, { cwd, env: { PATH, HOME, PORT: '0', ...env } })
  let output = ''
  const url = Promise.withResolvers<string>()
  url.promise.catch(() => {}) // whoever starts a child that should fail does not look
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
      const address = /^Hookline listens on (\S+)$/m.exec(output)?.[1]
      if (address !== undefined) url.resolve(address)
    })
  }
  const ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | string)
  void ended.then((how) => url.reject(new Error(`The server ended (${how}) before it listened:\n${output}`)))
  return { pid: child.pid, kill: (signal) => void child.kill(signal), output: () => output, url: url.promise, ended }
}
