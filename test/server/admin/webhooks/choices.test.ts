import { expect, test } from 'vitest'
import { testApp, type Visitor } from '../../../support/app.ts'
import { fillIn, wordsOf } from '../../../support/form.ts'
import { startReceiver } from '../../../support/receiver.ts'

const NEW = '/network/webhooks/new'
type Fields = Parameters<typeof fillIn>[2]
const base = { name: 'Books', url: 'https://books.example/in', events: 'payment_received' }

async function send(admin: Visitor, page: string, fields: Fields) {
  return admin.post(page, fillIn((await admin.get(page)).html, 'webhook', fields))
}

const everything = {
  ...base,
  auth: 'bearer',
  'auth.token': 'tok-secret',
  headers: 'X-Api-Key: key-secret\r\nX-Team: orders',
  format: 'envelope',
  timestamp: 'seconds',
  'delivery.mode': 'batched',
  'delivery.closes': 'at',
  'delivery.at': '18:00, 06:30',
  'delivery.max_events': '50',
  condition: '{"path":"payment_currency","equals":"SEK"}',
  sites: 'sit_main',
  ordered: '1',
  rate_per_second: '7',
  timeout_seconds: '9',
  retry_schedule: '5, 10',
} as const

test('every choice is saved, shown again, and still there after the next save', async () => {
  const app = await testApp()
  const admin = await app.login()
  const made = await send(admin, NEW, everything)
  expect(made.status).toBe(303)
  const row = async () => {
    const webhooks = await app.deps.db.q.selectFrom('webhook').selectAll().execute()
    const { revision: _, updated_at: __, ...rest } = webhooks[0] ?? {}
    return rest
  }
  const first = await row()
  expect(first).toMatchObject({
    auth: 'bearer',
    signing: null,
    headers: '["X-Api-Key","X-Team"]',
    format: 'envelope:seconds',
    delivery: JSON.stringify({ mode: 'batched', everyMinutes: null, at: ['06:30', '18:00'], maxEvents: 50 }),
    condition: '{"path":"payment_currency","equals":"SEK"}',
    sites: '["sit_main"]',
    ordered: 1,
    rate_per_second: 7,
    timeout_seconds: 9,
    retry_schedule: '[5,10]',
  })
  const { html } = await admin.get(made.location)
  expect(fillIn(html, 'webhook').get('headers')).toBe('X-Api-Key: …\nX-Team: …')
  expect((await admin.post(made.location, fillIn(html, 'webhook'))).status).toBe(303)
  expect(await row()).toEqual(first)
})

test('what was kept is sent: token, headers as they were and as they were changed', async () => {
  const receiver = await startReceiver()
  const app = await testApp()
  const admin = await app.login()
  const realTime = { 'delivery.mode': 'realtime', sites: null, condition: '', url: receiver.url }
  const made = await send(admin, NEW, { ...everything, ...realTime })
  await send(admin, made.location, { headers: 'X-Api-Key: …\nX-Team: returns' })
  await app.emit()
  await app.deliver()
  const [request] = await receiver.waitFor(1)
  expect(request?.headers).toMatchObject({
    authorization: 'Bearer tok-secret',
    'x-api-key': 'key-secret',
    'x-team': 'returns',
  })
  const pages = [made.location, '/network/webhooks', `/network/deliveries`]
  const audit = JSON.stringify(await app.deps.db.q.selectFrom('audit').selectAll().execute())
  const stored = JSON.stringify(await app.deps.db.q.selectFrom('attempt').selectAll().execute())
  for (const text of [audit, stored, ...(await Promise.all(pages.map(async (path) => (await admin.get(path)).html)))])
    for (const hidden of ['tok-secret', 'key-secret', 'returns']) expect(text).not.toContain(hidden)
})

test('what is typed into a secret field is not in the page that comes back, and has to be typed again', async () => {
  const app = await testApp()
  const admin = await app.login()
  const made = await send(admin, NEW, everything)
  const typed = { name: '', 'auth.token': 'tok-new', headers: 'X-Api-Key: …\nX-Team: new-value\nX-Else' }
  const { html, status } = await send(admin, made.location, typed)
  expect(status).toBe(422)
  for (const hidden of ['tok-new', 'new-value']) expect(html).not.toContain(hidden)
  const again = fillIn(html, 'webhook', { name: 'Named' })
  expect(again.get('headers')).toBe('X-Api-Key: …\nX-Team:\nX-Else')
  expect(wordsOf(html).split('What you typed is not kept in the page')).toHaveLength(3)
  const refused = await admin.post(made.location, again)
  expect(wordsOf(refused.html)).toContain('Line 3 is not written as Name: value.')
  expect(wordsOf(refused.html)).toContain('Give X-Team a value.')
})

