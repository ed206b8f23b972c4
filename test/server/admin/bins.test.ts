import { describe, expect, test } from 'vitest'
import { binUrl } from '../../../server/webhooks/bins/address.ts'
import type { BinAnswer } from '../../../server/webhooks/bins/answer.ts'
import { makeBin } from '../../../server/webhooks/bins/make.ts'
import { testApp, type TestApp, type Visitor } from '../../support/app.ts'
import { fillIn, wordsOf } from '../../support/form.ts'
import { startReceiver } from '../../support/receiver.ts'

const ok: BinAnswer = { kind: 'ok', figure: 0 }

/** A bin with its address and page. */
async function bin(app: TestApp, answer: BinAnswer = ok, webhookId: string | null = null, owner = 'network') {
  const made = await makeBin(app.deps, { name: 'Try-out', answer, webhookId }, { owner, by: 'usr_test' }, () => [])
  return { id: made.id, url: binUrl(app.deps.publicUrl(), made.token), page: `/network/bins/${made.id}` }
}

/** Somebody outside sends something. */
const send = (app: TestApp, url: string, init: RequestInit = {}) =>
  app.fetch(url.slice(app.deps.publicUrl().length), { method: 'POST', ...init })

const stateOf = async ({ deps }: TestApp) =>
  (await deps.db.q.selectFrom('delivery').select(['state', 'last_outcome', 'last_status']).execute())[0]

test('what anybody sends to a bin shows up in it, and what is wild in it stays tame', async () => {
  const app = await testApp()
  const admin = await app.login()
  const { url, page } = await bin(app)
  expect(wordsOf((await admin.get(page)).html)).toContain('Nothing caught yet')
  const answer = await send(app, `${url}?tenant=1`, {
    method: 'PUT',
    body: '{"note":"<script>alert(1)</script>"}',
    headers: { 'x-note': '"><img src=x>', authorization: 'Bearer very-secret', cookie: 'a=b' },
  })
  expect(answer.status).toBe(200)
  expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8')
  expect(answer.headers.get('content-security-policy')).toBe('sandbox')
  const { html } = await admin.get(page)
  const text = wordsOf(html)
  for (const words of ['PUT', 'Not signed, answered 200', 'tenant=1', 'x-note', 'Bearer …'])
    expect(text).toContain(words)
  expect(html).not.toContain('<script>alert')
  expect(html).not.toContain('very-secret')
})

test('credentials are shown to those who may see secrets, and the audit log says so', async () => {
  const app = await testApp()
  const admin = await app.login()
  const { url, page } = await bin(app)
  await send(app, url, { headers: { authorization: 'Bearer very-secret' } })
  const [path = ''] = /\/network\/bins\/\w+\/captures\/\w+/.exec((await admin.get(page)).html) ?? []
  expect(wordsOf((await admin.post(`${path}/reveal`)).html)).toContain('Bearer very-secret')
  expect((await (await app.login('viewer')).post(`${path}/reveal`)).status).toBe(403)
  const audit = await app.deps.db.q
    .selectFrom('audit')
    .select('action')
    .where('action', '=', 'capture.revealed')
    .execute()
  expect(audit).toHaveLength(1)
  const stored = await app.deps.db.q.selectFrom('capture').selectAll().execute()
  expect(JSON.stringify(stored)).not.toContain('very-secret')
})

