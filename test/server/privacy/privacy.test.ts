import { expect, onTestFinished, test, vi } from 'vitest'
import { placeNames } from '../../../db/queries/privacy-places.ts'
import { insertRequest, requestById } from '../../../db/queries/privacy.ts'
import { checkAudit, sealAudit } from '../../../server/access/audit.ts'
import { DAY, MINUTE } from '../../../server/lib/clock.ts'
import { newId } from '../../../server/lib/ids.ts'
import { makeBin } from '../../../server/webhooks/bins/make.ts'
import { goOn, progressOf, startSearch } from '../../../server/privacy/request.ts'
import { temporaryFolders } from '../../support/folder.ts'
import { quiet } from '../../support/log.ts'
import { readConfig } from '../../../server/config.ts'
import { start } from '../../../server/node/start.ts'
import { testApp, type TestApp, type Visitor } from '../../support/app.ts'
import { wordsOf } from '../../support/form.ts'
import { startReceiver } from '../../support/receiver.ts'

vi.setConfig({ testTimeout: 30_000 })

const folder = temporaryFolders()
const ANN = 'ann@nordlys.example'

async function receiver(answer: Parameters<typeof startReceiver>[0] = {}) {
  const made = await startReceiver(answer)
  onTestFinished(() => made.stop())
  return made
}

/** Goes on until nothing runs any more. */
async function settle(app: TestApp): Promise<void> {
  for (let n = 0; n < 10; n++) await app.tidy()
}

async function search(app: TestApp, admin: Visitor, address = ANN): Promise<string> {
  const { location } = await admin.post('/network/privacy', { address })
  await settle(app)
  return location
}

const foundIn = async (app: TestApp, path: string) => {
  const request = await requestById(app.deps.db, path.split('/').at(-1) ?? '')
  const { seen } = progressOf(request ?? { progress: '{}' })
  return Object.fromEntries(placeNames.flatMap((place) => (seen[place]?.found ? [[place, seen[place].found]] : [])))
}

/** Everything that any table holds, as text. */
async function everything(app: TestApp): Promise<string> {
  const { db } = app.deps
  const tables = [
    'event',
    'body',
    'delivery',
    'attempt',
    'capture',
    'source_log',
    'plugin_record',
    'plugin_index',
  ] as const
  const more = ['plugin_fault', 'mail', 'privacy_request', 'privacy_hit'] as const
  const rows = await Promise.all([...tables, ...more].map((table) => db.q.selectFrom(table).selectAll().execute()))
  const texts = rows.flat().map((row) => JSON.stringify(row))
  const answers = await db.q.selectFrom('attempt').select('response_body').execute()
  return [...texts, ...answers.map(({ response_body: body }) => atob(body))].join('\n')
}

test('what is stored of somebody is found wherever it stands, and nobody else', async () => {
  const app = await testApp()
  const { db } = app.deps
  const { url } = await receiver({ answer: (kept) => ({ status: 200, body: `Took it: ${kept.body}` }) })
  await app.webhook({ url })
  await app.emit({ data: { customer_email: 'Ann@Nordlys.example' } })
  await app.emit({ data: { customer_email: 'joann@nordlys.example' } })
  await app.deliver()
  const admin = await app.login()
  await db.commit([
    db.q.insertInto('plugin_record').values({
      slug: 'shop',
      site_id: 'sit_main',
      collection: 'orders',
      id: 'one',
      data: JSON.stringify({ id: 'one', to: ANN }),
      created_at: 1,
      updated_at: 1,
    }),
  ])
  const path = await search(app, admin)
  expect(await foundIn(app, path)).toEqual({ event: 1, body: 1, attempt: 1, plugin_record: 1 })
  const { html } = await admin.get(path)
  expect(html).toContain('Personal data of ann@nordlys.example')
  expect(html).toContain('4 found')
  expect(html).toMatch(/href="\/network\/events\/evt_\w+"/)
  expect(html).toContain('orders one')
})

