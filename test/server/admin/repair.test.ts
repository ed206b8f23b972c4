import { expect, test } from 'vitest'
import { MINUTE } from '../../../server/lib/clock.ts'
import { testApp, type TestApp } from '../../support/app.ts'
import { wordsOf } from '../../support/form.ts'
import { startReceiver } from '../../support/receiver.ts'

const mainOf = (html: string): string => wordsOf(html.replace(/^.*<main/s, ''))
const LIST = '/network/deliveries'

const deliveriesOf = ({ deps }: TestApp) =>
  deps.db.q.selectFrom('delivery').selectAll().where('test', '=', 0).orderBy('seq').execute()

const plan = { mode: 'batched' as const, everyMinutes: 5, at: [], maxEvents: 3 }

test('a delivery that waits can be cancelled, and one that has ended cannot', async () => {
  const receiver = await startReceiver({ answer: () => ({ status: 500 }) })
  const app = await testApp()
  const admin = await app.login()
  await app.webhook({ url: receiver.url })
  await app.emit()
  await app.deliver()
  const [delivery] = await deliveriesOf(app)
  const path = `${LIST}/${delivery?.id}`
  expect((await admin.get(path)).html).toContain(`formaction="${path}/cancel"`)
  expect((await (await app.login('viewer')).get(path)).html).not.toContain('/cancel"')
  const cancelled = await admin.send(`${path}/cancel`)
  expect(mainOf(cancelled.html)).toContain('The delivery is cancelled.')
  expect(cancelled.html).not.toContain('/cancel"')
  expect(mainOf((await admin.send(`${path}/cancel`)).html)).toContain('It was not cancelled.')
  app.clock.advance(60 * MINUTE)
  await app.deliver()
  expect(receiver.requests).toHaveLength(1)
  const audit = await app.deps.db.q
    .selectFrom('audit')
    .select('action')
    .where('target', '=', delivery?.id ?? '')
    .execute()
  expect(audit.map(({ action }) => action)).toEqual(['delivery.cancelled'])
})

test('to cancel one more attempt of what was delivered leaves it delivered', async () => {
  const receiver = await startReceiver()
  const app = await testApp()
  const admin = await app.login()
  await app.webhook({ url: receiver.url })
  await app.emit()
  await app.deliver()
  const [delivery] = await deliveriesOf(app)
  const path = `${LIST}/${delivery?.id}`
  await admin.post(`${path}/redeliver`)
  await admin.post(`${path}/cancel`)
  expect((await deliveriesOf(app))[0]).toMatchObject({ state: 'delivered', due_at: null, resume_state: null })
})

test('a batch shows its events, and each of them its batch', async () => {
  const receiver = await startReceiver({ answer: () => ({ status: 500 }) })
  const app = await testApp()
  const admin = await app.login()
  const id = await app.webhook({ name: 'Nightly', url: receiver.url, delivery: plan })
  const event = await app.emit()
  const [waiting] = await deliveriesOf(app)
  const before = mainOf((await admin.get(`${LIST}/${waiting?.id}`)).html)
  expect(before).toContain('This event waits for its batch to close.')
  expect(before).toContain('It waits for its batch.')
  expect(before).toContain('It goes out with its batch.')
  expect(before).toContain('What it says in the batch')

  await app.emit()
  const flushed = await admin.send(`/network/webhooks/${id}/flush`, { back: '/network/webhooks' })
  expect(mainOf(flushed.html)).toContain('2 events leave in batches now.')
  expect(mainOf((await admin.send(`/network/webhooks/${id}/flush`)).html)).toContain('Nothing waits for a batch.')
  const audit = await app.deps.db.q
    .selectFrom('audit')
    .select('target')
    .where('action', '=', 'webhook.flushed')
    .execute()
  expect(audit).toEqual([{ target: id }])
  await app.deliver()
  const batch = (await deliveriesOf(app)).find(({ type }) => type === 'batch')
  const page = await admin.get(`${LIST}/${batch?.id}`)
  expect(mainOf(page.html)).toContain('Batch to 127.0.0.1')
  expect(mainOf(page.html)).toContain('Content Batch of 2 events')
  expect(mainOf(page.html)).toContain('Events in this batch 2')
  expect(mainOf(page.html)).toContain('Attempt 1: 500 Internal Server Error')
  expect(page.html).toContain(`href="${LIST}/${waiting?.id}"`)
  expect(mainOf(page.html)).toContain(event)

  const member = await admin.get(`${LIST}/${waiting?.id}`)
  expect(mainOf(member.html)).toContain('This event is part of a batch.')
  expect(member.html).toContain(`<a class="button small" href="${LIST}/${batch?.id}">`)
  expect(mainOf(member.html)).not.toContain('Attempt 1:')

  const cancelled = await admin.send(`${LIST}/${waiting?.id}/cancel`)
  expect(mainOf(cancelled.html)).toContain('the other events in it go out in a new one')
  const old = await admin.get(`${LIST}/${batch?.id}`)
  expect(mainOf(old.html)).toContain('One of its events was cancelled. The others go out in a new batch.')
  await app.deliver()
  expect(receiver.requests).toHaveLength(2)
  expect((JSON.parse(receiver.requests[1]?.body ?? '') as { data: unknown[] }).data).toHaveLength(1)
})

