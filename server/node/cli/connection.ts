import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { exit, Stop } from './exit.ts'

/** Which server a command asks, and as whom. */
export interface Connection {
  /** Without a path or a trailing slash. */
  readonly origin: string
  readonly key: string | null
  /** Where the key came from, for the sentence when it does not open. */
  readonly keyFrom: string
}

/** The options that every command takes, wherever it stands on the line. */
export const withConnection = (program: Command): Command =>
  program
    .option('--url <address>', 'the server (HOOKLINE_URL, else PUBLIC_URL, else http://127.0.0.1:3000)')
    .option('--key-file <file>', 'a file that holds the API key, - for stdin (else HOOKLINE_API_KEY is read)')
    .option('--json', 'print what the API answers, as JSON')

interface Given {
  readonly url?: string
  readonly keyFile?: string
}

export function connectionOf({ url, keyFile }: Given, env: NodeJS.ProcessEnv): Connection {
  const named = url ?? (env['HOOKLINE_URL'] || env['PUBLIC_URL'] || 'http://127.0.0.1:3000')
  const parsed = URL.parse(named)
  if (!parsed || !/^https?:$/.test(parsed.protocol) || parsed.pathname !== '/' || parsed.search || parsed.hash) {
    const right = 'it has to be an http or https address without a path, such as https://hooks.example.com'
    throw new Stop(exit.usage, `The address of the server is "${named}"; ${right}.`)
  }
  return { origin: parsed.origin, ...keyOf(keyFile, env) }
}

/** Never an option by itself: other users of the machine see what stands on a command line. */
function keyOf(file: string | undefined, env: NodeJS.ProcessEnv): Pick<Connection, 'key' | 'keyFrom'> {
  if (file === undefined) return { key: env['HOOKLINE_API_KEY']?.trim() || null, keyFrom: 'HOOKLINE_API_KEY' }
  const key = readInput(file).trim()
  if (!/^[\x21-\x7e]+$/.test(key)) {
    throw new Stop(exit.usage, `${file === '-' ? 'What came on stdin' : file} is no API key; it is one line, hk_….`)
  }
  return { key, keyFrom: file === '-' ? 'stdin' : file }
}

/** A file, or stdin for `-`. */
export function readInput(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8')
  } catch (error) {
    throw new Stop(exit.usage, `${file} cannot be read (${error instanceof Error ? error.message : String(error)}).`)
  }
}