test.each([
  ['no token', { auth: 'bearer' }, 'auth-token', 'Bearer authentication needs a token.'],
  ['a header of ours', { headers: 'Webhook-Id: x' }, 'headers', 'Webhook-Id is set by Hookline itself.'],
  ['a header twice', { headers: 'X-A: 1\nX-A: 2' }, 'headers', 'X-A is there twice.'],
  [
    'extras for a pair',
    { auth: 'signature', 'signing.scheme': 'v1a', 'signing.extra': 'github' },
    'signing-extra',
    'v1.',
  ],
  ['every 0 minutes', { 'delivery.every_minutes': '0' }, 'delivery-every_minutes', 'a whole number of minutes'],
  ['no time', { 'delivery.closes': 'at' }, 'delivery-at', 'Give 1 to 24 times of the day.'],
  ['24:00', { 'delivery.closes': 'at', 'delivery.at': '24:00' }, 'delivery-at', 'A time of the day is written'],
  [
    'a time twice',
    { 'delivery.closes': 'at', 'delivery.at': '6:00 06:00 06:00' },
    'delivery-at',
    'is written as 06:30',
  ],
  ['no event in a batch', { 'delivery.max_events': '0' }, 'delivery-max_events', 'a whole number of events'],
  ['another mode', { 'delivery.mode': 'never' }, 'delivery-mode', 'This is either realtime or batched.'],
  ['no JSON', { condition: '{"path"' }, 'condition', 'This is not valid JSON.'],
  ['no condition', { condition: '{"path":"a","like":"b"}' }, 'condition', 'There is no field of this name.'],
  ['no such site', { sites: 'moon' }, 'sites', 'There is no site of this name.'],
  ['a rate of 0', { rate_per_second: '0' }, 'rate_per_second', 'The rate is a whole number'],
  ['a rate of 1e9', { rate_per_second: '1e9' }, 'rate_per_second', 'The rate is a whole number'],
])('%s: the sentence stands at the field and above the form, and nothing is saved', async (_, fields, id, sentence) => {
  const app = await testApp()
  const { status, html } = await send(await app.login(), NEW, { ...base, ...fields })
  expect(status).toBe(422)
  const words = wordsOf(html)
  expect(words.split(sentence).length).toBeGreaterThan(2)
  expect(html).toContain(`<a href="#${id}">`)
  expect(html).toContain(`id="${id}"`)
  expect(await app.deps.db.q.selectFrom('webhook').select('id').execute()).toEqual([])
})

test('the condition is said in words, and tried on the sample of the chosen event', async () => {
  const app = await testApp()
  const admin = await app.login()
  const condition = '{"and":[{"path":"payment_currency","equals":"XXX"},{"path":"payment_id","exists":true}]}'
  const tried = await send(admin, NEW, { ...base, condition, intent: 'preview' })
  expect(wordsOf(tried.html)).toContain(
    'Sent when payment_currency is XXX and payment_id is there. The sample of payment_received does not meet it.',
  )
  const other = { condition: '{"path":"greeting","exists":false}', test_event: 'payment_refunded', intent: 'preview' }
  expect(wordsOf((await send(admin, NEW, { ...base, ...other })).html)).toContain(
    'The sample of payment_refunded meets it.',
  )
})

test('Network Admin chooses sites: ticked while they are few, typed when they are many; a site has no choice', async () => {
  const app = await testApp()
  const admin = await app.login()
  const kafe = await app.site('kafe')
  const few = (await admin.get(NEW)).html
  expect(few).toContain(`type="checkbox" name="sites" value="${kafe}"`)
  const made = await send(admin, NEW, { ...base, sites: kafe })
  expect(fillIn((await admin.get(made.location)).html, 'webhook').getAll('sites')).toEqual([kafe])
  for (let n = 1; n <= 30; n++) await app.site(`shop-${n}`)
  expect(fillIn((await admin.get(made.location)).html, 'webhook').getAll('sites')).toEqual(['kafe'])
  await send(admin, made.location, { sites: 'kafe, shop-3' })
  expect(fillIn((await admin.get(made.location)).html, 'webhook').getAll('sites')).toEqual(['kafe, shop-3'])
  const ofSite = await app.login('site_admin', 'kafe')
  expect((await ofSite.get('/sites/kafe/admin/webhooks/new')).html).not.toContain('name="sites"')
})

test('the preview of the envelope writes the time as it was chosen', async () => {
  const app = await testApp()
  const { html } = await send(await app.login(), NEW, {
    ...base,
    format: 'envelope',
    timestamp: 'iso',
    intent: 'preview',
  })
  expect(wordsOf(html)).toMatch(/"timestamp" ?: ?"\d{4}-\d\d-\d\dT/)
  expect(wordsOf(html)).toContain('CloudEvents')
})

test('who saves second sees what differs in every choice', async () => {
  const app = await testApp()
  const admin = await app.login()
  const path = (await send(admin, NEW, base)).location
  const { html } = await admin.get(path)
  const theirs = { ...everything, sites: null, condition: null, ordered: null, 'delivery.closes': 'every' }
  expect((await send(admin, path, theirs)).status).toBe(303)
  const mine = fillIn(html, 'webhook', { condition: everything.condition, sites: 'sit_main', auth: 'signature' })
  const refused = await admin.post(path, mine)
  expect(refused.status).toBe(409)
  const words = wordsOf(refused.html)
  for (const line of [
    'Condition – payment_currency is SEK',
    'Sites – main',
    'Authentication Bearer Signature',
    'Signing – Shared secret (HMAC, v1)',
    'Custom headers X-Api-Key, X-Team –',
    'Payload format Envelope, Seconds since 1970 Standard',
    'Delivery Batched, batches every 15 minutes, at most 50 events Real time, batches every 15 minutes, at most 100 events',
    'Requests a second, at most 7 –',
  ])
    expect(words).toContain(line)
})