describe('a webhook that sends to a bin of ours', () => {
  test('is delivered without leaving the process, and its signature is judged', async () => {
    const app = await testApp()
    const admin = await app.login()
    const begun = await admin.get('/network/webhooks/new')
    const fields = { name: 'Orders', events: 'payment_received', auth: 'signature' }
    const generated = await admin.post(
      '/network/webhooks/new',
      fillIn(begun.html, 'webhook', { ...fields, intent: 'generate' }),
    )
    const shown = await admin.post(
      '/network/webhooks/new',
      fillIn(generated.html, 'webhook', { ...fields, intent: 'show' }),
    )
    const caught = await admin.post(
      '/network/webhooks/new',
      fillIn(shown.html, 'webhook', { ...fields, intent: 'bin' }),
    )
    expect(wordsOf(caught.html)).toContain('A bin is ready to catch.')
    const saved = await admin.post('/network/webhooks/new', fillIn(caught.html, 'webhook', fields))
    expect(saved.status).toBe(303)
    await app.emit()
    await app.deliver()
    expect(await stateOf(app)).toMatchObject({ state: 'delivered', last_status: 200 })
    const list = await admin.get('/network/bins')
    const [page = ''] = /\/network\/bins\/bin_\w+/.exec(list.html) ?? []
    const text = wordsOf((await admin.get(page)).html)
    expect(text).toContain('The signature is valid. A live secret of Orders gives it')
    expect(text).toContain('Valid, answered 200')
  })

  test.each<[string, BinAnswer, object]>([
    ['204', { kind: 'no_content', figure: 0 }, { state: 'delivered', last_status: 204 }],
    ['503', { kind: 'unavailable', figure: 0 }, { state: 'retrying', last_status: 503 }],
    ['a failure that passes', { kind: 'fails', figure: 1 }, { state: 'retrying', last_status: 503 }],
    ['410', { kind: 'gone', figure: 0 }, { state: 'failed', last_status: 410 }],
    ['429', { kind: 'slow_down', figure: 90 }, { state: 'retrying', last_status: 429 }],
    ['a redirect', { kind: 'redirect', figure: 0 }, { state: 'retrying', last_outcome: 'redirect', last_status: 302 }],
    ['no answer in time', { kind: 'waits', figure: 2 }, { state: 'retrying', last_outcome: 'timeout' }],
  ])('meets %s as it would outside', async (_, answer, state) => {
    const app = await testApp()
    const { url } = await bin(app, answer)
    await app.webhook({ url, timeoutSeconds: 1 })
    await app.emit()
    await app.deliver()
    expect(await stateOf(app)).toMatchObject(state)
  })

  test('recovers when the bin does', async () => {
    const app = await testApp()
    const { url } = await bin(app, { kind: 'fails', figure: 1 })
    await app.webhook({ url })
    await app.emit()
    await app.deliver()
    app.clock.advance(120_000)
    await app.deliver()
    expect(await stateOf(app)).toMatchObject({ state: 'delivered', last_status: 200 })
  })

  test('is not told that its requests can be read on the way', async () => {
    const app = await testApp()
    const admin = await app.login()
    const { url } = await bin(app)
    const id = await app.webhook({ url })
    const plain = await app.webhook({ url: 'http://plain.example/' })
    const form = async (webhook: string) => wordsOf((await admin.get(`/network/webhooks/${webhook}`)).html)
    expect(await form(plain)).toContain('Plain http: anybody on the way')
    expect(await form(id)).not.toContain('Plain http: anybody on the way')
    expect(wordsOf((await admin.get('/network/health')).html)).toContain('A webhook posts without https')
    await admin.post(`/network/webhooks/${plain}/retire`)
    expect(wordsOf((await admin.get('/network/health')).html)).not.toContain('posts without https')
  })

  test('gets 404 once the bin is gone', async () => {
    const app = await testApp()
    const admin = await app.login()
    const { url, page } = await bin(app)
    await app.webhook({ url })
    await admin.post(`${page}/delete`)
    await app.emit()
    await app.deliver()
    expect(await stateOf(app)).toMatchObject({ last_status: 404 })
    expect((await send(app, url)).status).toBe(404)
  })
})

