import type { MiddlewareHandler } from 'hono'
import { fail } from '../lib/errors.ts'
import type { C, Env } from './env.ts'

/** Where we listen, and what others call us as it was set (null: they come to the address that we listen on). */
export interface Reach {
  readonly host: string
  readonly publicUrl: string | null
}

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** Their addresses are secrets, and no form stands there. */
const TOKEN_IN_PATH = /^\/(bin|ingest)\//

/**
 * Headers of every answer. A page with a form must not be `no-referrer`: browsers then send `Origin: null` with the form,
 * and where there is neither https nor loopback no `Sec-Fetch-Site` beside it, so that it could not be told from a
 * stranger's. `same-origin` tells others as little. An answer may bring a policy of its own, may be kept, or send even
 * less of a referrer.
 */
export function securityHeaders(reach: Reach): MiddlewareHandler<Env> {
  const https = reach.publicUrl?.startsWith('https:') ?? false
  return async (c, next) => {
    await next()
    const { headers } = c.res
    const unlessSet = (name: string, value: string) => {
      if (!headers.has(name)) headers.set(name, value)
    }
    headers.set('x-content-type-options', 'nosniff')
    headers.set('cross-origin-opener-policy', 'same-origin')
    if (https) headers.set('strict-transport-security', 'max-age=31536000')
    unlessSet('content-security-policy', POLICY)
    unlessSet('referrer-policy', TOKEN_IN_PATH.test(c.req.path) ? 'no-referrer' : 'same-origin')
    unlessSet('cache-control', 'no-store')
  }
}

export const isLoopback = (hostname: string): boolean =>
  hostname === 'localhost' || /^\[?::1\]?$/.test(hostname) || /^127(?:\.\d{1,3}){3}$/.test(hostname)

const hostnameOf = (host: string | undefined): string => URL.parse(`http://${host ?? ''}`)?.hostname ?? ''

/** Bound to loopback, a request for another name comes from a page that bent its own name to us: 421. */
export function hostCheck(reach: Reach): MiddlewareHandler<Env> {
  const ours = reach.publicUrl === null ? null : new URL(reach.publicUrl).hostname
  return async (c, next) => {
    const hostname = hostnameOf(c.req.header('host'))
    if (isLoopback(reach.host) && !isLoopback(hostname) && hostname !== ours) {
      throw fail('misdirected', 'This server answers to localhost and to PUBLIC_URL only.')
    }
    await next()
  }
}

/** What plugins open to everybody is handed no cookie, so there is nothing that another site could make use of. */
const PUBLIC_OF_PLUGINS = /^\/(sites\/[^/]+\/)?plugins\//
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Refuses a form that another site sent: what changes something needs `Sec-Fetch-Site: same-origin`, or an Origin that is
 * ours. The APIs and the addresses of sources are left alone, because they take no cookies.
 */
export function sameOriginOnly(reach: Reach): MiddlewareHandler<Env> {
  return async (c, next) => {
    const ours =
      SAFE.has(c.req.method) ||
      c.req.path.startsWith('/api/') ||
      c.req.path.startsWith('/bin/') ||
      PUBLIC_OF_PLUGINS.test(c.req.path) ||
      c.req.path.startsWith('/wp-json/') ||
      c.req.path.startsWith('/ingest/') ||
      c.req.header('sec-fetch-site') === 'same-origin' ||
      isOurOrigin(reach, c.req.header('origin'), c.req.header('host'))
    if (!ours) {
      throw fail(
        'forbidden',
        'This form was sent from another site, so nothing was done. Open the page here and send it again.',
      )
    }
    await next()
  }
}

/** PUBLIC_URL's origin; while it is unset and only this machine reaches us, the name that the browser itself used. */
function isOurOrigin(reach: Reach, origin: string | undefined, host: string | undefined): boolean {
  if (origin === undefined) return false
  if (reach.publicUrl !== null) return origin === new URL(reach.publicUrl).origin
  return isLoopback(reach.host) && host !== undefined && origin === `http://${host}`
}

const ADDRESS = /^(?:\d{1,3}(?:\.\d{1,3}){3}|[\da-f:]*:[\da-f:]*(?:\d{1,3}(?:\.\d{1,3}){3})?)$/i

/**
 * Whose request this is. Each trusted proxy appends the address that it saw, so the client stands `trustProxy` places
 * from the right; what stands further left anybody may have written. A shorter list did not come through all of them.
 */
export function clientAddress(c: C, trustProxy: number, socketAddress: string): string {
  const list = (c.req.header('x-forwarded-for') ?? '').split(',').map((part) => bare(part.trim()))
  const claimed = trustProxy > 0 ? list.at(-trustProxy) : undefined
  return bare(claimed !== undefined && ADDRESS.test(claimed) ? claimed : socketAddress)
}

/** Without a port, brackets, or the prefix of an IPv4 address in IPv6. */
const bare = (address: string): string =>
  address
    .replace(/^\[(.*)\](?::\d+)?$/, '$1')
    .replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, '$1')
    .replace(/^::ffff:(?=\d+\.)/i, '')
