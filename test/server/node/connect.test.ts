import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { buildConnector } from 'undici'
import { afterEach, describe, expect, test } from 'vitest'
import { createPost } from '../../../server/node/connect.ts'
import type { ConnectorOptions } from '../../../server/node/connector.ts'
import type { OutgoingRequest } from '../../../server/webhooks/engine.ts'
import { sentences } from '../../../server/webhooks/outcome.ts'
import { startReceiver } from '../../support/receiver.ts'
import { startTcp } from '../../support/tcp.ts'

const loopback = { allow: ['127.0.0.0/8'], ownHosts: [] }
const strict = { allow: [], ownHosts: [] }
const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

function poster(options: Partial<ConnectorOptions> = {}) {
  const post = createPost({ rules: () => loopback, ...options })
  closing.push(post.close)
  return post
}
async function receiver(...args: Parameters<typeof startReceiver>) {
  const started = await startReceiver(...args)
  closing.push(started.stop)
  return started
}
async function tcp(talk: (socket: Socket, request: number, onThisSocket: number) => void) {
  const started = await startTcp(talk)
  closing.push(started.stop)
  return started
}
/** Its certificate is for receiver.test. */
async function tls(file = 'tls-cert.pem') {
  const cert = readFileSync(`test/vectors/${file}`, 'utf8')
  const server = createServer({ cert, key: readFileSync('test/vectors/tls-key.pem') }, (_, response) =>
    response.end('ok'),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, cert }
}
/** undici hands a socket to the next request one turn after the answer. */
const socketIsFree = () => new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)))

const to = (url: string, more: Partial<OutgoingRequest> = {}): OutgoingRequest => ({
  url,
  headers: [['content-type', 'application/json']],
  body: '{"a":"ü"}',
  timeoutMs: 5000,
  ...more,
})

