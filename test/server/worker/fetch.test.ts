import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, test } from 'vitest'
import type { OutgoingRequest } from '../../../server/webhooks/engine.ts'
import { sentences } from '../../../server/webhooks/outcome.ts'
import { createPost, type PostOptions } from '../../../server/worker/fetch.ts'
import { startReceiver } from '../../support/receiver.ts'
import { startTcp } from '../../support/tcp.ts'

const loopback = { allow: ['127.0.0.0/8'], ownHosts: [] }
const strict = { allow: [], ownHosts: [] }
const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

const poster = (options: Partial<PostOptions> = {}) =>
  createPost({
    rules: () => loopback,
    resolve: () => Promise.reject(new Error('ENOTFOUND')),
    clock: () => performance.now(),
    ...options,
  })
const to = (url: string, timeoutMs = 5000): OutgoingRequest => ({
  url,
  headers: [
    ['content-type', 'application/json'],
    ['webhook-id', 'evt_1'],
  ],
  body: '{"a":"ü"}',
  timeoutMs,
})
async function receiver(...args: Parameters<typeof startReceiver>) {
  const started = await startReceiver(...args)
  closing.push(started.stop)
  return started
}
async function tcp(...args: Parameters<typeof startTcp>) {
  const started = await startTcp(...args)
  closing.push(started.stop)
  return started
}

describe('over fetch', () => {
  test('a receiver gets the exact bytes and headers', async () => {
    const there = await receiver()
    expect(await poster()(to(`${there.url}/hook?x=1#frag`))).toMatchObject({ outcome: 'ok', status: 200, error: null })
    expect(there.requests[0]).toMatchObject({ method: 'POST', path: '/hook?x=1', body: '{"a":"ü"}' })
    expect(there.requests[0]?.headers).toMatchObject({ 'content-type': 'application/json', 'webhook-id': 'evt_1' })
  })

  test.each([301, 302, 303, 307, 308])('a redirect is not followed: %i', async (status) => {
    const inside = await receiver()
    const there = await receiver({ answer: () => ({ status, headers: { location: inside.url } }) })
    expect(await poster()(to(there.url))).toMatchObject({ outcome: 'redirect', status })
    expect(inside.requests).toEqual([])
  })

  test('a receiver that never answers runs out of time', async () => {
    const there = await tcp(() => {})
    expect(await poster()(to(there.url, 60))).toMatchObject({ outcome: 'timeout', error: sentences.timeout })
    await there.quiet()
  })

  test('a body that drips is cut, and its head counts', async () => {
    const there = await tcp((socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nabc'))
    const answer = await poster()(to(there.url, 80))
    expect(answer).toMatchObject({ outcome: 'ok', status: 200, truncated: true })
    expect(new TextDecoder().decode(answer.body)).toBe('abc')
    await there.quiet()
  })

  test('of a large body at most 64 KiB are read and 16 kept, also of a gzip bomb', async () => {
    const bomb = gzipSync(Buffer.alloc(10_000_000))
    const there = await receiver({
      answer: (_, n) =>
        n === 1 ? { body: 'x'.repeat(100_000) } : { headers: { 'content-encoding': 'gzip' }, body: bomb },
    })
    for (let n = 0; n < 2; n++) {
      const answer = await poster()(to(there.url))
      expect(answer).toMatchObject({ outcome: 'ok', truncated: true })
      expect(answer.body.length).toBe(16 * 1024)
    }
  })

  test('junk is no answer', async () => {
    const there = await tcp((socket) => socket.end('SSH-2.0-OpenSSH_9.9\r\n\r\n'))
    expect(await poster()(to(there.url))).toMatchObject({ outcome: 'connect', status: null })
  })
})

describe('the guard over fetch', () => {
  const vectors = JSON.parse(readFileSync('test/vectors/ssrf.json', 'utf8')) as {
    readonly refuse: readonly string[]
    readonly dns: Readonly<Record<string, readonly string[] | string>>
  }
  const called: string[] = []
  const fetch: PostOptions['fetch'] = async (input) => {
    called.push(String(input))
    return new Response('ok')
  }
  afterEach(() => {
    called.length = 0
  })

  test('calls nobody for a URL that is refused', async () => {
    const post = poster({ fetch, rules: () => strict, resolve: async () => ['127.0.0.1'] })
    for (const url of vectors.refuse) expect(await post(to(url))).toMatchObject({ outcome: 'blocked' })
    expect(called).toEqual([])
  })

  test('calls nobody for a name that points inside, and whom it may for another', async () => {
    const resolve = async (name: string) => [vectors.dns[name] ?? []].flat()
    const post = poster({ fetch, rules: () => strict, resolve })
    for (const [name, answers] of Object.entries(vectors.dns)) {
      if (!Array.isArray(answers)) continue
      const outcome = name === 'public.test' ? 'ok' : 'blocked'
      expect(await post(to(`http://${name}/`))).toMatchObject({ outcome })
    }
    expect(called).toEqual(['http://public.test/'])
  })

  test('tells a name without an address, and counts a slow name server in the time of the attempt', async () => {
    expect(await poster({ fetch })(to('http://nowhere.test/'))).toMatchObject({ outcome: 'dns' })
    const post = poster({ fetch, resolve: () => new Promise(() => {}) })
    expect(await post(to('http://slow.test/', 40))).toMatchObject({ outcome: 'timeout' })
    expect(called).toEqual([])
  })
})
