import { expect, test } from 'vitest'
import { testApp } from '../../support/app.ts'

const words = (html: string): string => html.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ')

test('each type has its words, fields and sample, and says who listens', async () => {
  const app = await testApp()
  const admin = await app.login()
  await app.webhook({ url: 'https://a.example/', events: ['payment_received'] })
  await app.webhook({ url: 'https://b.example/', allEvents: true, events: [] })
  await app.webhook({ url: 'https://c.example/', events: ['payment_received'], active: false })
  const { status, html } = await admin.get('/network/event-types')
  expect(status).toBe(200)
  const text = words(html)
  expect(text).toContain('Payment Received Real time A customer paid. Happens once for each payment')
  expect(text).toContain('payment_ received Deliveries payment_received 2 webhooks listen.')
  expect(text).toContain('account_ created Deliveries account_created 1 webhook listens.')
  expect(text).toContain('customer_ user_ email text or null')
  expect(text).toContain('created_ at time (ISO 8601) Yes')
  expect(text).toContain('partially-refunded')
  expect(html).toContain('&quot;mary@example.com&quot;')
})

test("a site counts its own webhooks and not the network's", async () => {
  const app = await testApp()
  const kafe = await app.site('kafe')
  await app.webhook({ url: 'https://a.example/', allEvents: true, events: [] })
  await app.webhook({ url: 'https://b.example/', events: ['payment_failed'] }, kafe)
  const text = words((await (await app.login('site_admin', 'kafe')).get('/sites/kafe/admin/event-types')).html)
  expect(text).toContain('payment_failed 1 webhook listens.')
  expect(text).toContain('payment_received No webhook listens.')
})
