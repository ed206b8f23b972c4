import { randomBytes } from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import { afterEach, describe, expect, test } from 'vitest'
import { createPost } from '../../../server/node/connect.ts'
import { createNodeSign } from '../../../server/node/sign.ts'
import { jsonLog } from '../../../server/lib/log.ts'
import { UNREACHABLE } from '../../../server/webhooks/outcome.ts'
import { sendAttempt, type Parcel, type SendDeps } from '../../../server/webhooks/send.ts'
import { newSecret, plainSigning } from '../../../server/webhooks/sign.ts'
import { noSecrets } from '../../../server/webhooks/webhook-secrets.ts'
import { startReceiver } from '../../support/receiver.ts'

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

const now = Date.now()
const logged: string[] = []
function deps(more: Partial<SendDeps> = {}): SendDeps {
  const post = createPost({
    rules: () => ({ allow: ['127.0.0.0/8'], ownHosts: [] }),
    resolve: (name) => Promise.reject(new Error(`${name} has no address.`)),
  })
  closing.push(post.close)
  return {
    clock: () => now,
    random: (length) => new Uint8Array(length).fill(7),
    post,
    publicUrl: () => 'https://hooks.example.net',
    version: '1.2.3',
    log: jsonLog(
      'debug',
      () => now,
      (line) => logged.push(line),
    ),
    ...more,
  }
}
async function receiver(...args: Parameters<typeof startReceiver>) {
  const started = await startReceiver(...args)
  closing.push(started.stop)
  return started
}
const v1 = JSON.stringify(plainSigning)
const parcel = (url: string, more: Partial<Parcel> = {}): Parcel => ({
  delivery: 'dlv_1',
  event: { id: 'evt_1', type: 'payment_received', site: 'main', hops: 0, trace: null },
  webhook: webhook(url),
  secrets: noSecrets,
  body: '{"a":"ü"}',
  format: 'standard',
  number: 1,
  test: false,
  redelivery: false,
  ...more,
})
const webhook = (url: string, more: Partial<Parcel['webhook']> = {}): Parcel['webhook'] => ({
  url,
  auth: 'none',
  username: '',
  signing: null,
  timeout_seconds: 5,
  ...more,
})

describe('the headers', () => {
  test('are those of the contract, in order', async () => {
    const there = await receiver()
    const attempt = await sendAttempt(deps(), parcel(`${there.url}/hook`, { number: 3 }))
    const seconds = String(Math.floor(now / 1000))
    const wanted = [
      ['content-type', 'application/json'],
      ['user-agent', 'Hookline/1.2.3 (+https://hooks.example.net)'],
      ['webhook-id', 'evt_1'],
      ['webhook-timestamp', seconds],
      ['hookline-event', 'payment_received'],
      ['hookline-site', 'main'],
      ['hookline-delivery', 'dlv_1'],
      ['hookline-attempt', '3'],
    ]
    expect(attempt).toMatchObject({ startedAt: now, outcome: 'ok', status: 200, requestHeaders: wanted })
    const [request] = there.requests
    expect(request?.rawHeaders.join('\n')).toContain(wanted.flat().join('\n'))
    expect(request?.body).toBe('{"a":"ü"}')
    expect(request?.headers).not.toHaveProperty('authorization')
  })

  test('say where it came from, and what it is', async () => {
    const there = await receiver()
    const event = { id: 'evt_1', type: 'payment_received', site: 'main', hops: 2, trace: null }
    await sendAttempt(deps(), parcel(there.url, { event, test: true, redelivery: true }))
    expect(there.requests[0]?.headers).toMatchObject({
      'hookline-hops': '2',
      'hookline-test': '1',
      'hookline-redelivery': '1',
    })
  })

  test('hold user name and password as UTF-8, and the log does not', async () => {
    const there = await receiver()
    const basic = {
      webhook: webhook(there.url, { auth: 'basic', username: 'üser' }),
      secrets: { ...noSecrets, password: 'päss:1' },
    }
    const attempt = await sendAttempt(deps(), parcel(there.url, basic))
    const credentials = there.requests[0]?.headers.authorization?.replace('Basic ', '') ?? ''
    expect(Buffer.from(credentials, 'base64').toString('utf8')).toBe('üser:päss:1')
    expect(attempt.requestHeaders).toContainEqual(['authorization', 'Basic …'])
    expect(JSON.stringify(attempt)).not.toContain(credentials)
  })
})

describe('a signature', () => {
  test.each([
    ['Web Crypto', {}],
    ['Node', { sign: createNodeSign() }],
  ])('by %s holds for each live secret', async (_, more) => {
    const there = await receiver()
    const signing = [newSecret(randomBytes), newSecret(randomBytes)]
    const signed = { webhook: webhook(there.url, { signing: v1 }), secrets: { ...noSecrets, signing } }
    await sendAttempt(deps(more), parcel(there.url, signed))
    const [request] = there.requests
    if (!request) throw new Error('Nothing came.')
    for (const secret of signing) {
      expect(new Webhook(secret).verify(request.body, { ...request.headers })).toEqual({ a: 'ü' })
    }
  })

  test('that cannot be made sends nothing', async () => {
    const there = await receiver()
    const attempt = await sendAttempt(deps(), parcel(there.url, { webhook: webhook(there.url, { signing: v1 }) }))
    expect(attempt).toMatchObject({ outcome: 'unexpected', error: expect.stringContaining('no secret') })
    expect(there.requests).toEqual([])
  })
})

describe('an attempt', () => {
  test('keeps what the receiver said, but not its cookies', async () => {
    const there = await receiver({
      answer: () => ({ status: 500, headers: { 'set-cookie': 'sid=1', 'x-why': 'so' }, body: '<script>\u0000' }),
    })
    const attempt = await sendAttempt(deps(), parcel(there.url))
    expect(attempt).toMatchObject({ outcome: 'http_error', status: 500, truncated: false })
    expect(attempt.responseHeaders).toContainEqual(['x-why', 'so'])
    expect(attempt.responseHeaders).toContainEqual(['set-cookie', '…'])
    expect(new TextDecoder().decode(attempt.body)).toBe('<script>\u0000')
  })

  test('with a header that would smuggle another sends nothing', async () => {
    const there = await receiver()
    const event = { id: 'evt_1', type: 'a\r\nx-admin: 1', site: 'main', hops: 0, trace: null }
    const attempt = await sendAttempt(deps(), parcel(there.url, { event }))
    expect(attempt).toMatchObject({ outcome: 'unexpected', error: expect.stringContaining('hookline-event') })
    expect(there.requests).toEqual([])
  })

  test('never throws: what nobody foresaw is an outcome and a line in the log', async () => {
    const post = () => Promise.reject(new Error('no such luck'))
    expect(await sendAttempt(deps({ post }), parcel('https://example.com/'))).toMatchObject({ outcome: 'unexpected' })
    expect(logged.at(-1)).toContain('no such luck')
  })

  test('to an address inside is blocked', async () => {
    expect(await sendAttempt(deps(), parcel('http://10.0.0.1/'))).toMatchObject({ outcome: 'blocked', status: null })
  })

  test('of a test event tells refused, blocked and unknown receivers by one sentence', async () => {
    const there = await receiver()
    await there.stop()
    const urls = [there.url, 'http://10.0.0.1/', 'http://nowhere.example/']
    for (const url of urls) {
      expect(await sendAttempt(deps(), parcel(url, { test: true }))).toMatchObject({
        outcome: 'connect',
        error: UNREACHABLE,
      })
    }
  })
})
