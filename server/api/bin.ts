import type { Deps } from '../deps.ts'
import { catchAt, MOST_KEPT, wait, type Caught } from '../webhooks/bins/catch.ts'
import type { C } from '../web/env.ts'
import type { Handlers } from './handlers.ts'

/** Whatever is sent to a bin by somebody else; our own webhooks reach it from inside. Nobody is asked who they are. */
export const binCatchRoutes = (deps: Deps): Handlers => ({
  'ALL /bin/:token': async (c) => {
    const reply = await catchAt(deps, c.req.param('token') ?? '', await caught(c))
    if (!reply) return plain('There is no such bin.\n', 404)
    await wait(reply.waitMs)
    return plain(reply.body, reply.status, reply.headers)
  },
})

async function caught(c: C): Promise<Caught> {
  const { method, headers, url, body } = c.req.raw
  return {
    method,
    query: new URL(url).search.slice(1),
    headers: [...headers],
    body: body ? await firstOf(body, MOST_KEPT + 1) : new Uint8Array(),
  }
}

/** The first bytes of a body; what comes behind them is never read. */
async function firstOf(stream: ReadableStream<Uint8Array>, most: number): Promise<Uint8Array> {
  const whole = new Uint8Array(most)
  let size = 0
  const reader = stream.getReader()
  for (let read = await reader.read(); !read.done && size < most; read = await reader.read()) {
    const part = read.value.subarray(0, most - size)
    whole.set(part, size)
    size += part.byteLength
  }
  if (size === most) await reader.cancel()
  return whole.subarray(0, size)
}

/** Always the same plain text under a policy that lets it do nothing, whatever was sent here. */
const plain = (text: string, status: number, headers: readonly (readonly [string, string])[] = []): Response =>
  new Response(text === '' ? null : text, {
    status,
    headers: [
      ['content-type', 'text/plain; charset=utf-8'],
      ['content-security-policy', 'sandbox'],
      ['referrer-policy', 'no-referrer'],
      ...headers.map(([name, value]): [string, string] => [name, value]),
    ],
  })
