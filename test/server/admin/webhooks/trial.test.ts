import { Webhook } from 'standardwebhooks'
import { expect, onTestFinished, test } from 'vitest'
import { MINUTE } from '../../../../server/lib/clock.ts'
import { testApp } from '../../../support/app.ts'
import { fillIn, wordsOf } from '../../../support/form.ts'
import { startReceiver, type Reply } from '../../../support/receiver.ts'

const NEW = '/network/webhooks/new'

async function network(reply: () => Reply = () => ({}), env: Record<string, string> = {}) {
  const receiver = await startReceiver({ answer: reply })
  const app = await testApp({ env })
  const admin = await app.login()
  const { html } = await admin.get(NEW)
  return {
    ...app,
    receiver,
    admin,
    form: (fields: Parameters<typeof fillIn>[2]) => fillIn(html, 'webhook', { url: receiver.url, ...fields }),
  }
}

test('before saving: what stands in the form is sent, the exchange is shown, and nothing is saved', async () => {
  const app = await network(() => ({ status: 201, headers: { 'x-answer': '42' }, body: '{"booked":"<b>"}' }))
  const { status, html } = await app.admin.post(
    NEW,
    app.form({
      url: `${app.receiver.url}/in?token=hush`,
      intent: 'test',
      events: ['payment_failed', 'payment_received'],
      format: 'flat',
      auth: 'basic',
      'auth.username': 'books',
      'auth.password': 'opensesame',
    }),
  )
  expect(status).toBe(200)
  const [request] = app.receiver.requests
  expect(request?.headers['authorization']).toBe(`Basic ${btoa('books:opensesame')}`)
  expect(request?.headers['hookline-test']).toBe('1')
  expect(request?.path).toBe('/in?token=hush')
  expect(JSON.parse(request?.body ?? '')).toMatchObject({ type: 'payment_failed', payment_status: 'failed' })
  const words = wordsOf(html)
  expect(words).toMatch(/Test event sent\. 127\.0\.0\.1:\d+ answered 201 Created in /)
  for (const part of ['/in?…', 'webhook-id', 'Basic …', 'x-answer', '42', '"<b>"', 'payment_status'])
    expect(words).toContain(part)
  expect(html).not.toContain('opensesame')
  expect(html).not.toContain('Ym9va3M6')
  expect(fillIn(html, 'webhook').get('auth.username')).toBe('books')
  expect(await app.deps.db.q.selectFrom('webhook').selectAll().execute()).toEqual([])
  expect(
    (await app.deps.db.q.selectFrom('event').select('test').where('type', '=', 'payment_failed').execute())[0]?.test,
  ).toBe(1)
})

test('the event to test with can be chosen', async () => {
  const app = await network()
  await app.admin.post(NEW, app.form({ intent: 'test', events: 'payment_received', test_event: 'greeting_sent' }))
  expect(app.receiver.requests[0]?.headers['hookline-event']).toBe('greeting_sent')
  await app.admin.post(NEW, app.form({ intent: 'test', all_events: '1' }))
  expect(app.receiver.requests).toHaveLength(2)
})

test('a test with a generated signature verifies, before and after saving', async () => {
  const app = await network()
  const events = 'payment_received'
  const early = await app.admin.post(NEW, app.form({ name: 'Books', intent: 'test', events, auth: 'signature' }))
  expect(early.status).toBe(422)
  expect(wordsOf(early.html)).toContain('The test event was not sent. Please correct one thing:')
  expect(wordsOf(early.html)).toContain('Generate a signature first, so that there is a secret to sign the test with.')
  const generated = await app.admin.post(
    NEW,
    app.form({ name: 'Books', intent: 'generate', events, auth: 'signature' }),
  )
  const form = fillIn(generated.html, 'webhook')
  const { secret } = JSON.parse((await app.admin.post(`${NEW}/signature.json`, form)).html) as { secret: string }
  await app.admin.post(NEW, fillIn(generated.html, 'webhook', { intent: 'test' }))
  const saved = await app.admin.post(NEW, form)
  await app.admin.post(`${saved.location}/test`, {})
  expect(app.receiver.requests).toHaveLength(2)
  for (const { body, headers } of app.receiver.requests)
    expect(new Webhook(secret).verify(body, { ...headers })).toMatchObject({ type: 'payment_received' })
})

test('from the list it is sent as saved, from the form as typed', async () => {
  const app = await network()
  const path = `/network/webhooks/${await app.webhook({ url: `${app.receiver.url}/saved` })}`
  const back = '/network/webhooks?state=active'
  const { html, status } = await app.admin.post(`${path}/test`, { back, action: '', id: 'whk_x' })
  expect(status).toBe(200)
  expect(wordsOf(html)).toContain('Test of Order desk')
  // Back to the list with its filters, or to the event type that it was sent from.
  expect(html).toContain('href="/network/webhooks?state=active"')
  expect(wordsOf(html)).toContain('The same as a curl command')
  const type = '/network/event-types/payment_received'
  const ofType = await app.admin.post(`${path}/test`, { test_event: 'payment_received', back: type })
  expect(ofType.html).toContain(`<a href="${type}">`)
  const page = await app.admin.get(path)
  const typed = fillIn(page.html, 'webhook', { url: `${app.receiver.url}/typed`, name: '' })
  expect((await app.admin.post(`${path}/test`, typed)).status).toBe(200)
  expect(app.receiver.requests.map((request) => request.path)).toEqual(['/saved', '/saved', '/typed'])
})

