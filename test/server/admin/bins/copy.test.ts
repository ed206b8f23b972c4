import { expect, test } from 'vitest'
import { testApp, type TestApp } from '../../../support/app.ts'
import { wordsOf } from '../../../support/form.ts'
import { startReceiver } from '../../../support/receiver.ts'

const SECRET = `whsec_${btoa('secret of 24 bytes, just')}`
const WORDS = 'See in a bin what the receiver gets'

/** A delivery that has arrived, of a signed webhook with a header of its own. */
async function delivered(app: TestApp, owner = 'network') {
  const receiver = await startReceiver()
  const client = await app.client(owner === 'network' ? undefined : owner)
  const { body } = await client('POST', '/webhooks', {
    name: 'Payments to bookkeeping',
    url: `${receiver.url}/in`,
    events: ['payment_received'],
    auth: { type: 'signature' },
    secret: SECRET,
    headers: { 'X-Api-Key': 'key-of-the-receiver' },
  })
  await app.emit(owner === 'network' ? {} : { site: await siteId(app, owner) })
  await app.deliver()
  await receiver.stop()
  const { id } = await app.deps.db.q.selectFrom('delivery').select('id').executeTakeFirstOrThrow()
  return { id, webhook: String(body['id']), sent: receiver.requests[0] }
}

const siteId = async ({ deps }: TestApp, slug: string) =>
  (await deps.db.q.selectFrom('site').select('id').where('slug', '=', slug).executeTakeFirstOrThrow()).id
const captures = ({ deps }: TestApp) => deps.db.q.selectFrom('capture').selectAll().execute()

test('a bin shows exactly what the receiver of a delivery gets, with a signature that holds', async () => {
  const app = await testApp()
  const admin = await app.login()
  const { id, sent } = await delivered(app)
  expect(wordsOf((await admin.get(`/network/deliveries/${id}`)).html)).toContain(WORDS)
  const bin = await admin.send(`/network/deliveries/${id}/bin`, { bin: '' })
  expect(wordsOf(bin.html)).toContain('This is what Payments to bookkeeping gets.')
  expect(wordsOf(bin.html)).toContain('The signature is valid.')
  const [caught] = await captures(app)
  expect(atob(caught?.body ?? '')).toBe(sent?.body)
  const headers = Object.fromEntries(JSON.parse(caught?.headers ?? '[]') as [string, string][])
  const { 'content-length': _, host: __, connection: ___, ...before } = sent?.headers ?? {}
  expect(Object.keys(headers).filter((name) => name !== 'hookline-redelivery')).toEqual(
    expect.arrayContaining(Object.keys(before)),
  )
  expect(headers).toMatchObject({ 'webhook-id': before['webhook-id'], 'x-api-key': '…', 'hookline-redelivery': '1' })
  expect(JSON.stringify(caught)).not.toContain('key-of-the-receiver')
})

test('a copy is no attempt, and says nothing of the health of the webhook', async () => {
  const app = await testApp()
  const admin = await app.login()
  const { id } = await delivered(app)
  const told = () =>
    Promise.all([
      app.deps.db.q.selectFrom('delivery').selectAll().execute(),
      app.deps.db.q.selectFrom('attempt').selectAll().execute(),
      app.deps.db.q.selectFrom('webhook').selectAll().execute(),
    ])
  const before = await told()
  await admin.send(`/network/deliveries/${id}/bin`, { bin: '' })
  await app.deliver()
  expect(await told()).toEqual(before)
  const audit = await app.deps.db.q.selectFrom('audit').select(['action', 'target']).execute()
  expect(audit).toContainEqual({ action: 'delivery.copied', target: id })
})

test('one bin takes as many copies as one likes, also of a webhook that is switched off', async () => {
  const app = await testApp()
  const admin = await app.login()
  const { id, webhook } = await delivered(app)
  const first = await admin.post(`/network/deliveries/${id}/bin`, { bin: '' })
  const bin = first.location.split('/').at(-1) ?? ''
  await admin.post(`/network/webhooks/${webhook}/retire`)
  await admin.send(`/network/deliveries/${id}/bin`, { bin })
  expect((await captures(app)).map(({ bin_id: caughtBy }) => caughtBy)).toEqual([bin, bin])
  const gone = await admin.send(`/network/deliveries/${id}/bin`, { bin: 'bin_0000000000000000000000000a' })
  expect(wordsOf(gone.html)).toContain('Nothing was sent to a bin. This bin no longer exists.')
  await admin.post(`/network/webhooks/${webhook}/delete`)
  expect(wordsOf((await admin.get(`/network/deliveries/${id}`)).html)).not.toContain(WORDS)
  expect((await admin.post(`/network/deliveries/${id}/bin`, { bin })).status).toBe(404)
})

test('a batch is copied as the one request that it is', async () => {
  const app = await testApp()
  const admin = await app.login()
  const delivery = { mode: 'batched', everyMinutes: 5, at: [], maxEvents: 2 } as const
  await app.webhook({ url: 'http://127.0.0.1:9/closed', delivery })
  for (let n = 0; n < 2; n++) await app.emit()
  await app.deliver()
  const batch = await app.deps.db.q.selectFrom('delivery').select('id').where('type', '=', 'batch').executeTakeFirst()
  await admin.send(`/network/deliveries/${batch?.id ?? ''}/bin`, { bin: '' })
  const [caught] = await captures(app)
  const body = JSON.parse(atob(caught?.body ?? '')) as { type: string; data: unknown[] }
  expect([body.type, body.data.length]).toEqual(['batch', 2])
})

test('a site sends its own deliveries to its own bins', async () => {
  const app = await testApp()
  await app.site('kafe')
  const keeper = await app.login('site_admin', 'kafe')
  const { id } = await delivered(app, 'kafe')
  const made = await keeper.post(`/sites/kafe/admin/deliveries/${id}/bin`, { bin: '' })
  const bin = made.location.split('/').at(-1) ?? ''
  expect(made.location).toBe(`/sites/kafe/admin/bins/${bin}`)
  const admin = await app.login()
  // What stands beside a site's webhook, Network Admin reaches too.
  expect((await admin.get(`/network/bins/${bin}`)).status).toBe(200)
  const network = await admin.post('/network/bins', { name: 'Ours' })
  const foreign = await keeper.send(`/sites/kafe/admin/deliveries/${id}/bin`, {
    bin: network.location.split('/').at(-1) ?? '',
  })
  expect(wordsOf(foreign.html)).toContain('This bin no longer exists.')
})

test('nobody sends what is not theirs, or may not be sent by them', async () => {
  const app = await testApp()
  const { id } = await delivered(app)
  await app.site('other')
  const stranger = await app.login('site_admin', 'other')
  expect((await stranger.post(`/sites/other/admin/deliveries/${id}/bin`, { bin: '' })).status).toBe(404)
  const viewer = await app.login('viewer')
  expect((await viewer.post(`/network/deliveries/${id}/bin`, { bin: '' })).status).toBe(403)
  expect(wordsOf((await viewer.get(`/network/deliveries/${id}`)).html)).not.toContain(WORDS)
})
