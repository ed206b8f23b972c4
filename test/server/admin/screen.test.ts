import { expect, test } from 'vitest'
import { testApp } from '../../support/app.ts'
import { wordsOf } from '../../support/form.ts'

const heads = (html: string): string => wordsOf(html.slice(html.indexOf('<thead>'), html.indexOf('</thead>'))).trim()

test('everybody arranges a list for themselves: its columns, and the rows of a page', async () => {
  const app = await testApp()
  const [admin, other] = [await app.login(), await app.login()]
  for (let n = 0; n < 12; n++) await app.emit()
  const search = '?type=payment_received'
  const before = await admin.get(`/network/events${search}`)
  expect(heads(before.html)).toBe('Event Deliveries Told by Site Time')
  const saved = await admin.post(
    '/account/screen',
    new URLSearchParams([
      ['screen', 'events'],
      ['back', `/network/events${search}&before=abc`],
      ['rows', '10'],
      ['column', 'deliveries'],
      ['column', 'time'],
    ]),
  )
  expect(saved.location).toBe(`/network/events${search}`)
  const { html } = await admin.get(saved.location)
  expect(wordsOf(html)).toContain('Screen options saved.')
  expect(heads(html)).toBe('Event Deliveries Time')
  expect(wordsOf(html)).toContain('10 shown')
  const theirs = await other.get(`/network/events${search}`)
  expect(heads(theirs.html)).toBe('Event Deliveries Told by Site Time')
  expect(wordsOf(theirs.html)).toContain('12 shown')
})

test.each(['webhooks', 'deliveries'])('the list of %s leaves out what nobody wants to see', async (screen) => {
  const app = await testApp()
  const admin = await app.login()
  await app.webhook({ name: 'Order desk', url: 'https://a.example/' })
  await app.emit()
  const before = heads((await admin.get(`/network/${screen}`)).html)
  await admin.post('/account/screen', { screen, back: `/network/${screen}`, rows: '50' })
  const { html } = await admin.get(`/network/${screen}`)
  expect(heads(html).length).toBeLessThan(before.length)
  expect(heads(html)).not.toMatch(/Time|Status/)
  expect(html).toMatch(/<option value="50" selected>/)
})

test('a list that nobody has is not found, and the way back never leads elsewhere', async () => {
  const app = await testApp()
  const admin = await app.login()
  expect((await admin.post('/account/screen', { screen: 'nothing', back: '/' })).status).toBe(404)
  const bent = await admin.post('/account/screen', { screen: 'events', back: '//evil.example/' })
  expect(new URL(bent.location, 'http://127.0.0.1:3000').host).toBe('127.0.0.1:3000')
})