test.each([
  [
    'another secret',
    { 'webhook-signature': 'v1,AAAA', 'webhook-timestamp': '1', 'webhook-id': 'evt_1' },
    'Wrong signature',
  ],
  ['no signature', {}, 'Not signed'],
])('a request with %s is told so', async (_, headers, words) => {
  const app = await testApp()
  const admin = await app.login()
  const webhook = await app.webhook({
    url: 'https://a.example/',
    auth: 'signature',
    signing: { scheme: 'v1', extra: [] },
  })
  const { url, page } = await bin(app, ok, webhook)
  await send(app, url, { headers: headers as Record<string, string>, body: '{}' })
  expect(wordsOf((await admin.get(page)).html)).toContain(words)
})

test('a bin keeps the newest of what it caught, for as long as the settings say', async () => {
  const app = await testApp()
  const { url, id } = await bin(app)
  await app.deps.db.commit([app.deps.db.q.insertInto('setting').values({ name: 'bin_captures', value: '10' })])
  for (let n = 0; n < 13; n++) {
    app.clock.advance(10)
    await send(app, url, { body: String(n) })
  }
  const kept = () => app.deps.db.q.selectFrom('capture').select('body').where('bin_id', '=', id).orderBy('id').execute()
  expect((await kept()).map(({ body }) => atob(body))).toEqual(['3', '4', '5', '6', '7', '8', '9', '10', '11', '12'])
  app.clock.advance(8 * 24 * 3600_000)
  await app.tidy()
  expect(await kept()).toEqual([])
})

test('what a bin keeps is listed page by page, and the one that is read stays in sight', async () => {
  const app = await testApp()
  const admin = await app.login()
  const { url, page } = await bin(app)
  for (let n = 0; n < 53; n++) {
    app.clock.advance(10)
    await send(app, url, { body: `number ${n}.` })
  }
  const listOf = (html: string) =>
    /<nav class="metabox" id="caught".*?<\/ul>.*?<p class="inside muted">/s.exec(html)?.[0] ?? ''
  const linksOf = (html: string) =>
    Array.from(listOf(html).matchAll(/href="([^"]*capture=[^"]*)"/g), ([, href = '']) => href.replaceAll('&amp;', '&'))
  const pageLink = (html: string, label: string) =>
    new RegExp(`href="([^"]*)" aria-label="${label}"`).exec(listOf(html))?.[1] ?? ''

  const newest = (await admin.get(page)).html
  expect([linksOf(newest).length, pageLink(newest, 'Newer')]).toEqual([50, ''])
  const older = (await admin.get(pageLink(newest, 'Older'))).html
  const [, , first = ''] = linksOf(older)
  expect([linksOf(older).length, pageLink(older, 'Older')]).toEqual([3, ''])
  expect(wordsOf(older)).toContain('number 2.')

  const read = (await admin.get(first)).html
  expect(wordsOf(read)).toContain('number 0.')
  expect(linksOf(read)).toEqual(linksOf(older))
  expect(listOf(read)).toContain('aria-current="true"')
  // Its address alone leads to it too, whatever page it stands on.
  const alone = (await admin.get(`${page}?capture=${first.split('capture=')[1]}`)).html
  expect(wordsOf(alone)).toContain('number 0.')
  expect(linksOf(alone)).toEqual(linksOf(newest))

  const back = (await admin.get(pageLink(read, 'Newer'))).html
  expect(linksOf(back)).toHaveLength(50)
  const other = await bin(app)
  expect(wordsOf((await admin.get(`${other.page}?capture=${first.split('capture=')[1]}`)).html)).toContain(
    'Nothing caught yet',
  )
  await admin.send(`${page}/clear`)
  await send(app, url, { body: 'after all' })
  expect(wordsOf((await admin.get(pageLink(newest, 'Older'))).html)).toContain('after all')
})

test('of a body 256 KiB are kept', async () => {
  const app = await testApp()
  const admin = await app.login()
  const { url, page } = await bin(app)
  await send(app, url, { body: 'x'.repeat(300 * 1024) })
  expect(wordsOf((await admin.get(page)).html)).toContain('The body was longer; the rest of it was not kept.')
})

