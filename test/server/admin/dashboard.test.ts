import { expect, test } from 'vitest'
import { HOUR } from '../../../server/lib/clock.ts'
import { testApp } from '../../support/app.ts'
import { startReceiver } from '../../support/receiver.ts'

const words = (html: string): string =>
  html
    .replace(/^.*<main/s, '')
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ')

test('an empty network is told the one next step', async () => {
  const app = await testApp()
  const { html } = await (await app.login()).get('/network')
  expect(html).toContain('Send your first event')
  expect(html).toContain('<a class="button primary" href="/network/webhooks/new">')
  expect(words(html)).not.toContain('Held')
  const viewer = await (await app.login('viewer')).get('/network')
  expect(words(viewer.html)).toContain('There is no webhook yet.')
  expect(words(viewer.html)).not.toContain('Add New Webhook')
})

test('it shows what people did to those who may read the audit log', async () => {
  const app = await testApp()
  const admin = await app.login()
  await admin.post('/network/bins', { name: 'Trial' })
  expect(words((await admin.get('/network')).html)).toMatch(/Activity Audit log Ingrid Nord: bin\. created bin_/)
  expect(words((await (await app.login('integration_admin')).get('/network')).html)).not.toContain('Activity')
})

test('it shows what went out, what waits, and what failed', async () => {
  let status = 200
  const receiver = await startReceiver({ answer: () => ({ status }) })
  const app = await testApp()
  await app.webhook({ name: 'Order desk', url: receiver.url, retrySchedule: [] })
  await app.emit()
  await app.deliver()
  status = 500
  await app.emit({ type: 'payment_failed' })
  await app.deliver()
  await app.emit()
  app.clock.advance(2 * HOUR)
  const text = words((await (await app.login()).get('/network')).html)
  expect(text).toContain('Delivered, 24 hours 1 Failed attempts 1 Waiting 1 the oldest: 2 hours ago Held 0')
  expect(text).toContain('payment_ failed to Order desk 500 Internal Server Error')
  expect(text).toContain('1 webhook 1 active')
  app.clock.advance(48 * HOUR)
  expect(words((await (await app.login()).get('/network')).html)).toContain('Delivered, 24 hours 0 Failed attempts 0')
})

test('webhooks that need somebody come first, with the reason', async () => {
  const receiver = await startReceiver({ answer: () => ({ status: 410 }) })
  const app = await testApp()
  await app.webhook({ name: 'Staging mirror', url: receiver.url })
  await app.emit()
  await app.deliver()
  const text = words((await (await app.login()).get('/network')).html)
  expect(text).toContain('Needs attention 1 Staging mirror is switched off The receiver answered 410 Gone')
})

test('a failing webhook tells what came back, and one click leads to why', async () => {
  const receiver = await startReceiver({ answer: () => ({ status: 503 }) })
  const app = await testApp()
  const id = await app.webhook({ name: 'Order desk', url: receiver.url, retrySchedule: [HOUR / 1000] })
  for (let n = 0; n < 5; n++) await app.emit()
  await app.deliver()
  const admin = await app.login()
  const { html } = await admin.get('/network')
  expect(words(html)).toContain('Order desk is failing: 503 Service Unavailable')
  expect(words(html)).toContain('Webhooks Last 24 hours Order desk 0 delivered 5 failed')
  const [, why = ''] = /href="([^"]+)">See why/.exec(html) ?? []
  expect(words((await admin.get(why)).html)).toContain('Not yet: one attempt has not arrived.')
  const webhook = await admin.get(`/network/webhooks/${id}`)
  expect(words(webhook.html)).toContain('The last 5 attempts failed. The receiver answered 503 Service Unavailable.')
  expect(webhook.html).toContain(`href="${why}">See why`)
})

test('a server that sends nothing says so', async () => {
  const app = await testApp({ env: { DELIVERY: 'off' } })
  await app.webhook({ url: 'http://127.0.0.1:9' })
  await app.emit()
  const text = words((await (await app.login()).get('/network')).html)
  expect(text).toContain('Sending is off. Events are kept')
  expect(text).toContain('Waiting 0 Held 1')
})

test("a site's dashboard counts the site's own webhooks", async () => {
  const receiver = await startReceiver()
  const app = await testApp()
  const kafe = await app.site('kafe')
  await app.webhook({ url: receiver.url })
  await app.emit({ site: kafe })
  await app.deliver()
  const siteAdmin = await app.login('site_admin', 'kafe')
  const home = await siteAdmin.get('/network')
  expect([home.status, home.location]).toEqual([303, '/sites/kafe/admin'])
  const text = words((await siteAdmin.get('/sites/kafe/admin')).html)
  expect(text).toContain('Send your first event')
  expect(text).not.toContain('delivered')
  expect(text).not.toContain('plugins')
})
