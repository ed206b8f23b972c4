import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What came in. `headers` has names in lower case, `rawHeaders` is as it was on the wire; `n` counts from 1. */
export interface Received {
  readonly n: number
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly rawHeaders: readonly string[]
  readonly body: string
  readonly at: number
}

export interface Reply {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string | string[]>>
  readonly body?: string | Uint8Array
  readonly delayMs?: number
}

export interface Receiver {
  /** `http://127.0.0.1:<port>`, without a slash at the end. */
  readonly url: string
  readonly requests: readonly Received[]
  /** Resolves as soon as `n` requests are there, with all of them; rejects when they do not come in time. */
  waitFor(n: number, timeoutMs?: number): Promise<readonly Received[]>
  stop(): Promise<void>
}

/** A real receiver on loopback. It answers 200 `ok` unless `answer` says otherwise. */
export async function startReceiver(
  options: {
    readonly port?: number
    readonly answer?: (request: Received, n: number) => Reply | Promise<Reply>
  } = {},
): Promise<Receiver> {
  const requests: Received[] = []
  const waiting = new Set<() => void>()
  const server = createServer((incoming, response) => {
    void receive(incoming, requests.length).then(async (request) => {
      requests.push({ ...request, n: requests.length + 1 })
      for (const look of waiting) look()
      const reply = (await options.answer?.(request, requests.length)) ?? {}
      const send = () => response.writeHead(reply.status ?? 200, { ...reply.headers }).end(reply.body ?? 'ok')
      if (reply.delayMs === undefined) send()
      else setTimeout(send, reply.delayMs).unref()
    })
  })
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    waitFor: (n, timeoutMs = 5000) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (requests.length < n) return
          end()
          resolve(requests)
        }
        const timer = setTimeout(() => {
          end()
          reject(new Error(`${requests.length} of ${n} requests came within ${timeoutMs} ms.`))
        }, timeoutMs)
        const end = () => {
          clearTimeout(timer)
          waiting.delete(look)
        }
        waiting.add(look)
        look()
      }),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function receive(incoming: IncomingMessage, before: number): Promise<Received> {
  const chunks: Uint8Array[] = []
  for await (const chunk of incoming) chunks.push(chunk as Uint8Array)
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(incoming.headersDistinct)) headers[name] = (value ?? []).join(', ')
  return {
    n: before + 1,
    method: incoming.method ?? '',
    path: incoming.url ?? '',
    headers,
    rawHeaders: incoming.rawHeaders,
    body: Buffer.concat(chunks).toString('utf8'),
    at: Date.now(),
  }
}
