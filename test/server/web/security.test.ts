import { Hono } from 'hono'
import { describe, expect, test } from 'vitest'
import { AppError } from '../../../server/lib/errors.ts'
import type { C, Env } from '../../../server/web/env.ts'
import { clientAddress, hostCheck, sameOriginOnly, securityHeaders, type Reach } from '../../../server/web/security.ts'

const LOOPBACK: Reach = { host: '127.0.0.1', publicUrl: null }
const PUBLIC: Reach = { host: '0.0.0.0', publicUrl: 'https://hooks.example.com' }
const BEHIND: Reach = { host: '127.0.0.1', publicUrl: 'https://hooks.example.com' }

function site(reach: Reach): Hono<Env> {
  const app = new Hono<Env>()
  app.use(securityHeaders(reach), hostCheck(reach), sameOriginOnly(reach))
  app.onError((error, c) => c.text(error.message, error instanceof AppError ? error.status : 500))
  app.get('/kept', (c) => c.text('kept', 200, { 'cache-control': 'max-age=60', 'referrer-policy': 'no-referrer' }))
  app.all('*', (c) => c.text('done'))
  return app
}

const ask = (reach: Reach, path: string, headers: Record<string, string>, method = 'GET') =>
  site(reach).request(path, { method, headers: { host: 'localhost:3000', ...headers } })

describe('a form', () => {
  test.each<[string, Reach, Record<string, string>, number]>([
    ['from our own page', LOOPBACK, { 'sec-fetch-site': 'same-origin' }, 200],
    ['from another site', LOOPBACK, { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }, 403],
    ['from a sister domain', PUBLIC, { 'sec-fetch-site': 'same-site', origin: 'https://blog.example.com' }, 403],
    ['typed by hand, as a browser would never do', LOOPBACK, { 'sec-fetch-site': 'none' }, 403],
    ['without a word about where it comes from', LOOPBACK, {}, 403],
    ['with the origin of the host on loopback', LOOPBACK, { origin: 'http://localhost:3000' }, 200],
    ['with 127.0.0.1 on loopback', LOOPBACK, { host: '127.0.0.1:3000', origin: 'http://127.0.0.1:3000' }, 200],
    ['with another port', LOOPBACK, { origin: 'http://localhost:4000' }, 403],
    ['with a null origin', LOOPBACK, { origin: 'null' }, 403],
    ['with the origin of PUBLIC_URL', PUBLIC, { host: 'hooks.example.com', origin: 'https://hooks.example.com' }, 200],
    [
      'with the Host as origin where PUBLIC_URL is set',
      PUBLIC,
      { host: 'evil.example', origin: 'https://evil.example' },
      403,
    ],
    [
      'with http where PUBLIC_URL has https',
      PUBLIC,
      { host: 'hooks.example.com', origin: 'http://hooks.example.com' },
      403,
    ],
    [
      'with the Host as origin where everybody reaches us',
      { host: '0.0.0.0', publicUrl: null },
      { origin: 'http://localhost:3000' },
      403,
    ],
  ])('%s', async (_, reach, headers, status) => {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      expect((await ask(reach, '/network/webhooks', headers, method)).status).toBe(status)
    }
    expect((await ask(reach, '/network/webhooks', headers)).status).toBe(200)
  })

  test('to the API needs none of it, because the API takes no cookies', async () => {
    expect((await ask(LOOPBACK, '/api/v1/events', {}, 'POST')).status).toBe(200)
    expect((await ask(LOOPBACK, '/apish', {}, 'POST')).status).toBe(403)
  })
})

describe('a request for a name', () => {
  test.each<[Reach, string, number]>([
    [LOOPBACK, 'localhost:3000', 200],
    [LOOPBACK, '127.0.0.1', 200],
    [LOOPBACK, '[::1]:3000', 200],
    [LOOPBACK, 'evil.example', 421],
    [LOOPBACK, 'localhost.evil.example', 421],
    [LOOPBACK, '127.0.0.1.evil.example', 421],
    [LOOPBACK, '', 421],
    [LOOPBACK, 'not a name', 421],
    [{ host: '::1', publicUrl: null }, 'evil.example', 421],
    [{ host: 'localhost', publicUrl: null }, 'evil.example', 421],
    [BEHIND, 'hooks.example.com', 200],
    [BEHIND, 'evil.example', 421],
    [PUBLIC, 'anything.example', 200],
  ])('%j answers to %j with %i', async (reach, host, status) => {
    expect((await ask(reach, '/', { host })).status).toBe(status)
  })
})

describe('every answer', () => {
  test('carries the policy, also when it is an error', async () => {
    for (const answer of [await ask(LOOPBACK, '/', {}), await ask(LOOPBACK, '/', { host: 'evil.example' })]) {
      const policy = answer.headers.get('content-security-policy')
      expect(policy).toContain("default-src 'none'")
      expect(policy).not.toContain('unsafe')
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
      expect(answer.headers.get('referrer-policy')).toBe('same-origin')
      expect(answer.headers.get('cross-origin-opener-policy')).toBe('same-origin')
      expect(answer.headers.get('cache-control')).toBe('no-store')
    }
  })

  test('promises https only where there is https', async () => {
    expect((await ask(LOOPBACK, '/', {})).headers.has('strict-transport-security')).toBe(false)
    expect((await ask(PUBLIC, '/', {})).headers.get('strict-transport-security')).toBe('max-age=31536000')
  })

  test('may be kept, and may send less of a referrer, when it says so itself', async () => {
    const { headers } = await ask(LOOPBACK, '/kept', {})
    expect(headers.get('cache-control')).toBe('max-age=60')
    expect(headers.get('referrer-policy')).toBe('no-referrer')
  })
})

describe('the address of a client', () => {
  test.each<[string | null, number, string]>([
    [null, 0, '192.0.2.1'],
    ['198.51.100.7', 0, '192.0.2.1'],
    ['198.51.100.7', 1, '198.51.100.7'],
    ['6.6.6.6, 198.51.100.7', 1, '198.51.100.7'],
    ['6.6.6.6, 198.51.100.7, 10.0.0.1', 2, '198.51.100.7'],
    ['198.51.100.7', 2, '192.0.2.1'],
    [null, 1, '192.0.2.1'],
    ['unknown', 1, '192.0.2.1'],
    ['198.51.100.7:5123', 1, '198.51.100.7'],
    ['[2001:db8::7]:5123', 1, '2001:db8::7'],
    ['2001:db8::7', 1, '2001:db8::7'],
    ['::ffff:198.51.100.7', 1, '198.51.100.7'],
  ])('behind %j with %i trusted proxies is %s', async (header, trustProxy, address) => {
    const app = new Hono<Env>()
    app.get('/', (c) => c.text(clientAddress(c as C, trustProxy, '::ffff:192.0.2.1')))
    const answer = await app.request('/', { headers: header === null ? {} : { 'x-forwarded-for': header } })
    expect(await answer.text()).toBe(address)
  })
})
