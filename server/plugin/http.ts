import { traceHeaders, type Trace } from '../lib/trace.ts'
import type { Answer, Method } from '../webhooks/engine.ts'
import type { Core } from './core.ts'
import type { Http, HttpInit } from './define.ts'
import type { Ready } from './loaded.ts'

/** How much of an answer a plugin gets. More is an error, because half of an answer is worth nothing. */
const MOST_ANSWER = 1024 * 1024
const LONGEST = 30_000

/** What the connection is made of, and an encoding that nobody would undo. */
const NOT_THEIRS =
  /^(?:host|connection|keep-alive|content-length|transfer-encoding|te|trailer|upgrade|expect|accept-encoding|proxy-.*)$/
const BODILESS = new Set([101, 204, 205, 304])

/**
 * The door to the outside of a plugin that declared hosts. `signal` is the handler's: it ends when the handler does. What
 * leaves belongs to `trace`, unless the plugin says otherwise.
 */
export function createHttp(
  { engine }: Core,
  { slug, manifest }: Ready,
  signal: AbortSignal,
  trace: Trace | null = null,
): Http {
  const hosts = manifest.http ?? []
  return {
    async fetch(address, init = {}) {
      const url = URL.parse(String(address))
      if (!url) throw new TypeError(`${String(address)} is no complete address.`)
      if (!hosts.includes('*') && !hosts.includes(url.host)) {
        throw new TypeError(`${slug} may not ask ${url.host}: name it in the manifest's http.`)
      }
      const both = init.signal ? AbortSignal.any([signal, init.signal]) : signal
      both.throwIfAborted()
      const { body, type } = bodyOf(init)
      const answer = await engine.post({
        url: url.href,
        method: methodOf(init),
        headers: headersOf(init, {
          'content-type': type,
          'user-agent': `Hookline/${engine.version} (+${engine.publicUrl()})`,
          ...(new Headers(init.headers).has('traceparent')
            ? {}
            : Object.fromEntries(traceHeaders(trace, engine.random))),
        }),
        body,
        timeoutMs: LONGEST,
        keep: MOST_ANSWER,
        signal: both,
      })
      both.throwIfAborted()
      return responseOf(answer, url.host)
    },
  }
}

function responseOf({ status, headers, body, truncated, outcome }: Answer, host: string): Response {
  if (status === null) throw new TypeError(`${host}: ${reasons[outcome] ?? 'no proper answer came back.'}`)
  if (truncated) throw new TypeError(`${host}: the answer is cut, or has more than ${MOST_ANSWER / 1024} KiB.`)
  const list = headers.map(([name, value]): [string, string] => [name, value])
  return new Response(BODILESS.has(status) ? null : Uint8Array.from(body), { status, headers: list })
}

const reasons: Readonly<Partial<Record<Answer['outcome'], string>>> = {
  timeout: 'it did not answer in time.',
  connect: 'no connection.',
  dns: 'the name has no address.',
  tls: 'its certificate does not hold for this name.',
  blocked: 'this address may not be called from here; it has to be public, or be named in OUTBOUND_ALLOW.',
}

const METHODS: readonly Method[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

function methodOf({ method = 'GET' }: HttpInit): Method {
  const known = METHODS.find((one) => one === method.toUpperCase())
  if (!known) throw new TypeError(`${method} is not a method here.`)
  return known
}

function bodyOf(init: HttpInit): { body: string | Uint8Array<ArrayBuffer> | null; type: string | null } {
  const { body = null } = init
  if (body !== null && /^(GET|HEAD)$/.test(methodOf(init))) throw new TypeError('A GET or HEAD has no body.')
  if (body instanceof URLSearchParams) return { body: body.toString(), type: 'application/x-www-form-urlencoded' }
  return { body, type: typeof body === 'string' ? 'text/plain;charset=UTF-8' : null }
}

/** What the plugin gave, and of `usual` what it did not. */
function headersOf(init: HttpInit, usual: Readonly<Record<string, string | null>>): [string, string][] {
  const headers = new Headers([...new Headers(init.headers)].filter(([name]) => !NOT_THEIRS.test(name)))
  for (const [name, value] of Object.entries(usual)) {
    if (value !== null && !headers.has(name)) headers.set(name, value)
  }
  return [...headers]
}