test('a request is sent again elsewhere, through the guard, and can be taken along', async () => {
  const receiver = await startReceiver()
  const app = await testApp()
  const admin = await app.login()
  const { url, page } = await bin(app)
  await send(app, url, { body: '{"a":1}', headers: { 'content-type': 'application/json', 'x-note': 'kept' } })
  const [path = ''] = /\/network\/bins\/\w+\/captures\/\w+/.exec((await admin.get(page)).html) ?? []
  const sent = await admin.post(`${path}/replay`, { url: `${receiver.url}/again` })
  expect(wordsOf(sent.html)).toContain('The request was sent again.')
  expect(receiver.requests[0]).toMatchObject({ path: '/again', body: '{"a":1}' })
  expect(receiver.requests[0]?.headers['x-note']).toBe('kept')
  const refused = await admin.post(`${path}/replay`, { url: 'http://10.0.0.1/' })
  expect(wordsOf(refused.html)).toMatch(
    /It was not sent again\. .* 10\.0\.0\.1 is not an address of the public internet/,
  )
  expect(refused.html).toMatch(/name="url"[^>]* aria-invalid="true"[^>]* value="http:\/\/10\.0\.0\.1\/"/)
  const fixture = await admin.get(`${path}/fixture.json`)
  expect(JSON.parse(fixture.html)).toMatchObject({ method: 'POST', body: '{"a":1}', answered: 200 })
  expect((await admin.get(`${path}/body`)).headers.get('content-disposition')).toContain('attachment')
})

test('the form changes what a bin answers, and says what is wrong beside the field', async () => {
  const app = await testApp()
  const admin = await app.login()
  const { page, url } = await bin(app)
  const wrong = await admin.post(page, { name: 'Try-out', answer: 'waits', figure: '31', webhook: '' })
  expect(wrong.status).toBe(422)
  expect(wordsOf(wrong.html)).toContain('This has to be a whole number from 1 to 30.')
  expect(wrong.html).toContain('<label for="figure">Times or seconds (N)</label>')
  expect((await admin.post(page, { name: 'Month end', answer: 'gone', figure: '', webhook: '' })).status).toBe(303)
  expect((await send(app, url)).status).toBe(410)
})

test('a bin is cleared after a page that asks', async () => {
  const app = await testApp()
  const admin = await app.login()
  const { page, url } = await bin(app)
  await send(app, url)
  const { html } = await admin.get(page)
  expect(html).toContain(`href="${page}/clear"`)
  expect(html).not.toContain(`action="${page}/clear"`)
  const asked = await admin.get(`${page}/clear`)
  expect(wordsOf(asked.html)).toContain('Clear Try-out? All that it caught is deleted for good.')
  expect(asked.html).toContain(`method="post" action="${page}/clear"`)
  expect(wordsOf((await admin.get(page)).html)).toContain('Caught')
  expect(wordsOf((await admin.send(`${page}/clear`)).html)).toContain('The bin is empty.')
  expect(wordsOf((await admin.get(page)).html)).toContain('Nothing caught yet')
  expect((await (await app.login('viewer')).get(`${page}/clear`)).status).toBe(403)
})

test('there are as many bins as the settings say, and each owner sees the own ones', async () => {
  const app = await testApp()
  const admin = await app.login()
  const kafe = await app.site('kafe')
  await app.deps.db.commit([app.deps.db.q.insertInto('setting').values({ name: 'bins', value: '1' })])
  const { page } = await bin(app)
  const full = await admin.post('/network/bins', { name: 'One more' })
  expect(full.status).toBe(409)
  expect(wordsOf(full.html)).toContain('There are 1 bins already')
  const own = await bin(app, ok, null, kafe)
  const visitor: Visitor = await app.login('site_admin', 'kafe')
  expect((await visitor.get(`/sites/kafe/admin/bins/${own.id}`)).status).toBe(200)
  expect((await visitor.get(page.replace('/network', '/sites/kafe/admin'))).status).toBe(404)
})

