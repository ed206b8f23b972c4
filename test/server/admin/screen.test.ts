import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { testApp, type TestApp, type Visitor } from '../../support/app.ts'
import { wordsOf } from '../../support/form.ts'

const heads = (html: string): string => wordsOf(html.slice(html.indexOf('<thead>'), html.indexOf('</thead>'))).trim()

test('everybody arranges a list for themselves: its columns, and the rows of a page', async () => {
  const app = await testApp()
  const [admin, other] = [await app.login(), await app.login()]
  for (let n = 0; n < 12; n++) await app.emit()
  const search = '?type=payment_received'
  const before = await admin.get(`/network/events${search}`)
  expect(heads(before.html)).toBe('Event Deliveries Reported by Site Time')
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
  expect(heads(theirs.html)).toBe('Event Deliveries Reported by Site Time')
  expect(wordsOf(theirs.html)).toContain('12 shown')
})

describe('every list', () => {
  let app: TestApp
  let admin: Visitor
  let end = () => Promise.resolve()
  beforeAll(async () => {
    app = await testApp({ ends: (stop) => void (end = stop) })
    admin = await app.login()
    for (const owner of ['network', await app.site('kafe')]) {
      await app.webhook({ name: 'Order desk', url: 'https://a.example/' }, owner)
      const [bin, source] = [{ name: 'Trial' }, { kind: 'generic', name: 'Desk', mapping }]
      const base = owner === 'network' ? '/network' : '/sites/kafe/admin'
      await admin.post(`${base}/bins`, bin)
      const client = await app.client(owner === 'network' ? undefined : 'kafe')
      if (owner === 'network')
        for (const site of ['main', 'kafe']) await client('POST', '/sources', { ...source, site })
    }
    await admin.post('/network/privacy', { address: 'ann@example.com' })
    await app.emit()
    await app.emit({
      site: (await app.deps.db.q.selectFrom('site').select('id').where('slug', '=', 'kafe').executeTakeFirstOrThrow())
        .id,
    })
  })
  afterAll(() => end())
  const mapping = { event: 'generic.request_received', fields: { body: { from: '.' } } }
  const both = ['webhooks', 'deliveries', 'events', 'bins', 'event-types', 'sources', 'api-keys', 'plugins']
  const network = ['sites', 'users', 'hooks', 'privacy', 'audit']

  test.each([
    ...[...both, ...network].map((screen) => [screen, '/network'] as const),
    ...both.map((screen) => [screen, '/sites/kafe/admin'] as const),
  ])('of %s in %s has help, and leaves out what nobody wants to see', async (screen, base) => {
    const path = `${base}/${screen}`
    await app.deps.db.commit([app.deps.db.q.deleteFrom('user_screen')])
    const before = (await admin.get(path)).html
    expect(before).toContain('<summary>Screen Options')
    expect(before).toContain('<summary>Help')
    const columns = Array.from(before.matchAll(/name="column" value="([\w-]+)" checked/g), ([, name = '']) => name)
    expect(columns.length).toBeGreaterThan(1)
    const saved = await admin.post('/account/screen', { screen, back: path, rows: '50' })
    expect(saved.location).toBe(path)
    const { html } = await admin.get(path)
    expect(html).not.toContain('value="checked"')
    expect(heads(html).split(' ').length).toBeLessThan(heads(before).split(' ').length)
    // The names of rows stay, whatever else goes.
    expect(html.split('<th scope="row"').length).toBe(before.split('<th scope="row"').length)
    const row = html.slice(html.indexOf('<th scope="row"'), html.indexOf('</tr>', html.indexOf('<th scope="row"')))
    expect(row).not.toContain('data-label')
    if (screen !== 'event-types') expect(html).toMatch(/<option value="50" selected>/)
  })
})

test('a list that nobody has is not found, and the way back never leads elsewhere', async () => {
  const app = await testApp()
  const admin = await app.login()
  expect((await admin.post('/account/screen', { screen: 'nothing', back: '/' })).status).toBe(404)
  const bent = await admin.post('/account/screen', { screen: 'events', back: '//evil.example/' })
  expect(new URL(bent.location, 'http://127.0.0.1:3000').host).toBe('127.0.0.1:3000')
})