describe('a receiver that behaves', () => {
  test('gets the exact bytes and headers, without the fragment', async () => {
    const there = await receiver()
    const headers = [
      ['content-type', 'application/json'],
      ['webhook-id', 'evt_1'],
    ] as const
    const answer = await poster()(to(`${there.url}/hook?x=1#frag`, { headers }))
    expect(answer).toMatchObject({ outcome: 'ok', status: 200, truncated: false, error: null })
    expect(new TextDecoder().decode(answer.body)).toBe('ok')
    const [request] = there.requests
    expect(request).toMatchObject({ method: 'POST', path: '/hook?x=1', body: '{"a":"ü"}' })
    expect(request?.headers).toMatchObject({ 'webhook-id': 'evt_1', 'content-length': '10' })
  })

  test('is asked again over the same socket', async () => {
    const there = await tcp((socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'))
    const post = poster()
    for (let n = 0; n < 3; n++) {
      expect((await post(to(there.url))).outcome).toBe('ok')
      await socketIsFree()
    }
    expect(there.connections()).toBe(1)
  })

  test.each([
    [200, 'ok'],
    [204, 'ok'],
    [299, 'ok'],
    [304, 'redirect'],
    [400, 'http_error'],
    [410, 'http_error'],
    [500, 'http_error'],
  ])('answers %i: %s', async (status, outcome) => {
    const there = await receiver({ answer: () => ({ status, body: status === 204 || status === 304 ? '' : 'text' }) })
    expect(await poster()(to(there.url))).toMatchObject({
      status,
      outcome,
      error: outcome === 'ok' ? null : expect.any(String),
    })
  })

  test('has its header names in lower case', async () => {
    const there = await receiver({ answer: () => ({ status: 503, headers: { 'Retry-After': '7' } }) })
    const answer = await poster()(to(there.url))
    expect(answer.headers).toContainEqual(['retry-after', '7'])
  })
})

describe('a receiver that points elsewhere is not followed', () => {
  test.each([301, 302, 303, 307, 308])('%i', async (status) => {
    const inside = await receiver()
    const there = await receiver({ answer: () => ({ status, headers: { location: inside.url } }) })
    expect(await poster()(to(there.url))).toMatchObject({ outcome: 'redirect', status })
    expect(inside.requests).toEqual([])
    expect(there.requests.length).toBe(1)
  })
})

// What comes of the others stands in test/server/webhooks/hostile.ts, on the whole engine.
describe('a hostile receiver', () => {
  test('that never answers runs out of time', async () => {
    const there = await tcp(() => {})
    const answer = await poster()(to(there.url, { timeoutMs: 60 }))
    expect(answer).toMatchObject({ outcome: 'timeout', status: null, error: sentences.timeout })
    await there.quiet()
  })

  test('with an endless body is cut off after 64 KiB, of which 16 are kept', async () => {
    const there = await tcp((socket) => {
      const chunk = `2000\r\n${'x'.repeat(0x2000)}\r\n`
      const more = () => {
        while (!socket.destroyed && socket.write(chunk)) continue
        socket.once('drain', more)
      }
      socket.write('HTTP/1.1 500 Oops\r\ntransfer-encoding: chunked\r\n\r\n')
      more()
    })
    const answer = await poster()(to(there.url))
    expect(answer).toMatchObject({ outcome: 'http_error', status: 500, truncated: true })
    expect(answer.body.length).toBe(16 * 1024)
    await there.quiet()
  })

  test('with a body of exactly 16 KiB is kept whole, with one byte more it is cut', async () => {
    const there = await receiver({ answer: (_, n) => ({ body: 'x'.repeat(16 * 1024 + n - 1) }) })
    const post = poster()
    expect(await post(to(there.url))).toMatchObject({ truncated: false })
    expect(await post(to(there.url))).toMatchObject({ truncated: true })
  })

  test('that sends a few 103 first is heard out', async () => {
    const early = 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n'
    const there = await tcp((socket) =>
      socket.write(`${early}${early}HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n`),
    )
    expect(await poster()(to(there.url))).toMatchObject({ outcome: 'ok', status: 201 })
  })

  test('that closes the kept socket as the request comes gets it once more', async () => {
    const there = await tcp((socket, _, onThisSocket) => {
      if (onThisSocket === 1) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')
      else socket.resetAndDestroy()
    })
    const post = poster()
    expect((await post(to(there.url))).outcome).toBe('ok')
    await socketIsFree()
    expect((await post(to(there.url))).outcome).toBe('ok')
    expect(there.requests()).toBe(3)
  })

  test('cannot cut the answer of another: a bad answer ends its socket', async () => {
    const there = await tcp((socket, n) => {
      socket.write(
        n === 1
          ? 'HTTP/1.1 204 No Content\r\ncontent-length: 2\r\n\r\nHTTP/1.1 500 Forged\r\n\r\n'
          : 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n',
      )
    })
    const post = poster()
    expect(await post(to(there.url))).toMatchObject({ status: 204 })
    await socketIsFree()
    expect(await post(to(there.url))).toMatchObject({ status: 200 })
  })
})

describe('no receiver', () => {
  test('behind a closed port: connect', async () => {
    const there = await receiver()
    await there.stop()
    expect(await poster()(to(there.url))).toMatchObject({ outcome: 'connect', status: null, error: sentences.connect })
  })
  test('under a name that does not resolve: dns', async () => {
    const resolve = () => Promise.reject(new Error('ENOTFOUND'))
    expect(await poster({ resolve })(to('http://nowhere.test/'))).toMatchObject({ outcome: 'dns', status: null })
  })
  test('with a certificate of its own making: tls', async () => {
    const there = await tls()
    expect(await poster()(to(there.url))).toMatchObject({ outcome: 'tls', status: null, error: sentences.tls })
  })
  test('whose certificate is of another name, or has expired: tls', async () => {
    const there = await tls()
    const options = { ca: there.cert, resolve: async () => ['127.0.0.1'] }
    expect(await poster(options)(to(there.url.replace('127.0.0.1', 'other.test')))).toMatchObject({ outcome: 'tls' })
    const expired = await tls('tls-expired.pem')
    const late = { ...options, ca: expired.cert }
    expect(await poster(late)(to(expired.url.replace('127.0.0.1', 'receiver.test')))).toMatchObject({ outcome: 'tls' })
    const right = await poster(options)(to(there.url.replace('127.0.0.1', 'receiver.test')))
    expect(right).toMatchObject({ outcome: 'ok', status: 200 })
  })
})

describe('the guard', () => {
  const vectors = JSON.parse(readFileSync('test/vectors/ssrf.json', 'utf8')) as {
    readonly refuse: readonly string[]
    readonly allow: readonly string[]
    readonly dns: Readonly<Record<string, readonly string[] | string>>
  }
  const dialled: string[] = []
  const dial: buildConnector.connector = (target, callback) => {
    dialled.push(target.hostname)
    callback(new Error('This test dials nobody.'), null)
  }
  afterEach(() => {
    dialled.length = 0
  })

  test('dials nobody for a URL that is refused', async () => {
    const post = poster({ dial, rules: () => strict, resolve: async () => ['127.0.0.1'] })
    for (const url of vectors.refuse)
      expect(await post(to(url))).toMatchObject({ outcome: 'blocked', error: sentences.blocked })
    expect(dialled).toEqual([])
  })

  test('dials nobody when a name leads to an address of IPv4 in the clothes of IPv6', async () => {
    const next = (
      (state: number) => () =>
        (state = (state * 48271) % 2147483647) % 65536
    )(20260719)
    const dresses = ['::ffff:', '::', '::ffff:0:', '64:ff9b::', '2002:', '2001:0:']
    let answer = ''
    const post = poster({ dial, rules: () => strict, resolve: async () => [answer] })
    for (let n = 0; n < 1200; n++) {
      const dress = dresses[n % dresses.length] ?? ''
      answer = `${dress}${next().toString(16)}:${next().toString(16)}${dress.startsWith('200') ? '::1' : ''}`
      expect(await post(to('http://dressed.test/')), answer).toMatchObject({ outcome: 'blocked' })
    }
    expect(dialled).toEqual([])
  })

  test('dials what a URL that is allowed says', async () => {
    const post = poster({ dial, rules: () => strict, resolve: async () => ['93.184.216.34'] })
    for (const url of vectors.allow)
      expect(await post(to(url))).toMatchObject({ outcome: expect.stringMatching(/connect|tls/) })
    expect(dialled.length).toBe(vectors.allow.length)
    expect(dialled).toContain('2606:2800:220:1::1')
  })

  test('refuses a name when any of its addresses is inside, and dials none of them', async () => {
    const answers = vectors.dns
    const resolve = async (name: string) => (Array.isArray(answers[name]) ? (answers[name] as string[]) : [])
    const post = poster({ dial, rules: () => strict, resolve })
    for (const [name, list] of Object.entries(answers)) {
      if (!Array.isArray(list) || name === 'public.test') continue
      expect(await post(to(`http://${name}/`))).toMatchObject({ outcome: 'blocked', error: sentences.blocked })
    }
    expect(dialled).toEqual([])
    await post(to('http://public.test/'))
    expect(dialled).toEqual(['93.184.216.34'])
  })

  test('refuses 500 answers', async () => {
    const post = poster({ dial, rules: () => strict, resolve: async () => Array(500).fill('93.184.216.34') })
    expect(await post(to('http://many.test/'))).toMatchObject({ outcome: 'blocked' })
    expect(dialled).toEqual([])
  })

  test('connects only to an address of the resolution that was checked', async () => {
    let asked = 0
    const resolve = async () => [asked++ === 0 ? '93.184.216.34' : '127.0.0.1']
    const post = poster({ dial, rules: () => strict, resolve })
    await post(to('http://rebind.test/'))
    expect(dialled).toEqual(['93.184.216.34'])
    expect(await post(to('http://rebind.test/'))).toMatchObject({ outcome: 'blocked' })
    expect(dialled).toEqual(['93.184.216.34'])
  })

  test('counts a slow name server in the time of the attempt', async () => {
    const resolve = () => new Promise<string[]>(() => {})
    const answer = await poster({ dial, rules: () => strict, resolve })(to('http://slow.test/', { timeoutMs: 40 }))
    expect(answer).toMatchObject({ outcome: 'timeout' })
    expect(dialled).toEqual([])
  })

  test('keeps the name as Host, and tries the next address when one does not take the connection', async () => {
    const there = await receiver()
    const port = new URL(there.url).port
    const real = buildConnector({})
    const first: buildConnector.connector = (target, callback) => {
      dialled.push(target.hostname)
      if (target.hostname === '127.0.0.1') real(target, callback)
      else callback(new Error('unreachable'), null)
    }
    const post = poster({ dial: first, resolve: async () => ['127.0.0.2', '127.0.0.1'] })
    expect(await post(to(`http://receiver.test:${port}/`))).toMatchObject({ outcome: 'ok' })
    expect(dialled).toEqual(['127.0.0.2', '127.0.0.1'])
    expect(there.requests[0]?.headers.host).toBe(`receiver.test:${port}`)
  })

  test('refuses our own address, also inside OUTBOUND_ALLOW', async () => {
    const there = await receiver()
    const rules = { allow: ['127.0.0.0/8'], ownHosts: [new URL(there.url).host] }
    expect(await poster({ rules: () => rules })(to(there.url))).toMatchObject({ outcome: 'blocked' })
    expect(there.requests).toEqual([])
  })
})