test('an export holds what was found, and no secret', async () => {
  const app = await testApp()
  const { url } = await receiver({ answer: (kept) => ({ status: 200, body: kept.body }) })
  await app.webhook({ url, auth: 'bearer', token: 'a very secret token' })
  const event = await app.emit({ data: { customer_email: ANN } })
  await app.deliver()
  const admin = await app.login()
  const path = await search(app, admin)
  const { html, headers } = await admin.post(`${path}/export`)
  expect(headers.get('content-disposition')).toContain('attachment')
  const found = JSON.parse(html) as Record<string, Record<string, unknown>[]>
  expect(found['address']).toBe(ANN)
  expect(found['event']).toMatchObject([{ id: event, payload: { customer_email: ANN } }])
  expect(found['attempt']?.[0]?.['response_body']).toContain(ANN)
  expect(found['user']).toEqual([])
  expect(html).not.toContain('a very secret token')
  const audit = await app.deps.db.q
    .selectFrom('audit')
    .select(['action', 'after'])
    .where('target', 'like', 'prv_%')
    .execute()
  expect(audit.map(({ action }) => action)).toEqual(['privacy.searched', 'privacy.exported'])
  expect(JSON.stringify(audit)).not.toContain(ANN)
  expect(JSON.stringify(audit)).toContain('a…@nordlys.example')
})

test('erased, nothing of it is left but the rows themselves, and nothing can be sent again', async () => {
  const app = await testApp()
  const { db } = app.deps
  const { url } = await receiver({ answer: (kept, n) => ({ status: n > 1 ? 500 : 200, body: kept.body }) })
  const other = await receiver()
  await app.webhook({ url })
  const fresh = await app.webhook({ url: other.url, events: ['account_created'] })
  const event = await app.emit({ data: { customer_email: ANN } })
  await app.deliver()
  await app.emit({ data: { customer_email: ANN } })
  await app.deliver()
  const stays = await app.emit({ data: { customer_email: 'bob@nordlys.example' } })
  await app.deliver()
  const admin = await app.login()
  const path = await search(app, admin)

  const wrong = await admin.post(`${path}/erase`, { address: 'bob@nordlys.example' })
  expect(wrong.status).toBe(422)
  expect(wrong.html).toContain('to confirm.')
  await admin.post(`${path}/erase`, { address: ANN })
  await settle(app)

  expect(await everything(app)).not.toContain('ann@')
  expect(
    (await db.q.selectFrom('event').select('payload').where('id', '=', stays).executeTakeFirst())?.payload,
  ).toContain('bob@')
  const deliveries = await db.q
    .selectFrom('delivery')
    .selectAll()
    .where('type', '=', 'payment_received')
    .orderBy('seq')
    .execute()
  expect(deliveries.map(({ state, erased_at: at }) => [state, at !== null])).toEqual([
    ['delivered', true],
    ['cancelled', true],
    ['retrying', false],
  ])
  const done = await admin.get(path)
  expect(done.html).toContain('The address is forgotten here too.')
  expect(done.html).toContain('a…@nordlys.example')

  const page = await admin.get(`/network/deliveries/${deliveries[0]?.id}`)
  expect(page.html).toContain('at the request of a person whose data it held')
  expect(page.html).toContain('Its data was erased. Nothing is left that could be sent.')
  expect(page.html).not.toContain('curl -X')
  expect((await admin.get(`/network/events/${event}`)).html).toContain('at the request of a person whose data it held')
  const script = await app.client()
  const conflict = {
    status: 409,
    body: { code: 'conflict', title: 'Its data was erased. Nothing is left that could be sent.' },
  }
  expect(await script('POST', `/deliveries/${deliveries[0]?.id}/redeliver`)).toMatchObject(conflict)
  expect(await script('POST', `/events/${event}/deliver`, { webhook: fresh })).toMatchObject(conflict)
  expect((await script('GET', `/events/${event}`)).body).toMatchObject({
    data: {},
    erased_at: expect.any(String) as string,
  })
  await sealAudit(app.deps)
  expect(await checkAudit(app.deps, null, 1000)).toMatchObject({ broken: null, done: true })
})

