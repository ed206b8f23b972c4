import type { Answer, Post } from '../webhooks/engine.ts'

/** What answers a plugin's requests in a test, in place of the internet. */
export type Outside = (request: Request) => Response | Promise<Response>

/** The seam to the network, led to a function. Ends with the signal, as sockets do. */
export const postTo =
  (outside: Outside | undefined): Post =>
  async ({ url, method = 'POST', headers, body, keep = Infinity, signal }) => {
    if (!outside) throw new Error(`Nobody answers ${url} in this test: give testHost an http.`)
    const list = headers.map(([name, value]): [string, string] => [name, value])
    const request = new Request(url, { method, headers: list, ...(body !== null && { body }) })
    const late = new Promise<null>((resolve) => signal?.addEventListener('abort', () => resolve(null)))
    const response = await Promise.race([outside(request), late])
    if (!response) return noAnswer
    const bytes = new Uint8Array(await response.arrayBuffer())
    return {
      outcome: response.ok ? 'ok' : 'http_error',
      status: response.status,
      headers: [...response.headers],
      body: bytes.subarray(0, keep),
      truncated: bytes.length > keep,
      durationMs: 0,
      error: null,
    }
  }

const noAnswer: Answer = {
  outcome: 'timeout',
  status: null,
  headers: [],
  body: new Uint8Array(),
  truncated: false,
  durationMs: 0,
  error: null,
}
