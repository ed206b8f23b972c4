import { expect, test } from 'vitest'
import { testApp } from '../../support/app.ts'
import { wordsOf } from '../../support/form.ts'
import { startReceiver } from '../../support/receiver.ts'

const PAYMENT = '/network/event-types/payment_received'

test('the list says what there is and how many listen, and finds by any of its words', async () => {
  const app = await testApp()
  const admin = await app.login()
  await app.webhook({ url: 'https://a.example/', events: ['payment_received'] })
  await app.webhook({ url: 'https://b.example/', allEvents: true, events: [] })
  await app.webhook({ url: 'https://c.example/', events: ['payment_received'], active: false })
  const shown = async (search = '') => wordsOf((await admin.get(`/network/event-types${search}`)).html)
  expect(await shown()).toContain('Payment Received A customer paid payment_received Real time 2')
  expect(await shown()).toContain('Account Created Somebody got an account account_created Real time 1')
  const paid = await shown('?q=CUSTOMER+paid')
  expect(paid).toContain('Payment Received')
  expect(paid).not.toContain('Account Created')
  expect(await shown('?q=nothing+of+this+kind')).toContain('No event types match')
})

test('many types of one plugin are folded until somebody looks for one; lanes can be told apart', async () => {
  const app = await testApp()
  const admin = await app.login()
  const html = async (search = '') => (await admin.get(`/network/event-types${search}`)).html
  const opened = (page: string) =>
    [...page.matchAll(/<details class="group" id="p-([\w-]+)" open/g)].map(([, slug]) => slug)
  const all = await html()
  expect(opened(all)).toContain('payments')
  expect(opened(all)).not.toContain('ultimate-multisite')
  expect(opened(await html('?q=membership'))).toContain('ultimate-multisite')
  const batched = wordsOf(await html('?lane=batched&q=course'))
  expect(batched).toContain('Course Enrollment, Batch')
  expect(batched).not.toContain('Course Enrollment A learner')
  expect(batched).toMatch(/All \(8\) Real time \(5\) Batched \(3\)/)
  expect(opened(await html('?lane=nonsense'))).toEqual(opened(all))
})

test('each type has its words, fields and sample, and says who listens', async () => {
  const app = await testApp()
  const admin = await app.login()
  await app.webhook({ name: 'Order desk', url: 'https://a.example/', events: ['payment_received'] })
  await app.webhook({ name: 'Archive', url: 'https://b.example/', allEvents: true, events: [] })
  await app.webhook({ name: 'Gone', url: 'https://c.example/', events: ['payment_received'], active: false })
  const { status, html } = await admin.get(PAYMENT)
  expect(status).toBe(200)
  const text = wordsOf(html)
  for (const words of [
    'A customer paid.',
    'customer_user_email text or null',
    'partially-refunded',
    'Order desk',
    'Archive',
  ])
    expect(text).toContain(words)
  expect(text).not.toContain('Gone')
  expect(html).toContain('&quot;mary@example.com&quot;')
  expect((await admin.get('/network/event-types/nothing_happened')).status).toBe(404)
})

test('a sample goes to whoever listens, and a new webhook begins with the event', async () => {
  const receiver = await startReceiver()
  const app = await testApp()
  const admin = await app.login()
  const id = await app.webhook({ url: receiver.url, events: ['payment_failed', 'payment_received'] })
  const sent = await admin.post(`/network/webhooks/${id}/test`, { test_event: 'payment_received' })
  expect(sent.status).toBe(200)
  expect(receiver.requests.map(({ headers }) => headers['hookline-event'])).toEqual(['payment_received'])
  const { html } = await admin.get('/network/webhooks/new?event=payment_received')
  expect(html).toMatch(/name="events" value="payment_received" checked/)
})

test("a site counts its own webhooks and not the network's", async () => {
  const app = await testApp()
  const kafe = await app.site('kafe')
  await app.webhook({ name: 'Of the network', url: 'https://a.example/', allEvents: true, events: [] })
  await app.webhook({ url: 'https://b.example/', events: ['payment_failed'] }, kafe)
  const admin = await app.login('site_admin', 'kafe')
  const text = wordsOf((await admin.get('/sites/kafe/admin/event-types')).html)
  expect(text).toContain('payment_failed Real time 1')
  expect(text).toContain('payment_received Real time 0')
  const one = await admin.get('/sites/kafe/admin/event-types/payment_received')
  expect(wordsOf(one.html)).toContain('No webhook listens.')
})