test('of an address that an event went to, the host is left', async () => {
  const app = await testApp()
  const { db } = app.deps
  const { url } = await receiver()
  const id = await app.webhook({ url: `${url}/people/${ANN}` })
  await app.emit({ data: { customer_email: 'bob@nordlys.example' } })
  await app.deliver()
  await db.commit([db.q.deleteFrom('webhook').where('id', '=', id)])
  const admin = await app.login()
  const path = await search(app, admin)
  expect(await foundIn(app, path)).toEqual({ attempt: 1 })
  expect((await admin.post(`${path}/export`)).html).toContain(`${url}/people/${ANN}`)
  await admin.post(`${path}/erase`, { address: ANN })
  await settle(app)
  expect(await everything(app)).not.toContain('ann@')
  const { id: delivery } = await db.q.selectFrom('delivery').select('id').executeTakeFirstOrThrow()
  expect((await admin.get(`/network/deliveries/${delivery}`)).html).toContain(`<code>${url}/…</code>`)
})

test('what waits in a closed batch is taken out of it, and the others leave in a new one', async () => {
  const app = await testApp()
  const { db } = app.deps
  const { url, requests: kept } = await receiver({ answer: (_, n) => ({ status: n === 1 ? 500 : 200 }) })
  await app.webhook({ url, delivery: { mode: 'batched', everyMinutes: 60, at: [], maxEvents: 3 } })
  for (const who of [ANN, 'bob@nordlys.example', ANN]) await app.emit({ data: { customer_email: who } })
  await app.deliver()
  expect(kept).toHaveLength(1)
  const admin = await app.login()
  const path = await search(app, admin)
  expect(await foundIn(app, path)).toMatchObject({ event: 2, body: expect.any(Number) as number })
  await admin.post(`${path}/erase`, { address: ANN })
  await settle(app)
  app.clock.advance(10 * MINUTE)
  await app.deliver()
  expect(await everything(app)).not.toContain('ann@')
  expect(kept).toHaveLength(2)
  expect(kept[1]?.body).toContain('bob@nordlys.example')
  expect(kept[1]?.body).not.toContain(ANN)
  const states = await db.q
    .selectFrom('delivery')
    .select('state')
    .where('type', '=', 'payment_received')
    .orderBy('seq')
    .execute()
  expect(states.map(({ state }) => state)).toEqual(['cancelled', 'delivered', 'cancelled'])
})

test('a batch that was delivered keeps nothing of it, and is not sent once more', async () => {
  const app = await testApp()
  const { url, requests: kept } = await receiver({ answer: ({ body }) => ({ body }) })
  await app.webhook({ url, delivery: { mode: 'batched', everyMinutes: 60, at: [], maxEvents: 2 } })
  for (const who of [ANN, 'bob@nordlys.example']) await app.emit({ data: { customer_email: who } })
  await app.deliver()
  const admin = await app.login()
  const path = await search(app, admin)
  const batches = () =>
    app.deps.db.q.selectFrom('delivery').select(['id', 'state']).where('type', '=', 'batch').execute()
  await admin.post(`/network/deliveries/${(await batches())[0]?.id}/redeliver`)
  expect(await batches()).toMatchObject([{ state: 'retrying' }])
  await admin.post(`${path}/erase`, { address: ANN })
  await settle(app)
  expect(await everything(app)).not.toContain('ann@')
  expect(await batches()).toMatchObject([{ state: 'delivered' }])
  await app.deliver()
  expect(kept).toHaveLength(1)
})

