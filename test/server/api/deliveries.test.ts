import { expect, test } from 'vitest'
import { testApp } from '../../support/app.ts'
import { startReceiver } from '../../support/receiver.ts'

test('a header that came several times is one value, and none of them is lost', async () => {
  const receiver = await startReceiver({
    answer: () => ({ headers: { 'set-cookie': ['a=1', 'b=2'], 'x-note': ['first', 'second', 'third'] } }),
  })
  const app = await testApp()
  const webhook = await app.webhook({ url: receiver.url })
  const script = await app.client()
  const response = { headers: { 'set-cookie': '…, …', 'x-note': 'first, second, third' } }
  expect((await script('POST', `/webhooks/${webhook}/test`, {})).body).toMatchObject({ response })
  await app.emit()
  await app.deliver()
  const { id } = await app.deps.db.q.selectFrom('delivery').select('id').where('test', '=', 0).executeTakeFirstOrThrow()
  expect((await script('GET', `/deliveries/${id}`)).body).toMatchObject({ attempts: [{ response }] })
})

test('an attempt from before its address and format were kept is shown with those of its webhook', async () => {
  const receiver = await startReceiver()
  const app = await testApp()
  const { db } = app.deps
  await app.webhook({ url: `${receiver.url}/in?key=s3cret` })
  await app.emit()
  await app.deliver()
  await db.commit([db.q.updateTable('attempt').set({ url: null, format: null })])
  const { id } = await db.q.selectFrom('delivery').select('id').executeTakeFirstOrThrow()
  const script = await app.client()
  const requests = async () =>
    ((await script('GET', `/deliveries/${id}`)).body.attempts as { request: object }[]).map(({ request }) => request)
  const body = receiver.requests[0]?.body
  expect(await requests()).toMatchObject([{ url: `${receiver.url}/in?…`, body }])
  await db.commit([db.q.deleteFrom('webhook')])
  expect(await requests()).toMatchObject([{ url: null, body }])
  const admin = await app.login()
  expect((await admin.get(`/network/deliveries/${id}`)).html).toContain('(The webhook was deleted.)')
})
