import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  export interface ProvidedContext {
    /** `http://127.0.0.1:<port>` of a receiver that tests in workerd, which cannot listen, share with those on Node. */
    receiver: string
  }
}

/** One request as the receiver keeps it. */
export interface Kept {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/**
 * A receiver for both runtimes, driven by its address alone: `POST /box/<name>?answers=500,500,200` keeps the request and
 * answers with the next status of the list (the last one from then on); `GET /box/<name>` gives what was kept, as JSON.
 */
export default async function receiverServer(project: TestProject): Promise<() => void> {
  const boxes = new Map<string, Kept[]>()
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://receiver.test')
    const box = boxes.get(url.pathname) ?? []
    boxes.set(url.pathname, box)
    if (request.method === 'GET') {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(box))
      return
    }
    void bodyOf(request).then((body) => {
      box.push({
        headers: Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)])),
        body,
      })
      const answers = (url.searchParams.get('answers') ?? '200').split(',')
      response.writeHead(Number(answers[box.length - 1] ?? answers.at(-1))).end('taken')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  project.provide('receiver', `http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  return () => {
    server.close()
    server.closeAllConnections()
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of request) chunks.push(chunk as Uint8Array)
  return Buffer.concat(chunks).toString('utf8')
}