test('an event of which something is on the wire waits until that has ended', async () => {
  const app = await testApp()
  const { db } = app.deps
  const { url } = await receiver()
  await app.webhook({ url })
  await app.emit({ data: { customer_email: ANN } })
  const lease = { state: 'delivering' as const, lease_owner: 'somebody', due_at: app.clock.now() + MINUTE }
  await db.commit([db.q.updateTable('delivery').set(lease)])
  const admin = await app.login()
  const path = await search(app, admin)
  await admin.post(`${path}/erase`, { address: ANN })
  await settle(app)
  expect((await admin.get(path)).html).toContain('It waits for a delivery that is on its way.')
  expect(await everything(app)).toContain(ANN)
  app.clock.advance(2 * MINUTE)
  await settle(app)
  expect(await everything(app)).not.toContain('ann@')
  expect((await admin.get(path)).html).toContain('The address is forgotten here too.')
})

test('a walk goes on where it was when the server comes back', async () => {
  const config = readConfig({ PORT: '0', DATA_DIR: folder(), DELIVERY: 'off' })
  const by = { id: 'usr_1', name: 'Ingrid Nord', address: '192.0.2.7' }
  const first = await start(config, { log: quiet, tickEvery: 3_600_000 })
  const sample = first.deps.host.eventType('payment_received')?.sample ?? {}
  const one = (n: number) => ({
    type: 'payment_received',
    site: 'sit_main',
    data: { ...sample, payment_id: `pay_${n}`, customer_email: ANN },
    source: 'plugin:test',
  })
  await first.deps.host.emit(Array.from({ length: 300 }, (_, n) => one(n)))
  const id = await startSearch(first.deps, by, ANN)
  // No time at all is enough for one step.
  await goOn(first.deps, 0)
  const before = progressOf((await requestById(first.deps.db, id)) ?? { progress: '{}' })
  await first.stop()
  const second = await start(config, { log: quiet, tickEvery: 3_600_000 })
  onTestFinished(() => second.stop())
  while ((await requestById(second.deps.db, id))?.state === 'searching') await goOn(second.deps, 1000)
  const after = progressOf((await requestById(second.deps.db, id)) ?? { progress: '{}' })
  expect([before.at, before.seen.event?.found]).toEqual(['event', 200])
  expect(after.seen.event).toEqual({ looked: 300, found: 300 })
})

test('a walk can be stopped, and begun anew', async () => {
  const app = await testApp()
  await app.emit({ data: { customer_email: ANN } })
  const admin = await app.login()
  const { location } = await admin.post('/network/privacy', { address: ANN })
  const stopped = await admin.send(`${location}/stop`)
  expect(stopped.html).toContain('It was stopped before its end.')
  await settle(app)
  expect(await foundIn(app, location)).toEqual({})
  expect((await admin.send(`${location}/stop`)).html).toContain('Nothing was done.')
  expect(await foundIn(app, await search(app, admin))).toEqual({ event: 1 })
})

