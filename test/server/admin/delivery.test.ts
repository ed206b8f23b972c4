import { expect, test } from 'vitest'
import { webhooksChanged } from '../../../db/queries/outbox.ts'
import type { WebhookDraft } from '../../../server/webhooks/draft.ts'
import { plainSigning } from '../../../server/webhooks/sign.ts'
import { testApp, type TestApp, type Visitor } from '../../support/app.ts'
import { wordsOf } from '../../support/form.ts'
import { startReceiver, type Receiver, type Reply } from '../../support/receiver.ts'

interface Scene extends TestApp {
  readonly receiver: Receiver
  readonly admin: Visitor
  readonly path: string
}

/** One delivery whose first attempt has ended. */
async function delivered(reply: () => Reply, draft: Partial<WebhookDraft> = {}): Promise<Scene> {
  const receiver = await startReceiver({ answer: reply })
  const app = await testApp()
  await app.webhook({ url: `${receiver.url}/hooks/in?tenant=s3cret`, ...draft })
  await app.emit({ data: { customer_name: '<script>alert("payload")</script>' } })
  await app.deliver()
  const { id } = await app.deps.db.q.selectFrom('delivery').select('id').executeTakeFirstOrThrow()
  return { ...app, receiver, admin: await app.login(), path: `/network/deliveries/${id}` }
}

const words = (html: string): string => html.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ')

test('a delivery that arrived shows both sides of the exchange, and no secret', async () => {
  const { admin, path, receiver } = await delivered(() => ({
    headers: { 'x-answer': '"><img src=x>' },
    body: '<script>alert("answer")</script>',
  }))
  const { status, html } = await admin.get(path)
  expect(status).toBe(200)
  const text = words(html)
  expect(text).toContain(`payment_received to ${new URL(receiver.url).host}`)
  expect(text).toContain('Attempt 1: 200 OK')
  expect(html).not.toContain('role="alert"')
  expect(html).toContain('&lt;script&gt;alert(&quot;answer&quot;)&lt;/script&gt;')
  expect(html).toContain('alert(\\&quot;payload\\&quot;)')
  expect(html).not.toContain('<script>')
  expect(html).not.toContain('<img')
  expect(html).not.toContain('s3cret')
})

test('how the signature was made is told, with the bytes that were signed', async () => {
  const { admin, path, receiver } = await delivered(() => ({}), { auth: 'signature', signing: plainSigning })
  const { html } = await admin.get(path)
  const [request] = receiver.requests
  const { 'webhook-id': id, 'webhook-timestamp': seconds } = request?.headers ?? {}
  expect(html).toContain('How the signature was made')
  expect(html).toContain(`${id}.${seconds}.{&quot;id&quot;:&quot;${id}&quot;`)
  expect(html).not.toMatch(/whsec_\w/)
})

test('Basic shows its scheme and masks the rest, also in the curl command', async () => {
  const { admin, path } = await delivered(() => ({}), { auth: 'basic', username: 'desk', password: 'open sesame' })
  const { html } = await admin.get(path)
  expect(html).toContain('Basic …')
  expect(html).toContain('curl -X POST')
  expect(html).not.toContain('How the signature was made')
  expect(html).not.toContain(btoa('desk:open sesame'))
})

test('while it is retried, the page says why, what to do and when it goes on', async () => {
  const { admin, path } = await delivered(() => ({ status: 503, headers: { 'retry-after': '120' } }))
  const text = words((await admin.get(path)).html)
  expect(text).toContain('Not yet: one attempt has not arrived. The receiver answered 503 Service Unavailable.')
  expect(text).toContain('ask its owner to look into its log')
  expect(text).toContain('It waits as long as the receiver asked for.')
  expect(text).toContain('1 of 3')
})

test('a failed delivery is redelivered by its button, and each attempt can be looked at', async () => {
  let status = 401
  const { admin, path, deliver } = await delivered(() => ({ status, body: `answer ${status}` }), { retrySchedule: [] })
  const failed = await admin.get(path)
  expect(words(failed.html)).toContain('This delivery failed, and is not tried again.')
  expect(words(failed.html)).toContain('compare user name, password or signature with it. Then redeliver it.')
  status = 200
  expect((await admin.send(`${path}/redeliver`)).html).toContain('is being redelivered.')
  const again = await admin.send(`${path}/redeliver`)
  expect(again.html).toContain('It was not redelivered.')
  await deliver()
  const done = await admin.get(path)
  expect(words(done.html)).toContain('Attempt 2: 200 OK Redelivery')
  expect(done.html).toContain('answer 200')
  expect(done.html).not.toContain('answer 401')
  expect((await admin.get(`${path}?attempt=1`)).html).toContain('answer 401')
  expect((await admin.get(`${path}?attempt=nonsense`)).html).toContain('answer 200')
})

test('where nothing can be sent once more, the button is off and says why', async () => {
  const { admin, path, deps } = await delivered(() => ({}))
  await deps.db.commit([deps.db.q.updateTable('webhook').set({ state: 'disabled' })])
  const { html } = await admin.get(path)
  expect(html).toContain('Its webhook is switched off.')
  expect(html).toContain('disabled aria-describedby="why-not"')
  const refused = await admin.send(`${path}/redeliver`)
  expect(refused.html).toContain('It was not redelivered.')
})

