import { checkAddresses, checkUrl, literalAddress, type Resolve, type UrlRules } from '../webhooks/address.ts'
import type { Answer, OutgoingRequest, Post } from '../webhooks/engine.ts'
import { outcomeOf, MOST_KEPT, MOST_READ, noAnswer } from '../webhooks/outcome.ts'
import type { Clock } from '../lib/clock.ts'

export interface PostOptions {
  readonly rules: () => UrlRules
  readonly resolve: Resolve
  readonly clock: Clock
  readonly fetch?: typeof fetch
}

/**
 * Posts with `fetch`. Weaker than sockets of our own: the name is checked at each attempt, but nothing pins the request
 * to the address that was checked; `global_fetch_strictly_public` stands behind it. What went wrong below HTTP is not
 * told apart either: all of it is `connect`.
 */
export function createPost(options: PostOptions): Post {
  const { rules, resolve, clock } = options
  const send = options.fetch ?? ((input, init) => fetch(input, init))

  return async (request) => {
    const started = clock()
    const checked = checkUrl(request.url, rules())
    if (!checked.ok) return noAnswer('blocked', 0)
    const { url } = checked
    url.hash = ''
    const late = AbortSignal.timeout(request.timeoutMs)
    const signal = request.signal ? AbortSignal.any([late, request.signal]) : late
    try {
      const addresses = await within(signal, addressesOf(url.hostname))
      if (addresses === null) return noAnswer('dns', clock() - started)
      if (!checkAddresses(url.hostname, addresses, rules())) return noAnswer('blocked', clock() - started)
      return await exchange(url, request, signal, started)
    } catch {
      return noAnswer(signal.aborted ? 'timeout' : 'connect', clock() - started)
    }
  }

  async function addressesOf(hostname: string): Promise<readonly string[] | null> {
    const literal = literalAddress(hostname)
    return literal === null ? resolve(hostname).catch(() => null) : [literal]
  }

  async function exchange(url: URL, request: OutgoingRequest, signal: AbortSignal, started: number): Promise<Answer> {
    const { headers, body, method = 'POST', keep = MOST_KEPT } = request
    const response = await send(url, {
      method,
      redirect: 'manual',
      headers: headers.map(([name, value]): [string, string] => [name, value]),
      ...(body !== null && { body }),
      signal,
    })
    const read = await readBody(response, keep)
    return {
      status: response.status,
      headers: [...response.headers],
      ...outcomeOf(response.status),
      ...read,
      durationMs: clock() - started,
    }
  }
}

/** What came of the body before it ended, broke, ran out of time or grew too large. */
async function readBody(response: Response, keep: number): Promise<{ body: Uint8Array; truncated: boolean }> {
  const kept = new Uint8Array(keep)
  let length = 0
  let cut = false
  const reader = response.body?.getReader()
  try {
    while (!cut) {
      const part = await reader?.read()
      if (!part || part.done) break
      if (length < keep) kept.set(part.value.subarray(0, keep - length), length)
      length += part.value.length
      cut = length > Math.max(MOST_READ, keep)
    }
  } catch {
    cut = true
  }
  if (cut) await reader?.cancel().catch(() => {})
  return { body: kept.subarray(0, Math.min(length, keep)), truncated: cut || length > keep }
}

/** The promise, or a rejection as soon as the signal says so. */
const within = <T>(signal: AbortSignal, promise: Promise<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
    promise.then(resolve, reject)
  })