test('requests in bins, at sources, faults and mails are erased, and accounts and the audit log are told of', async () => {
  const app = await testApp()
  const { db, vault } = app.deps
  const id = newId('cap', app.deps)
  const at = app.clock.now()
  await db.commit([
    db.q.insertInto('capture').values({
      id,
      bin_id: 'bin_1',
      at,
      method: 'POST',
      query: 'to=Ann%40nordlys.example',
      headers: '[["cookie","…"]]',
      hidden: await vault.seal(JSON.stringify([['cookie', `who=${ANN}`]]), `capture:${id}:headers`),
      body: btoa(`{"to":"${ANN}"}`),
      bytes: 20,
      verdict: 'unchecked',
      status: 200,
    }),
    db.q.insertInto('source_log').values({
      id: newId('inb', app.deps),
      source_id: 'src_1',
      was_taken: 0,
      status: 422,
      reason: JSON.stringify({ detail: { text: `No room for ${ANN}.` }, errors: [] }),
      events: '[]',
      at,
    }),
    db.q.insertInto('plugin_fault').values({
      id: newId('flt', app.deps),
      slug: 'shop',
      site_id: 'sit_main',
      handler: 'shop/on:order_paid#0',
      event_type: null,
      event_id: null,
      message: `Cannot write to ${ANN}`,
      stack: ANN,
      duration_ms: 1,
      at,
      state: 'open',
    }),
    db.q.insertInto('mail').values({
      id: newId('mal', app.deps),
      user_id: 'usr_1',
      about: '{}',
      created_at: at,
      due_at: at + DAY,
      tries: 1,
      error: `550 <${ANN}> is unknown`,
    }),
    db.q.insertInto('user').values({
      id: 'usr_ann',
      name: 'Ann',
      email: ANN,
      emailVerified: 0,
      role: 'viewer',
      siteId: 'network',
      createdAt: '2026-01-01T00:00:00.000Z',
      updatedAt: '2026-01-01T00:00:00.000Z',
    }),
  ])
  const admin = await app.login()
  const path = await search(app, admin)
  expect(await foundIn(app, path)).toEqual({ capture: 1, source_log: 1, plugin_fault: 1, mail: 1, user: 1 })
  await admin.post(`${path}/erase`, { address: ANN })
  await settle(app)
  expect(await everything(app)).not.toContain('ann@')
  expect(await db.q.selectFrom('capture').selectAll().executeTakeFirst()).toMatchObject({
    body: '',
    query: '',
    hidden: null,
  })
  expect(await db.q.selectFrom('user').select('email').where('id', '=', 'usr_ann').executeTakeFirst()).toEqual({
    email: ANN,
  })
})

test('a request in a bin that was erased says so, and cannot be sent or taken away', async () => {
  const app = await testApp()
  const draft = { name: 'Bin', answer: { kind: 'ok', figure: 0 }, webhookId: null } as const
  const bin = await makeBin(app.deps, draft, { owner: 'network', by: 'usr_test' }, () => [])
  await app.fetch(`/bin/${bin.token}`, { method: 'PUT', body: `to=${encodeURIComponent(ANN)}` })
  const admin = await app.login()
  const path = await search(app, admin)
  expect(await foundIn(app, path)).toEqual({ capture: 1 })
  await admin.post(`${path}/erase`, { address: ANN })
  await settle(app)
  const { html } = await admin.get(`/network/bins/${bin.id}`)
  expect(html).toContain('at the request of a person whose data it held')
  expect(html).not.toContain('nordlys')
  const [, capture] = /captures\/(cap_\w+)|capture=(cap_\w+)/.exec(html)?.filter(Boolean) ?? []
  const at = `/network/bins/${bin.id}/captures/${capture}`
  expect((await admin.get(`${at}/body`)).status).toBe(409)
  expect((await admin.post(`${at}/replay`, { url: 'https://books.example/' })).html).toContain('Its data was erased.')
})

test('an event that a guard holds is let go of', async () => {
  const app = await testApp()
  const { db } = app.deps
  await app.webhook({ url: 'https://books.example/' })
  const event = await app.emit({ data: { customer_email: ANN } })
  await db.commit([
    db.q.updateTable('delivery').set({ state: 'held', due_at: null, reason: `It waits, as ${ANN} is new.` }),
    db.q
      .insertInto('guard_hold')
      .values({ event_id: event, handler: 'shop/filter:webhook_guard#0', reason: ANN, due_at: app.clock.now() + DAY }),
  ])
  const admin = await app.login()
  const path = await search(app, admin)
  await admin.post(`${path}/erase`, { address: ANN })
  await settle(app)
  expect(await db.q.selectFrom('guard_hold').selectAll().execute()).toEqual([])
  const [delivery] = await db.q
    .selectFrom('delivery')
    .select(['state', 'reason'])
    .where('event_id', '=', event)
    .execute()
  expect(delivery).toEqual({ state: 'cancelled', reason: 'Its event was erased.' })
})

