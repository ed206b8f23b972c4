import { expect, test } from 'vitest'
import { HOUR } from '../../../../server/lib/clock.ts'
import { plainSigning } from '../../../../server/webhooks/sign.ts'
import { testApp } from '../../../support/app.ts'
import { wordsOf } from '../../../support/form.ts'
import { startReceiver } from '../../../support/receiver.ts'

const LIST = '/network/webhooks'
const namesIn = (html: string): string[] =>
  Array.from(html.matchAll(/class="primary">\s*<a href="[^"]*">([^<]*)</g), ([, name = '']) => name)

test('with no webhooks there is one next step', async () => {
  const app = await testApp()
  const { html } = await (await app.login()).get(LIST)
  expect(wordsOf(html)).toContain('No webhooks yet')
  expect(html).toContain(`<a class="button primary" href="${LIST}/new">`)
})

test('a row says where it sends, what, how it fares, and what became of the last delivery', async () => {
  const receiver = await startReceiver({ answer: (_, n) => ({ status: n === 2 ? 500 : 200 }) })
  const app = await testApp()
  const admin = await app.login()
  await app.webhook({ name: 'Books', url: `${receiver.url}/in?token=hush`, retrySchedule: [60] })
  app.clock.advance(HOUR)
  for (let n = 1; n <= 2; n++) {
    await app.emit()
    await app.deliver()
  }
  const { html } = await admin.get(LIST)
  const words = wordsOf(html)
  expect(words).toContain(`Books ${new URL(receiver.url).host}/… Edit Send Test Event Deliveries Retire Delete`)
  expect(words).toContain('Active payment_failed Real time and 1 more 1 delivered 1 failed Retrying')
  expect(words).toContain('500 Internal Server Error')
  expect(html).toContain('aria-label="Last 24 hours: 1 delivered, 1 failed"')
  expect(html).not.toContain('hush')
})

test('views, search and order stand in the URL; junk there is as good as nothing', async () => {
  const app = await testApp()
  const admin = await app.login()
  await app.webhook({ name: 'banana', url: 'https://a.example/' })
  await app.webhook({ name: 'Apple', url: 'https://b.example/', events: ['greeting_sent'] })
  await app.webhook({ name: 'cherry', url: 'https://c.example/', active: false })
  const names = async (search: string) => namesIn((await admin.get(LIST + search)).html)
  expect(await names('?sort=name')).toEqual(['Apple', 'banana', 'cherry'])
  expect(await names('?sort=-name')).toEqual(['cherry', 'banana', 'Apple'])
  expect(await names('?state=retired')).toEqual(['cherry'])
  expect(await names('?q=B.EXAMPLE')).toEqual(['Apple'])
  expect(await names('?q=greeting')).toEqual(['Apple'])
  expect(await names('?q=ban&state=active')).toEqual(['banana'])
  expect(await names('?state=nonsense&sort=%00&page=-3&q=')).toHaveLength(3)
  expect(await names('?page=999999999')).toHaveLength(3)
  const { html } = await admin.get(`${LIST}?sort=name&state=active`)
  expect(html).toMatch(/aria-sort="ascending"><a href="\/network\/webhooks\?state=active&amp;sort=-name">/)
  expect(wordsOf(html)).toContain('All (3) Active (2) Retired (1)')
  expect(wordsOf((await admin.get(`${LIST}?q=nobody`)).html)).toContain('No webhooks match')
})

test('more than twenty are shown page by page', async () => {
  const app = await testApp()
  const admin = await app.login()
  for (let n = 10; n < 32; n++) await app.webhook({ name: `Webhook ${n}`, url: 'https://a.example/' })
  const first = await admin.get(`${LIST}?sort=name`)
  expect(namesIn(first.html)).toHaveLength(20)
  expect(first.html).toContain('href="/network/webhooks?sort=name&amp;page=2"')
  expect(wordsOf(first.html)).toContain('22 items')
  const second = await admin.get(`${LIST}?sort=name&page=2`)
  expect(namesIn(second.html)).toEqual(['Webhook 30', 'Webhook 31'])
  expect(wordsOf(second.html)).toContain('2 of 2')
})

test('Network Admin lists all webhooks and says whose they are; a site lists and reaches its own', async () => {
  const app = await testApp()
  const [kafe, kurs] = [await app.site('kafe'), await app.site('kurs')]
  const own = await app.webhook({ name: 'Of kafe', url: 'https://a.example/' }, kafe)
  const foreign = await app.webhook({ name: 'Of kurs', url: 'https://b.example/' }, kurs)
  const network = await app.webhook({ name: 'Of the network', url: 'https://c.example/' })
  const all = await (await app.login('integration_admin')).get(`${LIST}?sort=name`)
  expect(namesIn(all.html)).toEqual(['Of kafe', 'Of kurs', 'Of the network'])
  expect(wordsOf(all.html)).toContain('Of kafe kafe a.example')
  const admin = await app.login('site_admin', 'kafe')
  const site = '/sites/kafe/admin/webhooks'
  expect(namesIn((await admin.get(site)).html)).toEqual(['Of kafe'])
  expect((await admin.get(`${site}/${own}`)).status).toBe(200)
  for (const id of [foreign, network, 'whk_nobody', 'whk_01k4x8zq7m01k4x8zq7m01k4x8']) {
    expect((await admin.get(`${site}/${id}`)).status).toBe(404)
    for (const act of ['', '/test', '/activate', '/retire', '/delete', '/secret', '/signature.json'])
      expect((await admin.post(`${site}/${id}${act}`, { name: 'Mine' })).status).toBe(404)
  }
  await admin.post(
    site,
    new URLSearchParams([
      ['action', 'retire'],
      ['id', foreign],
      ['id', network],
    ]),
  )
  await admin.post(site, { action: 'delete', sure: '1', ids: `${foreign},${network}` })
  const left = await app.deps.db.q.selectFrom('webhook').select('state').execute()
  expect(left.map(({ state }) => state)).toEqual(['active', 'active', 'active'])
  expect((await admin.get('/sites/kurs/admin/webhooks')).status).toBe(404)
  expect((await admin.get(LIST)).status).toBe(403)
})

test('a viewer reads all of it, changes nothing, and sees no button that would', async () => {
  const app = await testApp()
  const viewer = await app.login('viewer')
  const id = await app.webhook({
    name: 'Books',
    url: 'https://books.example/in?token=hush',
    auth: 'signature',
    signing: plainSigning,
  })
  const list = await viewer.get(LIST)
  expect(namesIn(list.html)).toEqual(['Books'])
  const page = await viewer.get(`${LIST}/${id}`)
  expect(page.status).toBe(200)
  expect(wordsOf(page.html)).toContain(
    'Target URL https://books.example/in?… Trigger events Payment Failed, Payment Received',
  )
  for (const { html } of [list, page]) {
    const main = /<main.*<\/main>/s.exec(html)?.[0] ?? ''
    for (const word of [
      'Add New Webhook',
      'formaction',
      'class="link"',
      '/delete',
      'Bulk',
      'whsec_',
      'hush',
      'name="id"',
    ])
      expect(main).not.toContain(word)
  }
  for (const path of ['/new', `/${id}/delete`, `/${id}/activate`])
    expect((await viewer.get(LIST + path)).status).toBe(403)
  for (const path of [
    '',
    '/new',
    '/new/signature.json',
    ...['', '/test', '/retire', '/activate', '/delete', '/secret', '/signature.json'].map((act) => `/${id}${act}`),
  ])
    expect((await viewer.post(LIST + path, { name: 'Mine', action: 'delete', sure: '1', ids: id })).status).toBe(403)
})
