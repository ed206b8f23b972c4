import { Webhook } from 'standardwebhooks'
import { expect, test } from 'vitest'
import { HOUR, MINUTE } from '../../../../server/lib/clock.ts'
import { purge } from '../../../../server/webhooks/retention.ts'
import { plainSigning } from '../../../../server/webhooks/sign.ts'
import { testApp } from '../../../support/app.ts'
import { fillIn, wordsOf } from '../../../support/form.ts'
import { startReceiver } from '../../../support/receiver.ts'

const NEW = '/network/webhooks/new'
const signed = { url: 'https://books.example/', auth: 'signature', signing: plainSigning } as const
const secretIn = (html: string): string => /whsec_[A-Za-z0-9+/]{32}/.exec(html)?.[0] ?? ''

test('Rotate signature shows the new secret once, keeps what was typed, and both sign meanwhile', async () => {
  const receiver = await startReceiver()
  const app = await testApp()
  const admin = await app.login()
  const path = `/network/webhooks/${await app.webhook({ ...signed, url: receiver.url })}`
  const first = secretIn((await admin.post(`${path}/secret`)).html)
  const form = fillIn((await admin.get(path)).html, 'webhook', { name: 'Typed', overlap_hours: '1' })
  const rotated = await admin.post(`${path}/rotate`, form)
  const second = secretIn(rotated.html)
  expect([second === '', second === first]).toEqual([false, false])
  expect(wordsOf(rotated.html)).toContain('Signature rotated. Give the new one to the receiver.')
  expect(secretIn((await admin.get(path)).html)).toBe('')
  expect(wordsOf((await admin.get(path)).html)).toContain('the one before signs each request too.')
  const typed = fillIn(rotated.html, 'webhook')
  expect(typed.get('name')).toBe('Typed')
  expect((await admin.post(path, typed)).status).toBe(303)
  await app.emit()
  await app.deliver()
  const [request] = await receiver.waitFor(1)
  for (const secret of [first, second])
    expect(new Webhook(secret).verify(request?.body ?? '', { ...request?.headers })).toBeTruthy()

  // The page that was made before it does nothing a second time.
  const again = await admin.post(`${path}/rotate`, form)
  expect(again.status).toBe(409)
  expect(wordsOf(again.html)).toContain('The signature was not rotated.')
  expect(secretIn((await admin.post(`${path}/secret`)).html)).toBe(second)
  const audit = await app.deps.db.q.selectFrom('audit').selectAll().execute()
  expect(audit.filter(({ action }) => action === 'webhook.secret_rotated').map(({ after }) => after)).toEqual([
    '{"overlap_hours":1}',
  ])
  expect(JSON.stringify(audit)).not.toContain('whsec_')
})

test('a rotation asks for the password when it was typed long ago, and for the right to see secrets', async () => {
  const app = await testApp()
  const admin = await app.login()
  const path = `/network/webhooks/${await app.webhook(signed)}`
  const form = fillIn((await admin.get(path)).html, 'webhook')
  app.clock.advance(11 * MINUTE)
  const asked = await admin.post(`${path}/rotate`, form)
  expect(asked.location).toBe(`/confirm-password?next=${encodeURIComponent(path)}`)
  const viewer = await app.login('viewer')
  expect((await viewer.post(`${path}/rotate`, form)).status).toBe(403)
})

test('too many old secrets at once are refused, and one that was never taken is taken by rotating', async () => {
  const app = await testApp()
  const admin = await app.login()
  const path = `/network/webhooks/${await app.webhook({ url: 'https://books.example/' })}`
  await admin.post(path, fillIn((await admin.get(path)).html, 'webhook', { auth: 'signature' }))
  expect(wordsOf((await admin.get(path)).html)).toContain('Nobody has taken the signing secret yet')
  const rotate = async (hours: string) =>
    admin.post(`${path}/rotate`, fillIn((await admin.get(path)).html, 'webhook', { overlap_hours: hours }))
  await rotate('168')
  expect(wordsOf((await admin.get(path)).html)).not.toContain('Nobody has taken the signing secret yet')
  for (let n = 2; n <= 4; n++) expect((await rotate('168')).status).toBe(200)
  const refused = await rotate('168')
  expect(refused.status).toBe(409)
  expect(wordsOf(refused.html)).toContain('Too many old secrets of this webhook still sign.')
  expect((await rotate('0')).status).toBe(200)
  expect((await rotate('168')).status).toBe(200)
})

test('an old secret is forgotten once it has ended', async () => {
  const app = await testApp()
  const admin = await app.login()
  const path = `/network/webhooks/${await app.webhook(signed)}`
  await admin.post(`${path}/rotate`, fillIn((await admin.get(path)).html, 'webhook', { overlap_hours: '1' }))
  const ends = async () => {
    await purge(app.deps)
    const rows = await app.deps.db.q.selectFrom('webhook_secret').select('expires_at').execute()
    return rows.map((row) => row.expires_at).sort()
  }
  expect(await ends()).toEqual([app.clock.now() + HOUR, null])
  app.clock.advance(HOUR)
  expect(await ends()).toEqual([null])
})

test('a pair of keys shows and downloads its public half alone, and sends as soon as it is saved', async () => {
  const app = await testApp()
  const admin = await app.login()
  const fields = { name: 'Books', url: 'https://books.example/in', events: 'payment_received' }
  const pair = { ...fields, auth: 'signature', 'signing.scheme': 'v1a', intent: 'generate' }
  const { html } = await admin.post(NEW, fillIn((await admin.get(NEW)).html, 'webhook', pair))
  const publicKey = /whpk_[A-Za-z0-9+/]{43}=/.exec(html)?.[0]
  const form = fillIn(html, 'webhook')
  const file = JSON.parse((await admin.post(`${NEW}/signature.json`, form)).html) as Record<string, unknown>
  expect(file).toMatchObject({ algorithm: 'Ed25519', scheme: 'standard-webhooks/v1a', publicKey })
  expect(file).not.toHaveProperty('secret')
  const saved = await admin.send(NEW, form)
  expect(wordsOf(saved.html)).toContain('It sends from now on.')
  expect(saved.html).toContain(publicKey)
  expect(html + saved.html).not.toContain('whsk_')
})

test('Basic signs as well when that is ticked', async () => {
  const receiver = await startReceiver()
  const app = await testApp()
  const admin = await app.login()
  const basic = { auth: 'basic', 'auth.username': 'books', 'auth.password': 'opensesame', 'basic.signs': '1' }
  const fields = { name: 'Books', url: receiver.url, events: 'payment_received', 'signing.extra': 'github', ...basic }
  const { html } = await admin.post(
    NEW,
    fillIn((await admin.get(NEW)).html, 'webhook', { ...fields, intent: 'generate' }),
  )
  const form = fillIn(html, 'webhook', { 'auth.password': 'opensesame' })
  expect([form.get('auth'), form.get('basic.signs')]).toEqual(['basic', '1'])
  const shown = await admin.post(NEW, fillIn(html, 'webhook', { intent: 'show' }))
  const made = await admin.post(NEW, form)
  expect(made.status).toBe(303)
  await app.emit()
  await app.deliver()
  const [request] = await receiver.waitFor(1)
  expect(request?.headers['authorization']).toBe(`Basic ${btoa('books:opensesame')}`)
  expect(request?.headers['x-hub-signature-256']).toMatch(/^sha256=[0-9a-f]{64}$/)
  const verifier = new Webhook(secretIn(shown.html))
  expect(verifier.verify(request?.body ?? '', { ...request?.headers })).toBeTruthy()
})