test('stored credentials are never sent to another address than the one they were given for', async () => {
  const app = await network()
  const other = await startReceiver()
  onTestFinished(() => other.stop())
  const headers = [['x-api-key', 'sesame']] as const
  const basic = { auth: 'basic', username: 'books', password: 'opensesame', headers } as const
  const bearer = { auth: 'bearer', token: 'a-stored-token' } as const
  for (const stored of [basic, bearer]) {
    const path = `/network/webhooks/${await app.webhook({ url: `${app.receiver.url}/in`, ...stored })}`
    const { html } = await app.admin.get(path)
    const elsewhere = await app.admin.post(`${path}/test`, fillIn(html, 'webhook', { url: `${other.url}/in` }))
    expect(elsewhere.status).toBe(422)
    const told = wordsOf(elsewhere.html).match(/What is stored here goes to http:\/\/127\.0\.0\.1:\d+ only\./g) ?? []
    // Beside each field, and once more in the list of what is to be put right.
    expect(new Set(told).size).toBe(1)
    expect(told.length).toBeGreaterThanOrEqual(stored === basic ? 2 : 1)
    // Another path of the same host is the same receiver.
    await app.admin.post(`${path}/test`, fillIn(html, 'webhook', { url: `${app.receiver.url}/else` }))
  }
  expect(other.requests).toEqual([])
  expect(app.receiver.requests.map(({ path, headers }) => [path, headers['authorization']])).toEqual([
    ['/else', `Basic ${btoa('books:opensesame')}`],
    ['/else', 'Bearer a-stored-token'],
  ])

  const path = `/network/webhooks/${await app.webhook({ url: app.receiver.url, ...bearer })}`
  const { html } = await app.admin.get(path)
  await app.admin.post(`${path}/test`, fillIn(html, 'webhook', { url: other.url, 'auth.token': 'typed-again' }))
  expect(other.requests[0]?.headers['authorization']).toBe('Bearer typed-again')
})

test.each([
  [503, 'The receiver did not take the test event. The receiver answered 503 Service Unavailable.'],
  [401, 'compare user name, password or signature'],
  [302, 'Redirects are never followed'],
  [410, 'At a real event this answer would switch the webhook off.'],
])('%i is no success, and the page says what to do', async (status, words) => {
  const app = await network(() => ({ status, headers: { location: 'https://else.example/' } }))
  const { html } = await app.admin.post(NEW, app.form({ intent: 'test', events: 'payment_received' }))
  expect(wordsOf(html)).toContain(words)
  expect(html).toContain('role="alert"')
})

test('no test tells a name that is blocked from one that is not there', async () => {
  const app = await network()
  const sentences = new Set<string>()
  for (const url of ['http://127.0.0.1:1024/', 'https://nobody.invalid/']) {
    const { html } = await app.admin.post(NEW, app.form({ url, intent: 'test', events: 'payment_received' }))
    sentences.add(/The test event did not arrive\.(.*?)\. See/.exec(wordsOf(html))?.[1] ?? html)
  }
  expect(sentences.size).toBe(1)
})

test('the eleventh test within a minute has to wait, and the form is kept', async () => {
  const app = await network()
  const form = app.form({ name: 'Kept', intent: 'test', events: 'payment_received' })
  for (let n = 1; n <= 10; n++) expect((await app.admin.post(NEW, form)).status).toBe(200)
  const refused = await app.admin.post(NEW, form)
  expect(refused.status).toBe(429)
  expect(wordsOf(refused.html)).toContain('The test event was not sent. That is too often.')
  expect(fillIn(refused.html, 'webhook').get('name')).toBe('Kept')
  expect(app.receiver.requests).toHaveLength(10)
  app.clock.advance(MINUTE)
  expect((await app.admin.post(NEW, form)).status).toBe(200)
})

test('while sending is off there are no tests, and the page says why', async () => {
  const app = await network(() => ({}), { DELIVERY: 'off' })
  const { status, html } = await app.admin.post(NEW, app.form({ intent: 'test', events: 'payment_received' }))
  expect(status).toBe(409)
  expect(wordsOf(html)).toContain('Sending is switched off (DELIVERY=off), and that goes for test events too.')
  const path = `/network/webhooks/${await app.webhook({ url: app.receiver.url })}`
  expect(wordsOf((await app.admin.post(`${path}/test`)).html)).toContain('Sending is switched off')
  expect(app.receiver.requests).toHaveLength(0)
})

test('a test neither counts nor shows as the last delivery', async () => {
  const app = await network(() => ({ status: 500 }))
  const path = `/network/webhooks/${await app.webhook({ url: app.receiver.url })}`
  await app.admin.post(`${path}/test`)
  const words = wordsOf((await app.admin.get('/network/webhooks')).html)
  expect(words).toContain('Order desk')
  expect(words).toContain('None Never')
})
