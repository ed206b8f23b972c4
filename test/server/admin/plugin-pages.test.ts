import { expect, test } from 'vitest'
import { definePlugin } from 'hookline/plugin'
import { testApp } from '../../support/app.ts'

const entry = {
  customer_name: '<i>Mary</i>',
  customer_email: 'mary@example.com',
  amount: '249.00',
  currency: 'SEK',
  gateway: 'stripe',
  outcome: 'received',
  once: '',
}

const odd = definePlugin(
  { slug: 'odd', version: '1.0.0', title: 'Odd', requires: { host: '^1.0' }, scope: 'network', defaultActive: true },
  ({ page, route }) => {
    page('/broken', {
      title: 'Broken',
      template: 'broken',
      load: () => {
        throw new Error('secret detail')
      },
    })
    page('/untemplated', { title: 'Untemplated', template: 'nowhere', load: () => ({}) })
    const to = (location: string) => () =>
      new Response(null, { status: 303, headers: { location, 'set-cookie': 'mine=1', 'content-security-policy': 'x' } })
    route('POST /near', to('payments?a=1#b'))
    route('POST /far', to('https://evil.example/'))
    route('POST /sly', to('//evil.example/'))
  },
)

test("a plugin's page stands in our frame, with a menu entry", async () => {
  const app = await testApp()
  const { status, html } = await (await app.login()).get('/network/plugins/payments/payments')
  expect(status).toBe(200)
  expect(html).toContain('<h1>Payments</h1>')
  expect(html).toContain('Record a payment')
  expect(html).toContain('<a href="/network/plugins/payments/payments" aria-current="page">')
  expect(html).toContain('<a href="/network/plugins">')
})

test('its form stores, emits and comes back with a notice', async () => {
  const app = await testApp()
  const admin = await app.login()
  const { status, location } = await admin.post('/network/plugins/payments/payments', entry)
  expect(status).toBe(303)
  expect(location).toMatch(/^\/network\/plugins\/payments\/payments\?recorded=rec_\w+$/)
  const { html } = await admin.get(location)
  expect(html).toContain('The payment was recorded.')
  expect(html).toContain('&lt;i&gt;Mary&lt;/i&gt;')
  const events = await app.deps.db.q.selectFrom('event').select(['type', 'site_id']).execute()
  expect(events).toContainEqual({ type: 'payment_received', site_id: 'sit_main' })
})

test('a form with faults is shown again in the frame, with what was typed', async () => {
  const app = await testApp()
  const wrong = { ...entry, amount: 'much' }
  const path = '/network/plugins/payments/payments'
  const { status, html } = await (await app.login()).post(path, wrong)
  expect(status).toBe(422)
  // It stands at the address of the page, so that it can be reloaded.
  expect(html).toContain(`<a href="${path}" aria-current="page">`)
  expect(html).toContain('<h1>Payments</h1>')
  expect(html).toContain('value="much"')
  expect(html).toContain('The payment was not recorded.')
})

test('in the area of a site it works for that site', async () => {
  const app = await testApp()
  const kafe = await app.site('kafe')
  const admin = await app.login()
  await admin.send('/sites/kafe/admin/plugins/payments/payments', entry)
  const events = await app.deps.db.q
    .selectFrom('event')
    .select('site_id')
    .where('type', '=', 'payment_received')
    .execute()
  expect(events).toEqual([{ site_id: kafe }])
  expect((await admin.get('/network/plugins/payments/payments')).html).not.toContain('Mary')
  expect((await admin.get('/sites/kafe/admin/plugins/payments/payments')).html).toContain('Mary')
})

test('so it does for a site whose slug is a word of the address', async () => {
  const app = await testApp()
  await app.site('plugins')
  const admin = await app.login()
  await admin.send('/sites/plugins/admin/plugins/payments/payments', entry)
  const { status, html } = await admin.get('/sites/plugins/admin/plugins/payments/payments')
  expect(status).toBe(200)
  expect(html).toContain('Mary')
})

