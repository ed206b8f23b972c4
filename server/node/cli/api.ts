import { exit, Stop } from './exit.ts'
import type { Connection } from './connection.ts'

/** What the API answered: as it came, and parsed. */
export interface Answer {
  readonly status: number
  readonly text: string
  readonly value: unknown
}

export type Query = Readonly<Record<string, string | number | boolean | undefined>>

export interface Asked {
  readonly query?: Query
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** Statuses besides 2xx that are an answer and no refusal. */
  readonly takes?: readonly number[]
}

/** Longer than the longest exchange with a receiver that the server waits for. */
const PATIENCE = 60_000

/** Asks the server. A refusal stops the command with the server's own sentences. `path` is whole: `/api/v1/sites`. */
export async function ask(
  connection: Connection,
  method: string,
  path: string,
  { query = {}, body, headers = {}, takes = [] }: Asked = {},
): Promise<Answer> {
  const url = new URL(path, connection.origin)
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) url.searchParams.set(name, String(value))
  }
  const response = await fetchFrom(connection, url, {
    method,
    redirect: 'manual',
    signal: AbortSignal.timeout(PATIENCE),
    headers: {
      ...(connection.key !== null && { authorization: `Bearer ${connection.key}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const text = await response.text()
  const value = parsed(text)
  if (response.status === 204) return { status: 204, text: '', value: null }
  if (!/\bjson\b/.test(response.headers.get('content-type') ?? '') || value === undefined) {
    throw new Stop(exit.unreachable, ...stranger(connection, response))
  }
  if (!response.ok && !takes.includes(response.status)) throw refusal(connection, response.status, value)
  return { status: response.status, text, value }
}

async function fetchFrom({ origin }: Connection, url: URL, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init)
  } catch (error) {
    const { name, cause } = error as Error & { cause?: { code?: string; message?: string } }
    if (name === 'TimeoutError') throw new Stop(exit.unreachable, `${origin} did not answer within a minute.`)
    const why = cause?.code ?? cause?.message ?? String(error)
    throw new Stop(
      exit.unreachable,
      `${origin} cannot be reached (${why}). Is the server running? --url says which one.`,
    )
  }
}

/** Something answers, but it is no Hookline, or not at this address. */
function stranger({ origin }: Connection, { status, headers }: Response): string[] {
  const to = headers.get('location')
  if (status >= 300 && status < 400 && to !== null) return [`${origin} leads to ${to}. Say that address with --url.`]
  return [`What answers at ${origin} is no Hookline (status ${status}). --url says which server is meant.`]
}

/** RFC 9457, as far as it is there. */
interface Problem {
  readonly title?: string
  readonly errors?: readonly { readonly path: string; readonly message: string }[]
}

function refusal({ key, keyFrom }: Connection, status: number, value: unknown): Stop {
  const { title = `The server answered with status ${status}.`, errors = [] } = value as Problem
  const lines = [title, ...errors.map(({ path, message }) => `  ${path}: ${message}`)]
  if (status === 401) {
    const key401 =
      key === null
        ? 'There is no key: set HOOKLINE_API_KEY, or name a file with --key-file.'
        : `The key from ${keyFrom} does not open: it is unknown, revoked or expired.`
    return new Stop(exit.refused, key401)
  }
  return new Stop(status === 429 || status === 503 ? exit.later : exit.refused, ...lines)
}

function parsed(text: string): unknown {
  try {
    return text === '' ? null : (JSON.parse(text) as unknown)
  } catch {
    return undefined
  }
}