describe('the list of bins', () => {
  test('has views, a search and an order, and in Network Admin those of every site', async () => {
    const app = await testApp()
    const admin = await app.login()
    const kafe = await app.site('kafe')
    expect((await admin.get('/network/bins')).html).not.toContain('Search bins')
    const draft = (name: string) => ({ name, answer: ok, webhookId: null })
    const make = (name: string, owner = 'network') =>
      makeBin(app.deps, draft(name), { owner, by: 'usr_test' }, () => [])
    await make('apple')
    const busy = await make('Banana')
    await make('Cherry', kafe)
    await send(app, binUrl(app.deps.publicUrl(), busy.token))
    const names = async (search: string, base = '/network') =>
      Array.from(
        (await admin.get(`${base}/bins${search}`)).html.matchAll(/class="primary"><a [^>]*>([^<]*)</g),
        ([, name]) => name,
      )
    expect(wordsOf((await admin.get('/network/bins')).html)).toContain('All (3) Caught (1) Nothing caught yet (2)')
    expect(await names('?state=caught')).toEqual(['Banana'])
    expect(await names('?state=empty&sort=-name')).toEqual(['Cherry', 'apple'])
    expect((await names('?sort=-caught'))[0]).toBe('Banana')
    expect(await names('?q=APP')).toEqual(['apple'])
    expect(await names('', '/sites/kafe/admin')).toEqual(['Cherry'])
    expect(wordsOf((await admin.get('/network/bins?q=nothing')).html)).toContain('No bins match')
    expect((await admin.get('/network/bins')).html).toContain('Cherry</a> <span class="tag">kafe</span>')
  })

  test('deletes many at once, after a page that names them', async () => {
    const app = await testApp()
    const admin = await app.login()
    const [one, two, three] = [await bin(app), await bin(app), await bin(app)]
    const bulk = (fields: Record<string, string>) => admin.post('/network/bins/bulk', { action: 'delete', ...fields })
    const asked = await bulk({ ids: `${one.id},${two.id}` })
    expect(wordsOf(asked.html)).toContain('Delete 2 bins?')
    const done = await bulk({ ids: `${one.id},${two.id}`, sure: '1', back: 'https://elsewhere.example/network/bins' })
    expect(done.location).toBe('/network/bins')
    expect(wordsOf((await admin.get(done.location)).html)).toContain('Bins deleted: 2.')
    const left = await app.deps.db.q.selectFrom('bin').select('id').execute()
    expect(left.map(({ id }) => id)).toEqual([three.id])
    expect((await send(app, one.url)).status).toBe(404)
    expect(wordsOf((await admin.send('/network/bins/bulk', { action: '', id: three.id })).html)).toContain(
      'Nothing was done.',
    )
  })

  test('makes one bin of a double click, and *Catch it here* finds the one that it made', async () => {
    const app = await testApp()
    const admin = await app.login()
    const { html } = await admin.get('/network/bins')
    const once = /name="once" value="(bin_\w+)"/.exec(html)?.[1] ?? ''
    const made = [
      await admin.post('/network/bins', { name: 'Twice', once }),
      await admin.post('/network/bins', { name: 'Twice', once }),
    ]
    expect(made.map(({ location }) => location)).toEqual([`/network/bins/${once}`, `/network/bins/${once}`])
    const form = fillIn((await admin.get('/network/webhooks/new')).html, 'webhook', { name: 'Orders', intent: 'bin' })
    const urls = [await admin.post('/network/webhooks/new', form), await admin.post('/network/webhooks/new', form)].map(
      (page) => fillIn(page.html, 'webhook').get('url'),
    )
    expect(urls[0]).toContain('/bin/')
    expect(urls[1]).toBe(urls[0])
    expect(await app.deps.db.q.selectFrom('bin').select('id').execute()).toHaveLength(2)
  })
})
