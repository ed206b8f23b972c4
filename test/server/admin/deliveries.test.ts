import { expect, test } from 'vitest'
import { eraseEvent } from '../../../db/queries/erase.ts'
import { testApp, type TestApp } from '../../support/app.ts'
import { startReceiver, type Receiver, type Reply } from '../../support/receiver.ts'

const events = (html: string): string[] =>
  Array.from(html.matchAll(/name="id" value="(dlv_\w+)"/g), ([, id = '']) => id)

/** A network with a webhook to a receiver that answers as told. */
async function network(reply: () => Reply = () => ({})): Promise<TestApp & { receiver: Receiver; webhookId: string }> {
  const receiver = await startReceiver({ answer: reply })
  const app = await testApp()
  const webhookId = await app.webhook({ name: 'Order desk', url: receiver.url, retrySchedule: [] })
  return { ...app, receiver, webhookId }
}

test('the list says of each delivery what became of it, newest first', async () => {
  const app = await network()
  const admin = await app.login()
  await app.emit({ type: 'payment_received' })
  await app.emit({ type: 'payment_failed' })
  await app.deliver()
  const { status, html } = await admin.get('/network/deliveries')
  expect(status).toBe(200)
  expect(html.indexOf('payment_<wbr>failed')).toBeLessThan(html.indexOf('payment_<wbr>received'))
  for (const words of ['Order desk', 'Delivered', '200 OK', '1 attempt', 'main']) expect(html).toContain(words)
})

test('filters stand in the URL, and junk in it is as good as none', async () => {
  const app = await network()
  const admin = await app.login()
  const eventId = await app.emit({ type: 'payment_received' })
  await app.emit({ type: 'payment_failed' })
  await app.deliver()
  const shown = async (search: string) => events((await admin.get(`/network/deliveries${search}`)).html).length
  const [first = ''] = events((await admin.get(`/network/deliveries?q=${eventId}`)).html)
  expect(await shown('?type=payment_failed')).toBe(1)
  expect(await shown(`?webhook=${app.webhookId}`)).toBe(2)
  expect(await shown('?site=main&since=1h&state=delivered')).toBe(2)
  expect(await shown('?state=failed')).toBe(0)
  expect(await shown(`?q=${first}`)).toBe(1)
  expect(await shown('?q=evt_nobody')).toBe(0)
  expect(await shown('?state=nonsense&since=ever&site=%00&before=%ff&after=x&webhook=1%27--&type=%3Cb%3E')).toBe(2)
  app.clock.advance(2 * 3600_000)
  expect(await shown('?since=1h')).toBe(0)
  expect(await shown('?since=24h')).toBe(2)
})

test('views count by state, and go away where counts would be wrong', async () => {
  const app = await network()
  const admin = await app.login()
  await app.emit()
  await app.deliver()
  await app.emit()
  const { html } = await admin.get('/network/deliveries')
  expect(html.replaceAll(/\s+/g, ' ')).toContain('Pending <span>(1)</span>')
  expect(html.replaceAll(/\s+/g, ' ')).toContain('Delivered <span>(1)</span>')
  expect(html).not.toContain('?state=cancelled')
  expect((await admin.get('/network/deliveries?since=1h')).html).toContain('?state=cancelled')
})

test('a page stays the same while new deliveries come in, and the way back leads to the newest', async () => {
  const app = await network()
  const admin = await app.login()
  for (let i = 0; i < 30; i++) await app.emit()
  const link = (html: string, label: string) =>
    new RegExp(`href="([^"]+)" aria-label="${label}"`).exec(html)?.[1]?.replaceAll('&amp;', '&') ?? ''
  const newest = await admin.get('/network/deliveries')
  expect(events(newest.html)).toHaveLength(25)
  expect(link(newest.html, 'Newer')).toBe('')
  const olderPath = link(newest.html, 'Older')
  const older = events((await admin.get(olderPath)).html)
  expect(older).toHaveLength(5)
  await app.emit()
  const again = await admin.get(olderPath)
  expect(events(again.html)).toEqual(older)
  const back = await admin.get(link(again.html, 'Newer'))
  expect(events(back.html)).toEqual(events(newest.html))
  expect(link(back.html, 'Newer')).not.toBe('')
  const top = await admin.get(link(back.html, 'Newer'))
  expect(events(top.html)).toHaveLength(25)
  expect(link(top.html, 'Newer')).toBe('')
})

