import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** The receiver of receiver.ts, in a process of its own. */
export async function startReceiver(): Promise<{ readonly url: string; stop(): void }> {
  const child = fork(new URL('./receiver.ts', import.meta.url))
  const [url] = (await once(child, 'message')) as [string]
  return { url, stop: () => void child.disconnect() }
}

/** A receiver in this process, for times of arrival. What `hangs` names gets no answer. */
export async function startClock(
  arrived: (path: string, body: string, at: number) => void,
  hangs: (path: string) => boolean = () => false,
): Promise<{ readonly url: string; stop(): void }> {
  const server = createServer((request, response) => {
    const at = performance.now()
    const path = request.url ?? ''
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      arrived(path, Buffer.concat(parts).toString(), at)
      if (!hangs(path)) response.end('ok')
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop() {
      server.close()
      server.closeAllConnections()
    },
  }
}