test('one event of a delivered batch is redelivered alone, under its own id', async () => {
  const receiver = await startReceiver()
  const app = await testApp()
  const admin = await app.login()
  const id = await app.webhook({ url: receiver.url, delivery: plan })
  const event = await app.emit()
  await app.emit()
  await admin.post(`/network/webhooks/${id}/flush`)
  await app.deliver()
  const [member] = await deliveriesOf(app)
  const path = `${LIST}/${member?.id}`
  expect(mainOf((await admin.get(path)).html)).toContain('Redelivered, it goes alone, under its own id.')
  await admin.post(`${path}/redeliver`)
  await app.deliver()
  expect(receiver.requests[1]?.headers).toMatchObject({ 'webhook-id': event, 'hookline-redelivery': '1' })
})

test('all that failed at a webhook is sent once more, with progress, and can be stopped', async () => {
  let status = 500
  const receiver = await startReceiver({ answer: () => ({ status }) })
  const app = await testApp()
  const admin = await app.login()
  const id = await app.webhook({ url: receiver.url, retrySchedule: [] })
  const list = `${LIST}?webhook=${id}`
  expect(mainOf((await admin.get(list)).html)).not.toContain('Redeliver all failed')
  for (let n = 0; n < 3; n++) await app.emit()
  await app.deliver()
  expect(mainOf((await admin.get(list)).html)).toContain('Redeliver all failed')
  expect(mainOf((await admin.get(LIST)).html)).not.toContain('Redeliver all failed')
  expect(mainOf((await (await app.login('viewer')).get(list)).html)).not.toContain('Redeliver all failed')
  status = 200
  app.clock.advance(2 * 60 * MINUTE)
  const none = await admin.send(`/network/webhooks/${id}/redeliver`, { since: '1h' })
  expect(mainOf(none.html)).toContain('Nothing has failed in this time.')
  const running = await admin.send(`/network/webhooks/${id}/redeliver`, { since: '24h' })
  expect(mainOf(running.html)).toContain('3 deliveries are being redelivered, step by step.')
  expect(mainOf(running.html)).toContain('0 of 3 are on their way.')
  expect(running.html).toContain('<progress id="run-progress" max="3" value="0">')
  const again = await admin.send(`/network/webhooks/${id}/redeliver`, { since: '24h' })
  expect(mainOf(again.html)).toContain('Its failed deliveries are already being redelivered.')

  const [run] = await app.deps.db.q.selectFrom('redelivery').select('id').execute()
  const stopped = await admin.send(`/network/redeliveries/${run?.id}/stop`)
  expect(mainOf(stopped.html)).toContain('It is stopped.')
  expect(stopped.html).not.toContain('<progress')
  await app.tidy()
  await app.deliver()
  expect(receiver.requests).toHaveLength(3)

  await admin.post(`/network/webhooks/${id}/redeliver`, { since: '24h' })
  await app.tidy()
  await app.deliver()
  expect(receiver.requests).toHaveLength(6)
  expect((await deliveriesOf(app)).map(({ state }) => state)).toEqual(['delivered', 'delivered', 'delivered'])
})

test('a site repairs its own only', async () => {
  const receiver = await startReceiver({ answer: () => ({ status: 500 }) })
  const app = await testApp()
  await app.site('kafe')
  const id = await app.webhook({ url: receiver.url, retrySchedule: [] })
  await app.emit()
  await app.deliver()
  const [delivery] = await deliveriesOf(app)
  const admin = await app.login('site_admin', 'kafe')
  const area = '/sites/kafe/admin'
  for (const path of [`deliveries/${delivery?.id}/cancel`, `webhooks/${id}/redeliver`, `webhooks/${id}/flush`]) {
    expect((await admin.post(`${area}/${path}`, { since: '24h' })).status).toBe(404)
  }
  const superAdmin = await app.login()
  await superAdmin.post(`/network/webhooks/${id}/redeliver`, { since: '24h' })
  const [run] = await app.deps.db.q.selectFrom('redelivery').select('id').execute()
  expect((await admin.post(`${area}/redeliveries/${run?.id}/stop`)).status).toBe(404)
  expect((await superAdmin.post(`/network/redeliveries/${run?.id}/stop`)).status).toBe(303)
})
