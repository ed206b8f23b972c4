import { describe, expect, test } from 'vitest'
import { newId } from '../../../../server/lib/ids.ts'
import { testApp, type Answer, type TestApp, type Visitor } from '../../../support/app.ts'
import { fillIn, wordsOf } from '../../../support/form.ts'

const addressIn = (html: string) => /<code class="secret" id="address"[^>]*>([^<]+)<\/code>/.exec(html)?.[1] ?? ''
const post = (app: TestApp, to: string, body: string) =>
  app.fetch(to, { method: 'POST', body, headers: { 'content-type': 'application/json' } })

/** Adds a source as a person does, and gives the page of it. */
async function add(
  admin: Visitor,
  kind: string,
  fields: Record<string, string> = {},
  area = '/network',
): Promise<Answer> {
  const form = await admin.get(`${area}/sources/new?kind=${kind}`)
  return admin.send(`${area}/sources/new`, fillIn(form.html, 'source', fields))
}
const pathOf = (html: string) => /action="([^"]*\/sources\/src_[0-9a-z]+)"/.exec(html)?.[1] ?? ''
const audited = async (app: TestApp) => {
  const rows = await app.deps.db.q
    .selectFrom('audit')
    .selectAll()
    .where('action', 'like', 'source%')
    .orderBy('seq')
    .execute()
  return rows
}