test('what is not there, or not running, is not found', async () => {
  const app = await testApp()
  const admin = await app.login()
  for (const path of ['payments/', 'payments/nothing', 'nobody/payments', '%00/x']) {
    expect((await admin.get(`/network/plugins/${path}`)).status).toBe(404)
  }
  expect((await admin.post('/network/plugins/example/greetings')).status).toBe(404)
  await admin.send('/network/plugins/payments/deactivate')
  expect((await admin.get('/network/plugins/payments/payments')).status).toBe(404)
  expect((await admin.post('/network/plugins/payments/payments', entry)).status).toBe(404)
})

test('a page that throws leaves the frame standing, and tells a fault id instead of the error', async () => {
  const app = await testApp({ plugins: [odd] })
  const admin = await app.login()
  const { status, html } = await admin.get('/network/plugins/odd/broken')
  expect(status).toBe(500)
  expect(html).toContain('This page does not work right now')
  expect(html).toContain('aria-label="Network Admin"')
  expect(html).toMatch(/flt_\w+/)
  expect(html).not.toContain('secret detail')
  expect((await admin.get('/network/plugins/odd/untemplated')).status).toBe(500)
})

test('what a plugin answers itself has no cookies or policies of its own, and never leads away', async () => {
  const app = await testApp({ plugins: [odd] })
  const admin = await app.login()
  const near = await admin.post('/network/plugins/odd/near')
  expect([near.status, near.location]).toEqual([303, '/network/plugins/odd/payments?a=1#b'])
  expect(near.headers.getSetCookie()).toEqual([])
  expect(near.headers.get('content-security-policy')).toContain("default-src 'none'")
  expect((await admin.post('/network/plugins/odd/far')).location).toBe('/network')
  expect((await admin.post('/network/plugins/odd/sly')).location).toBe('/network')
})

test('who may only read posts nothing to a plugin, and a stranger sees no page of it', async () => {
  const app = await testApp()
  const viewer = await app.login('viewer')
  expect((await viewer.post('/network/plugins/payments/payments', entry)).status).toBe(403)
  expect((await app.stranger.get('/network/plugins/payments/payments')).location).toMatch(/^\/login/)
})

test('an address of it that only takes forms leads to the page above it, for whoever may see that', async () => {
  const shelf = definePlugin(
    { slug: 'shelf', version: '1.0.0', title: 'Shelf', requires: { host: '^1.0' }, scope: 'site', defaultActive: true },
    ({ page, route }) => {
      const view = { title: 'Things', template: 'things', load: () => ({}) }
      page('/things', view)
      page('/wishes', { ...view, public: true })
      route('POST /things/:id/rename', (_request, { render }) => render('/things', {}))
      route('POST /wishes/send', (_request, { render }) => render('/wishes', {}), { public: true })
      route('POST /elsewhere', (_request, { render }) => render('/things', {}))
    },
  )
  const app = await testApp({ plugins: [shelf] })
  await app.site('kafe')
  const admin = await app.login()
  for (const area of ['/network', '/sites/kafe/admin']) {
    const to = async (path: string) => (await admin.get(`${area}/plugins/shelf${path}`)).location
    expect(await to('/things/a%20b/rename?x=1')).toBe(`${area}/plugins/shelf/things`)
    expect(await to('/wishes/send')).toBe(`${area}/plugins/shelf/wishes`)
    for (const path of ['/things/1', '/things/1/rename/2', '/elsewhere', '/', '']) expect(await to(path)).toBe('')
  }
  for (const area of ['', '/sites/kafe']) {
    expect((await app.stranger.get(`${area}/plugins/shelf/wishes/send`)).location).toBe(`${area}/plugins/shelf/wishes`)
    expect((await app.stranger.get(`${area}/plugins/shelf/things/1/rename`)).status).toBe(404)
  }
  await admin.send('/network/plugins/shelf/deactivate')
  expect((await admin.get('/network/plugins/shelf/things/1/rename')).status).toBe(404)
})