test('many are sent once more with one click, and the list keeps its filters', async () => {
  let status = 500
  const app = await network(() => ({ status }))
  const admin = await app.login()
  await app.emit()
  await app.emit()
  await app.deliver()
  status = 200
  const ids = events((await admin.get('/network/deliveries?state=failed')).html)
  expect(ids).toHaveLength(2)
  const form = new URLSearchParams([['action', 'redeliver'], ['back', '?state=failed'], ...ids.map((id) => ['id', id])])
  const { status: answer, location } = await admin.post('/network/deliveries', form)
  expect([answer, location]).toEqual([303, '/network/deliveries?state=failed'])
  expect((await admin.get(location)).html).toContain('2 deliveries are being redelivered.')
  await app.deliver()
  expect(app.receiver.requests.slice(2).map(({ headers }) => headers['hookline-redelivery'])).toEqual(['1', '1'])
  expect(events((await admin.get('/network/deliveries?state=delivered')).html).toSorted()).toEqual(ids.toSorted())
  const audit = await app.deps.db.q.selectFrom('audit').select(['action', 'target']).execute()
  expect(
    audit
      .filter(({ action }) => action === 'delivery.redelivered')
      .map(({ target }) => target)
      .toSorted(),
  ).toEqual(ids.toSorted())
})

test('what cannot be sent once more is left out and counted', async () => {
  const app = await network()
  const admin = await app.login()
  await app.emit()
  await app.deliver()
  const [id = ''] = events((await admin.get('/network/deliveries')).html)
  await app.deps.db.commit([app.deps.db.q.updateTable('webhook').set({ state: 'retired' })])
  const page = await admin.send('/network/deliveries', { action: 'redeliver', id, back: '?' })
  expect(page.html).toContain('Nothing was redelivered.')
  expect(page.html).toContain('1 left out')
  await app.deliver()
  expect(app.receiver.requests).toHaveLength(1)
})

test('so is what was erased, by name', async () => {
  const app = await network(() => ({ status: 500 }))
  const admin = await app.login()
  await app.emit()
  await app.deliver()
  const { db } = app.deps
  const { id, event_id: event } = await db.q.selectFrom('delivery').select(['id', 'event_id']).executeTakeFirstOrThrow()
  await db.commit(eraseEvent(db, { id: event, key: null, rejected: null }, 'ada@example.com', app.clock.now()))
  const page = await admin.send('/network/deliveries', { action: 'redeliver', id, back: '' })
  expect(page.html).toContain('Nothing was redelivered.')
  expect(page.html).toMatch(/1 left out: .* whose data was erased/)
})

test('a bulk action without a choice does nothing and says so', async () => {
  const app = await network()
  const admin = await app.login()
  expect((await admin.send('/network/deliveries', { action: '' })).html).toContain('Nothing was done.')
  expect((await admin.post('/network/deliveries', { back: '?\r\nx: y', action: 'redeliver' })).status).toBe(303)
})

test('a site admin sees what the own webhooks sent and nothing else', async () => {
  const app = await network()
  const kafe = await app.site('kafe')
  await app.webhook({ name: 'Kafe only', url: app.receiver.url }, kafe)
  await app.emit({ site: kafe })
  await app.deliver()
  const [superAdmin, siteAdmin] = [await app.login(), await app.login('site_admin', 'kafe')]
  const all = events((await superAdmin.get('/network/deliveries')).html)
  const own = events((await siteAdmin.get('/sites/kafe/admin/deliveries')).html)
  expect([all.length, own.length]).toEqual([2, 1])
  const foreign = all.find((id) => !own.includes(id)) ?? ''
  expect((await siteAdmin.get(`/sites/kafe/admin/deliveries/${own[0]}`)).status).toBe(200)
  expect((await siteAdmin.get(`/sites/kafe/admin/deliveries/${foreign}`)).status).toBe(404)
  expect((await siteAdmin.post(`/sites/kafe/admin/deliveries/${foreign}/redeliver`)).status).toBe(404)
  expect((await siteAdmin.get('/network/deliveries')).status).toBe(403)
  await siteAdmin.send('/sites/kafe/admin/deliveries', { action: 'redeliver', id: foreign })
  await app.deliver()
  expect(app.receiver.requests).toHaveLength(2)
  expect((await superAdmin.get(`/sites/kafe/admin/deliveries/${foreign}`)).status).toBe(404)
})

test('a viewer reads the list and is offered no action', async () => {
  const app = await network()
  await app.emit()
  await app.deliver()
  const viewer = await app.login('viewer')
  const { html } = await viewer.get('/network/deliveries')
  expect(html).toContain('payment_<wbr>received')
  expect(html).not.toContain('/redeliver"')
  expect(html).not.toContain('value="redeliver"')
  expect((await viewer.post('/network/deliveries', { action: 'redeliver' })).status).toBe(403)
})

test('names that hold markup are shown as they are', async () => {
  const app = await testApp()
  await app.webhook({ name: '<script>alert(1)</script>', url: 'http://127.0.0.1:1' })
  await app.emit()
  const admin = await app.login()
  const { html } = await admin.get('/network/deliveries?q=%3Cscript%3E')
  expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
  expect(html).not.toContain('<script>')
})