describe('a source', () => {
  test('is added, pasted, heard, and shown with what came in', async () => {
    const app = await testApp()
    const admin = await app.login()
    expect(wordsOf((await admin.get('/network/sources')).html)).toContain('No sources yet')
    expect(wordsOf((await admin.get('/network/sources/new')).html)).toContain('Any JSON')

    const made = await add(admin, 'generic', {
      name: 'Order desk',
      event: 'generic.request_received',
      field: 'body',
      'how.body': 'from',
      'origin.body': '.',
    })
    expect(wordsOf(made.html)).toContain('Order desk was added.')
    expect(made.headers.get('referrer-policy')).toBe('same-origin')
    const address = addressIn(made.html)
    expect(address).toMatch(/^http:\/\/127\.0\.0\.1:3000\/ingest\/generic\/[\w-]{43}$/)

    expect((await post(app, address, '{"no":1}')).status).toBe(200)
    expect((await post(app, address, '{"no":')).status).toBe(400)
    const shown = wordsOf((await admin.get(pathOf(made.html))).html)
    expect(shown).toContain('Request Received')
    expect(shown).toContain('400 The body is not JSON')
    const list = (await admin.get('/network/sources')).html
    expect(wordsOf(list)).toContain('127.0.0.1:3000/ingest/generic/…')
    expect(list).not.toContain(address)
  })

  test('that was sent twice is one', async () => {
    const app = await testApp()
    const admin = await app.login()
    const form = fillIn((await admin.get('/network/sources/new?kind=stripe')).html, 'source')
    const [one, two] = [await admin.send('/network/sources/new', form), await admin.send('/network/sources/new', form)]
    expect(pathOf(one.html)).toBe(pathOf(two.html))
    expect(await app.deps.db.q.selectFrom('source').select('id').execute()).toHaveLength(1)
  })

  test('says that it takes nothing before its secret is there, and never shows it again', async () => {
    const app = await testApp()
    const admin = await app.login()
    const made = await add(admin, 'stripe')
    expect(wordsOf(made.html)).toContain('This source takes nothing yet. Enter its secret')
    const path = pathOf(made.html)
    const saved = await admin.send(
      path,
      fillIn(made.html, 'source', { secret: ' whsec_of_stripe ', 'settings.test_mode': null }),
    )
    expect(wordsOf(saved.html)).not.toContain('takes nothing yet')
    expect(saved.html).not.toContain('whsec_of_stripe')
    expect(wordsOf(saved.html)).toContain('Stored. Leave empty to keep it.')
    const kept = await admin.send(path, fillIn(saved.html, 'source', { name: 'Stripe, again' }))
    const { secret, settings } = await app.deps.db.q.selectFrom('source').selectAll().executeTakeFirstOrThrow()
    expect([secret === null, settings]).toEqual([false, '{"test_mode":false}'])
    await admin.send(path, fillIn(kept.html, 'source', { 'secret.remove': '1' }))
    expect((await app.deps.db.q.selectFrom('source').selectAll().executeTakeFirstOrThrow()).secret).toBeNull()
  })

  test('with wrong fields says what to write, and keeps what was typed', async () => {
    const app = await testApp()
    const admin = await app.login()
    const form = await admin.get('/network/sources/new?kind=generic')
    const answer = await admin.post(
      '/network/sources/new',
      fillIn(form.html, 'source', { name: ' ', secret: 'typed', 'settings.header': 'a b' }),
    )
    expect(answer.status).toBe(422)
    const words = wordsOf(answer.html)
    for (const sentence of ['Give a name.', 'This is the name of a header', 'Choose one of the events'])
      expect(words).toContain(sentence)
    expect(answer.html).toContain('value="a b"')
    expect(answer.html).not.toContain('typed')
  })

  test('gets another address, with the one before for a day or not at all', async () => {
    const app = await testApp()
    const admin = await app.login()
    const made = await add(admin, 'generic', { event: 'generic.request_received', field: 'body', 'origin.body': '.' })
    const path = pathOf(made.html)
    const first = addressIn(made.html)
    const rotated = await admin.send(`${path}/address`)
    const second = addressIn(rotated.html)
    expect(wordsOf(rotated.html)).toContain('The old address works for 24 more hours.')
    expect(wordsOf(rotated.html)).toContain('The old address works until')
    expect([(await post(app, first, '{}')).status, (await post(app, second, '{}')).status]).toEqual([200, 200])
    const third = addressIn((await admin.send(`${path}/address`, { at_once: '1' })).html)
    const statuses = []
    for (const to of [first, second, third]) statuses.push((await post(app, to, '{}')).status)
    expect(statuses).toEqual([404, 404, 200])
  })

  test('is retired, brought back and deleted, all of it audited without secrets', async () => {
    const app = await testApp()
    const admin = await app.login()
    const made = await add(admin, 'stripe', { name: 'Stripe', secret: 'whsec_of_stripe' })
    const path = pathOf(made.html)
    expect(wordsOf((await admin.send(`${path}/retire`)).html)).toContain('This source is retired.')
    expect((await post(app, addressIn(made.html), '{}')).status).toBe(409)
    await admin.send(`${path}/activate`)
    expect(wordsOf((await admin.get(`${path}/delete`)).html)).toContain('Delete Stripe?')
    await admin.send(`${path}/address`)
    await admin.send(`${path}/delete`)
    expect((await admin.get(path)).status).toBe(404)
    expect((await post(app, addressIn(made.html), '{}')).status).toBe(404)
    const rows = await audited(app)
    expect(rows.map(({ action }) => action)).toEqual([
      'source.created',
      'source.retired',
      'source.activated',
      'source.address_rotated',
      'source.deleted',
    ])
    expect(JSON.stringify(rows)).not.toMatch(/whsec|\/ingest\//)
  })

  test('that two people edit: the second one is told', async () => {
    const app = await testApp()
    const [one, two] = [await app.login(), await app.login()]
    const made = await add(one, 'stripe')
    const path = pathOf(made.html)
    const theirs = (await two.get(path)).html
    await one.send(path, fillIn(made.html, 'source', { name: 'By the first' }))
    const late = await two.post(path, fillIn(theirs, 'source', { name: 'By the second' }))
    expect(late.status).toBe(409)
    expect(wordsOf(late.html)).toContain('Somebody else saved this source while you had it open.')
    expect(wordsOf(late.html)).toContain('Name By the first By the second')
    expect(wordsOf((await one.get(path)).html)).toContain('By the first')
    // With both values in sight, saving once more is a choice.
    expect((await two.post(path, fillIn(late.html, 'source'))).status).toBe(303)
    expect(wordsOf((await one.get(path)).html)).toContain('By the second')
  })
})

test('many sources stand on several pages, and junk in the address is the first', async () => {
  const app = await testApp()
  const admin = await app.login()
  const { id: _, ...row } = await add(admin, 'stripe').then(() =>
    app.deps.db.q.selectFrom('source').selectAll().executeTakeFirstOrThrow(),
  )
  const rows = Array.from({ length: 54 }, (__, n) => ({
    ...row,
    id: newId('src', app.deps),
    token_hash: `${n}`,
    name: `S${n + 10}`,
  }))
  await app.deps.db.commit(rows.map((one) => app.deps.db.q.insertInto('source').values(one)))
  const names = async (query: string) =>
    [...(await admin.get(`/network/sources${query}`)).html.matchAll(/>(S\d\d|Stripe)<\/a>/g)].length
  expect([await names(''), await names('?page=2'), await names('?page=-9'), await names('?page=99999')]).toEqual([
    20, 20, 20, 15,
  ])
  expect(await names('?q=S1')).toBe(10)
  expect(await names('?state=retired')).toBe(0)
})

test('sources are retired, activated and deleted from the list, one or many', async () => {
  const app = await testApp()
  const admin = await app.login()
  const [one = '', two = ''] = [await add(admin, 'stripe'), await add(admin, 'woocommerce')].map(
    ({ html }) => pathOf(html).split('/').at(-1) ?? '',
  )
  const ids = `${one},${two}`
  const states = async () =>
    (await app.deps.db.q.selectFrom('source').select('state').orderBy('name').execute()).map(({ state }) => state)
  const back = '/network/sources?state=active'
  const retired = await admin.post(`/network/sources/${one}/retire`, { back })
  expect(retired.location).toBe(back)
  expect(await states()).toEqual(['retired', 'active'])
  const act = async (action: string, more: Record<string, string> = {}) =>
    wordsOf((await admin.send('/network/sources', { action, ids, ...more })).html)
  expect(await act('retire')).toContain('Sources retired: 2.')
  expect(await states()).toEqual(['retired', 'retired'])
  expect(await act('activate')).toContain('Sources activated: 2.')
  expect(await act('')).toContain('Nothing was done.')
  expect(wordsOf((await admin.post('/network/sources', { action: 'delete', ids })).html)).toContain('Delete 2 sources?')
  expect(await states()).toEqual(['active', 'active'])
  expect(await act('delete', { sure: '1' })).toContain('Sources deleted: 2.')
  expect(await states()).toEqual([])
})

test('Health tells of a source that refuses, until it takes something again', async () => {
  const app = await testApp()
  const admin = await app.login()
  const fields = { name: 'Order desk', event: 'generic.request_received', field: 'body', 'origin.body': '.' }
  const address = addressIn((await add(admin, 'generic', fields)).html)
  const health = async () => wordsOf((await admin.get('/network/health')).html)
  await post(app, address, 'no JSON')
  expect(await health()).toContain('A source refuses what comes in')
  app.clock.advance(1000)
  await post(app, address, '{}')
  expect(await health()).not.toContain('refuses what comes in')
})

describe('the mapping of a generic source', () => {
  const sample = '{"order":{"no":17,"sum":"249.00","buyer":"Mary"},"at":1768469400}'
  const fields = {
    event: 'payment_received',
    field: [
      'payment_id',
      'payment_status',
      'payment_total',
      'payment_total_raw',
      'payment_currency',
      'payment_gateway',
      'payment_date_created',
      'customer_name',
      'amount_minor',
    ],
    'origin.payment_id': 'order.no',
    'how.payment_status': 'value',
    'origin.payment_status': 'completed',
    'origin.payment_total': 'order.sum',
    'origin.payment_total_raw': 'order.sum',
    'how.payment_currency': 'value',
    'origin.payment_currency': 'SEK',
    'how.payment_gateway': 'value',
    'origin.payment_gateway': 'desk',
    'origin.payment_date_created': 'at',
    'origin.customer_name': 'order.buyer',
    'origin.amount_minor': 'order.sum * 100',
    key: 'order.no',
    sample,
  }

  test('shows the fields of the event, previews a sample, and is kept as it was written', async () => {
    const app = await testApp()
    const admin = await app.login()
    const empty = await admin.get('/network/sources/new?kind=generic')
    const chosen = await admin.post(
      '/network/sources/new',
      fillIn(empty.html, 'source', { event: 'payment_received', intent: 'fields' }),
    )
    expect(chosen.html).toContain('name="origin.amount_minor"')
    const bad = await admin.post(
      '/network/sources/new',
      fillIn(chosen.html, 'source', { ...fields, 'origin.amount_minor': 'order.buyer', intent: 'preview' }),
    )
    expect(wordsOf(bad.html)).toContain('This does not fit the event yet. amount_minor: This has to be')
    const good = await admin.post(
      '/network/sources/new',
      fillIn(chosen.html, 'source', { ...fields, intent: 'preview' }),
    )
    expect(wordsOf(good.html)).toContain('This fits the event.')
    expect(wordsOf(good.html)).toContain('24900')
    const made = await admin.send('/network/sources/new', fillIn(good.html, 'source', { name: 'Desk' }))
    expect((await post(app, addressIn(made.html), sample)).status).toBe(200)
    const event = await app.deps.db.q
      .selectFrom('event')
      .selectAll()
      .where('type', '=', 'payment_received')
      .executeTakeFirstOrThrow()
    expect(JSON.parse(event.payload)).toMatchObject({
      payment_id: '17',
      amount_minor: 24900,
      customer_id: null,
      payment_date_created: '2026-01-15T09:30:00.000Z',
    })
    // Saved again without a change it stays the same.
    const before = await app.deps.db.q.selectFrom('source').select('mapping').executeTakeFirstOrThrow()
    await admin.send(pathOf(made.html), fillIn(made.html, 'source'))
    expect(await app.deps.db.q.selectFrom('source').select('mapping').executeTakeFirstOrThrow()).toEqual(before)
  })

  test('offers no event that its owner does not share', async () => {
    const app = await testApp()
    const admin = await app.login()
    const { html } = await admin.get('/network/sources/new?kind=generic')
    expect(html).toContain('value="payment_received"')
    expect(html).not.toContain('value="webhook_failing"')
    const answer = await admin.post('/network/sources/new', fillIn(html, 'source', { event: 'webhook_failing' }))
    expect(answer.status).toBe(422)
  })
})

describe('people', () => {
  test('of a site see and make the sources of that site alone', async () => {
    const app = await testApp()
    const cafe = await app.site('cafe')
    const [admin, own] = [await app.login(), await app.login('site_admin', 'cafe')]
    const foreign = await add(admin, 'generic', {
      name: 'Of the network',
      event: 'generic.request_received',
      field: 'body',
      'origin.body': '.',
    })
    const made = await add(own, 'stripe', { name: 'Of the café', site: 'sit_main' }, '/sites/cafe/admin')
    expect(await app.deps.db.q.selectFrom('source').select(['name', 'site_id']).orderBy('name').execute()).toEqual([
      { name: 'Of the café', site_id: cafe },
      { name: 'Of the network', site_id: 'sit_main' },
    ])
    const list = wordsOf((await own.get('/sites/cafe/admin/sources')).html)
    expect(list).toContain('Of the café')
    expect(list).not.toContain('Of the network')
    const id = pathOf(foreign.html).split('/').at(-1)
    expect((await own.get(`/sites/cafe/admin/sources/${id}`)).status).toBe(404)
    expect((await own.get(pathOf(foreign.html))).status).toBe(403)
    expect((await admin.get(pathOf(made.html))).status).toBe(200)
  })

  test('who may only look see no address and nothing to press', async () => {
    const app = await testApp()
    const made = await add(await app.login(), 'stripe')
    const viewer = await app.login('viewer')
    const { html, status } = await viewer.get(pathOf(made.html))
    expect(status).toBe(200)
    expect(html).not.toContain(addressIn(made.html))
    expect(html).not.toMatch(/\/address"|\/retire"|name="secret"/)
    expect((await viewer.post(`${pathOf(made.html)}/address`)).status).toBe(403)
    expect((await viewer.get('/network/sources/new')).status).toBe(403)
  })
})
