import { expect, test } from 'vitest'
import { testApp } from '../../support/app.ts'
import { startReceiver } from '../../support/receiver.ts'

/** Who logs in was created, and that is an event too: the first one of each network here. */
const events = (html: string): string[] => Array.from(html.matchAll(/events\/(evt_\w+)"/g), ([, id = '']) => id)

test('the list tells what happened, by whom it was told, and what became of it', async () => {
  const receiver = await startReceiver()
  const app = await testApp()
  await app.webhook({ name: 'Order desk', url: receiver.url })
  const admin = await app.login()
  await app.emit({ type: 'payment_received' })
  await app.deliver()
  const { status, html } = await admin.get('/network/events')
  expect(status).toBe(200)
  expect(events(html)).toHaveLength(2)
  expect(html.indexOf('payment_<wbr>received')).toBeLessThan(html.indexOf('account_<wbr>created'))
  expect(html).toContain('Delivered')
})

test('filters stand in the URL, and junk in it is as good as none', async () => {
  const app = await testApp()
  const admin = await app.login()
  const first = await app.emit({ type: 'payment_received' })
  await app.emit({ type: 'payment_failed' })
  const shown = async (search: string) => events((await admin.get(`/network/events${search}`)).html).length
  expect(await shown('?type=payment_failed')).toBe(1)
  expect(await shown('?site=main&since=1h&test=no')).toBe(3)
  expect(await shown('?test=yes')).toBe(0)
  expect(await shown(`?q=${first}`)).toBe(1)
  expect(await shown('?q=evt_nobody')).toBe(0)
  expect(await shown('?site=nowhere')).toBe(0)
  expect(await shown('?since=ever&test=maybe&before=%ff&after=x&type=%3Cb%3E')).toBe(3)
  app.clock.advance(2 * 3600_000)
  expect(await shown('?since=1h')).toBe(0)
})

test('a page leads to the older ones, and back', async () => {
  const app = await testApp()
  const admin = await app.login()
  for (let n = 0; n < 29; n++) await app.emit()
  const link = (html: string, label: string) =>
    new RegExp(`href="([^"]+)" aria-label="${label}"`).exec(html)?.[1]?.replaceAll('&amp;', '&') ?? ''
  const newest = await admin.get('/network/events')
  expect(events(newest.html)).toHaveLength(25)
  const older = await admin.get(link(newest.html, 'Older'))
  expect(events(older.html)).toHaveLength(5)
  expect(events((await admin.get(link(older.html, 'Newer'))).html)).toEqual(events(newest.html))
})

test('one event shows its payload and deliveries, and goes to a webhook that did not get it', async () => {
  const receiver = await startReceiver()
  const app = await testApp()
  const admin = await app.login()
  const id = await app.emit({ type: 'payment_received' })
  const late = await app.webhook({ name: 'Made later', url: receiver.url, events: ['payment_failed'] })
  const before = await admin.get(`/network/events/${id}`)
  expect(before.html).toContain('No webhook wanted this event')
  expect(before.html).toContain('payment_currency')
  const sent = await admin.post(`/network/events/${id}/deliver`, { webhook: late })
  expect(sent.status).toBe(303)
  await app.deliver()
  expect(receiver.requests.map(({ headers }) => headers['webhook-id'])).toEqual([id])
  const after = await admin.get(`/network/events/${id}`)
  expect(after.html).toContain('Made later')
  expect(after.html).toContain('Delivered')
  expect(after.html).not.toContain('Send it to a webhook')
})

test('a site sees its own events, and of them not what the network does with them', async () => {
  const receiver = await startReceiver()
  const app = await testApp()
  await app.webhook({ name: 'Of the network', url: receiver.url })
  const own = await app.emit({ site: await app.site('kafe') })
  const foreign = await app.emit()
  const admin = await app.login('site_admin', 'kafe')
  expect(events((await admin.get('/sites/kafe/admin/events?type=payment_received')).html)).toEqual([own])
  const page = await admin.get(`/sites/kafe/admin/events/${own}`)
  expect(page.status).toBe(200)
  expect(page.html).not.toContain('Of the network')
  expect((await admin.get(`/sites/kafe/admin/events/${foreign}`)).status).toBe(404)
})

test('the page of an event names the trace that it came with, and none where it came with none', async () => {
  const app = await testApp()
  const admin = await app.login()
  const [emitted] = await app.deps.host.emit([
    {
      type: 'payment_received',
      site: 'sit_main',
      data: app.deps.host.eventType('payment_received')?.sample ?? {},
      source: 'plugin:payments',
      trace: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01 rojo=1',
    },
  ])
  const page = await admin.get(`/network/events/${emitted?.id}`)
  expect(page.html).toContain('<code>4bf92f3577b34da6a3ce929d0e0e4736</code>')
  expect((await admin.get(`/network/events/${await app.emit()}`)).html).not.toContain('<dt>Trace</dt>')
})