test('a long log is looked through in steps, and a second erasure finds nothing to do', async () => {
  const app = await testApp()
  for (let n = 0; n < 450; n++) await app.emit({ data: { customer_email: n % 10 === 0 ? ANN : 'bob@nordlys.example' } })
  const admin = await app.login()
  const path = await search(app, admin)
  expect(await foundIn(app, path)).toEqual({ event: 45 })
  await admin.post(`${path}/erase`, { address: ANN })
  await settle(app)
  expect(await foundIn(app, path)).toEqual({ event: 45 })
  expect(await foundIn(app, await search(app, admin))).toEqual({})
})

test('the address of a request is forgotten after a week, with what it found, and the request with the log', async () => {
  const app = await testApp()
  await app.emit({ data: { customer_email: ANN } })
  const admin = await app.login()
  const path = await search(app, admin)
  const { db } = app.deps
  const counts = async () => [
    (await db.q.selectFrom('privacy_request').select('address').execute()).map(({ address }) => address),
    (await db.q.selectFrom('privacy_hit').selectAll().execute()).length,
  ]
  expect(await counts()).toEqual([[ANN], 1])
  app.clock.advance(8 * DAY)
  await settle(app)
  expect(await counts()).toEqual([[null], 0])
  expect((await admin.get(path)).html).toContain('The address was forgotten')
  app.clock.advance(30 * DAY)
  await settle(app)
  expect(await counts()).toEqual([[], 0])
})

test.each(['integration_admin', 'viewer'] as const)('no %s gets there', async (role) => {
  const app = await testApp()
  const somebody = await app.login(role)
  expect((await somebody.get('/network/privacy')).status).toBe(403)
  expect((await somebody.post('/network/privacy', { address: ANN })).status).toBe(403)
})

test('requests have views by state, a search, an order and pages', async () => {
  const app = await testApp()
  const admin = await app.login()
  const row = { masked: 'x', progress: JSON.stringify({ at: null, after: null, waits: false, seen: {}, found: {} }) }
  const requests = Array.from({ length: 23 }, (_, n) => ({
    ...row,
    id: newId('prv', app.deps),
    address: n === 0 ? null : `p${n + 10}@example.com`,
    masked: n === 0 ? 'o…@example.com' : 'x',
    state: n === 0 ? ('erased' as const) : ('found' as const),
    steps: 0,
    created_by: 'usr_test',
    created_at: n,
    ended_at: n,
  }))
  await app.deps.db.commit(requests.map((one) => insertRequest(app.deps.db, one)))
  const addresses = async (search: string) =>
    Array.from(
      (await admin.get(`/network/privacy${search}`)).html.matchAll(/translate="no">([^<]*@[^<]*)</g),
      ([, who]) => who,
    )
  const first = await admin.get('/network/privacy')
  expect(wordsOf(first.html)).toContain('All (23) Searched (22) Erased (1) Search requests')
  expect(wordsOf(first.html)).toContain('23 items 1 of 2')
  expect((await addresses(''))[0]).toBe('p32@example.com')
  expect(await addresses('?page=2')).toEqual(['p12@example.com', 'p11@example.com', 'o…@example.com'])
  expect((await addresses('?sort=time'))[1]).toBe('p11@example.com')
  expect(await addresses('?state=erased')).toEqual(['o…@example.com'])
  expect(await addresses('?q=P15')).toEqual(['p15@example.com'])
  expect(wordsOf((await admin.get('/network/privacy?q=none')).html)).toContain('No requests match')
})

test('what is no address is not searched for', async () => {
  const app = await testApp()
  const admin = await app.login()
  const { status, html } = await admin.post('/network/privacy', { address: 'ann' })
  expect(status).toBe(422)
  expect(html).toContain('This is not an e-mail address.')
})