test('a receiver that is not there is named in words', async () => {
  const app = await testApp()
  const gone = await startReceiver()
  await gone.stop()
  await app.webhook({ url: gone.url, retrySchedule: [] })
  await app.emit()
  await app.deliver()
  const admin = await app.login()
  const { id } = await app.deps.db.q.selectFrom('delivery').select('id').executeTakeFirstOrThrow()
  const text = words((await admin.get(`/network/deliveries/${id}`)).html)
  expect(text).toContain('There was no connection to the receiver.')
  expect(text).toContain('Attempt 1: No connection')
  expect(text).toContain('No answer')
})

test('bytes that are no text are shown as bytes', async () => {
  const { admin, path } = await delivered(() => ({ body: Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0, 1, 0xff]) }))
  const { html } = await admin.get(path)
  expect(html).toContain('89 50 4e 47 00 01 ff')
  expect(html).toContain('7 bytes that are no text')
})

test('a delivery outlives its webhook', async () => {
  const { admin, path, deps } = await delivered(() => ({}))
  await deps.db.commit([deps.db.q.deleteFrom('webhook')])
  const { status, html } = await admin.get(path)
  expect(status).toBe(200)
  expect(html).toContain('The webhook of this delivery was deleted.')
})

test('an id that nobody has is not found', async () => {
  const { admin } = await delivered(() => ({}))
  for (const id of ['dlv_0', 'nonsense', '%00', 'dlv_01hzzzzzzz0000000000000000']) {
    expect((await admin.get(`/network/deliveries/${id}`)).status).toBe(404)
  }
})

test('a delivery that failed is compared with the last one that worked', async () => {
  const receiver = await startReceiver({
    answer: (_, n) => ({ status: n === 1 ? 200 : 422, body: n === 1 ? 'ok' : 'no' }),
  })
  const app = await testApp()
  const admin = await app.login()
  await app.webhook({ url: receiver.url })
  await app.emit({ data: { membership_id: 'mem_1' } })
  await app.deliver()
  await app.emit({ data: { membership_id: null, coupon: 'X' } })
  await app.deliver()
  const list = await admin.get('/network/deliveries?answer=4xx')
  const [path = ''] = /\/network\/deliveries\/dlv_\w+/.exec(list.html) ?? []
  const text = wordsOf((await admin.get(path)).html)
  expect(text).toContain('Beside the last one that worked')
  for (const row of [
    'Answer 200 OK 422 Unprocessable Content',
    'Body: data.membership_id string null',
    'Body: data.coupon Not there string',
    'Response body ok no',
  ])
    expect(text).toContain(row)
  expect(text).not.toContain('Request: webhook-id')
  const worked =
    /\/network\/deliveries\/dlv_\w+/.exec((await admin.get('/network/deliveries?answer=2xx')).html)?.[0] ?? ''
  expect(wordsOf((await admin.get(worked)).html)).not.toContain('Beside the last one')
})

test('where it went and in which format is compared too, and bodies of two formats are not', async () => {
  const receiver = await startReceiver({ answer: (_, n) => ({ status: n === 1 ? 200 : 404 }) })
  const app = await testApp()
  const admin = await app.login()
  const id = await app.webhook({ url: `${receiver.url}/one` })
  await app.emit()
  await app.deliver()
  const script = await app.client()
  expect((await script('PATCH', `/webhooks/${id}`, { url: `${receiver.url}/two`, format: 'flat' })).status).toBe(200)
  await app.emit()
  await app.deliver()
  const list = await admin.get('/network/deliveries?answer=4xx')
  const [path = ''] = /\/network\/deliveries\/dlv_\w+/.exec(list.html) ?? []
  const text = wordsOf((await admin.get(path)).html)
  expect(text).toContain(`Target URL ${receiver.url}/one ${receiver.url}/two`)
  expect(text).toContain('Format Standard Flat')
  expect(text).not.toContain('Body: ')
})

test('only bodies of one format are compared', async () => {
  const receiver = await startReceiver({ answer: (_, n) => ({ status: n <= 2 ? 200 : 422 }) })
  const app = await testApp()
  const admin = await app.login()
  const plain = await app.webhook({ name: 'Plain', url: receiver.url })
  const other = await app.webhook({ name: 'Other', url: receiver.url, format: 'envelope' })
  await app.emit()
  await app.deliver()
  // From now on nobody else makes another body of the events.
  await app.deps.db.commit([
    app.deps.db.q.updateTable('webhook').set({ state: 'retired' }).where('id', '=', other),
    webhooksChanged(app.deps.db),
  ])
  await app.emit()
  await app.deliver()
  const list = await admin.get(`/network/deliveries?answer=4xx&webhook=${plain}`)
  const [path = ''] = /\/network\/deliveries\/dlv_\w+/.exec(list.html) ?? []
  const text = wordsOf((await admin.get(path)).html)
  expect(text).toContain('Answer 200 OK 422 Unprocessable Content')
  expect(text).not.toContain('Body: ')
})
