import { afterAll, beforeAll, expect, test } from 'vitest'
import { MINUTE } from '../../../server/lib/clock.ts'
import { switchSending } from '../../../server/webhooks/sending.ts'
import { testApp, type TestApp } from '../../support/app.ts'
import { startReceiver, type Receiver } from '../../support/receiver.ts'

let receiver: Receiver
beforeAll(async () => {
  receiver = await startReceiver({
    answer: ({ path, method }) => ({
      status: path.includes('/gone') ? 410 : path.includes('/down') && method === 'DELETE' ? 503 : 200,
    }),
  })
})
afterAll(() => receiver.stop())

/** An app for which hooks.zapier.com stands on loopback. */
const withZapier = async () => {
  const app = await testApp({
    env: { OUTBOUND_ALLOW: '127.0.0.0/8,hooks.zapier.com' },
    resolve: () => Promise.resolve(['127.0.0.1']),
  })
  const zap = (path: string) => `http://hooks.zapier.com:${new URL(receiver.url).port}${path}`
  return { app, zap }
}
const at = (path: string) => receiver.requests.filter((request) => request.path === path)

const lastDeleted = ({ deps }: TestApp) =>
  deps.db.q
    .selectFrom('audit')
    .select(['actor_name', 'target', 'after'])
    .where('action', '=', 'webhook.deleted')
    .orderBy('seq', 'desc')
    .executeTakeFirst()

test('each event type delivers the fields of its sample, and no other', { timeout: 30_000 }, async () => {
  const app = await testApp()
  const api = await app.client()
  for (const { slug, mustUse } of await app.deps.host.plugins()) {
    if (!mustUse) await app.deps.db.commit(await app.deps.host.activate(slug))
  }
  for (const { name } of app.deps.host.eventTypes()) {
    const path = `/sample/${name}`
    await api('POST', '/hooks', { target_url: receiver.url + path, event: name })
    await app.emit({ type: name })
    await app.deliver()
    const [request] = at(path)
    const { body } = await api('GET', `/event-types/${encodeURIComponent(name)}/sample`)
    const [sample] = body as unknown as Record<string, unknown>[]
    const delivered = JSON.parse(request?.body ?? '{}') as Record<string, unknown>
    expect(Object.keys(delivered), name).toEqual(Object.keys(sample ?? {}))
    expect({ ...delivered, id: '', timestamp: '' }).toEqual({ ...sample, id: '', timestamp: '' })
  }
})

test('two requests at once make one hook', async () => {
  const app = await testApp()
  const api = await app.client()
  const body = { target_url: `${receiver.url}/once`, event: 'payment_received' }
  const made = await Promise.all(Array.from({ length: 4 }, () => api('POST', '/hooks', body)))
  expect(made.map(({ status }) => status)).toEqual([201, 201, 201, 201])
  expect(new Set(made.map(({ body: { id } }) => id)).size).toBe(1)
  expect((await api('GET', '/webhooks')).body.data).toMatchObject([
    { name: 'REST hook: Payment Received', origin: 'rest_hook', format: 'flat', events: ['payment_received'] },
  ])
})

test("a site's key subscribes to its own site, within the quota, and sees and ends no other's hooks", async () => {
  const app = await testApp()
  await app.site('north')
  const [network, north] = await Promise.all([app.client(), app.client('north')])
  const subscribe = (api: typeof north, n: number) =>
    api('POST', '/hooks', { target_url: `${receiver.url}/north/${n}`, event: 'payment_received' })
  const theirs = await subscribe(network, 0)
  for (let n = 0; n < 5; n++) expect((await subscribe(north, n)).status).toBe(201)
  expect(await subscribe(north, 5)).toMatchObject({
    status: 409,
    body: { code: 'quota_reached', title: expect.stringContaining('5 webhooks already') as string },
  })
  // The quota stands in nobody's way who asks again for what is there.
  expect((await subscribe(north, 4)).status).toBe(201)
  expect((await north('GET', '/hooks')).body.data).toHaveLength(5)
  expect((await network('GET', '/hooks')).body.data).toHaveLength(6)
  expect((await north('GET', `/hooks/${String(theirs.body.id)}`)).status).toBe(404)
  expect((await north('DELETE', `/hooks/${String(theirs.body.id)}`)).status).toBe(204)
  expect((await network('GET', `/hooks/${String(theirs.body.id)}`)).status).toBe(200)
  await app.emit({ site: 'sit_main' })
  await app.deliver()
  expect(at('/north/0')).toHaveLength(1)
})

test('a hook that was retired here is replaced when its builder subscribes again', async () => {
  const app = await testApp()
  const api = await app.client()
  const body = { target_url: `${receiver.url}/again`, event: 'payment_received' }
  const first = await api('POST', '/hooks', body)
  await api('PATCH', `/webhooks/${String(first.body.id)}`, { active: false })
  const second = await api('POST', '/hooks', body)
  expect(second.body).toMatchObject({ state: 'active', event: 'payment_received' })
  expect((await api('GET', '/hooks')).body.data).toMatchObject([{ id: second.body.id }])
})

test('a webhook that somebody made is not to be ended as a hook', async () => {
  const app = await testApp()
  const api = await app.client()
  const id = await app.webhook({ url: receiver.url })
  expect(await api('DELETE', `/hooks/${id}`)).toMatchObject({ status: 409, body: { code: 'conflict' } })
  expect((await api('GET', `/webhooks/${id}`)).body).toMatchObject({ origin: 'admin' })
  expect((await api('DELETE', '/hooks/undefined')).status).toBe(204)
})

test('the audit log says why a hook went: unsubscribed, replaced, gone, or deleted by whom', async () => {
  const app = await testApp()
  const api = await app.client()
  const subscribe = async (path: string, secret?: string) =>
    String(
      (
        await api('POST', '/hooks', {
          target_url: receiver.url + path,
          event: 'payment_received',
          ...(secret && { secret }),
        })
      ).body.id,
    )

  const first = await subscribe('/why', btoa('a secret of at least 24 bytes'))
  const second = await subscribe('/why', btoa('another one of at least 24 bytes'))
  expect(await lastDeleted(app)).toMatchObject({ target: first, after: '{"cause":"replaced"}' })
  await api('DELETE', `/hooks/${second}`)
  expect(await lastDeleted(app)).toEqual({
    actor_name: 'Key of the network',
    target: second,
    after: '{"cause":"unsubscribed"}',
  })

  const third = await subscribe('/gone')
  await app.emit()
  await app.deliver()
  expect(await lastDeleted(app)).toEqual({ actor_name: 'Hookline', target: third, after: '{"cause":"gone"}' })
  // Nothing went wrong, so nobody is told of it.
  expect(await app.deps.db.q.selectFrom('event').select('type').execute()).not.toContainEqual({
    type: 'webhook_disabled',
  })

  const fourth = await subscribe('/why')
  await (await app.login()).post(`/network/webhooks/${fourth}/delete`)
  expect(await lastDeleted(app)).toEqual({ actor_name: 'Ingrid Nord', target: fourth, after: null })
})

test('a hook of Zapier is flat, at most 25 a second, and shown as kept by Zapier through its key', async () => {
  const { app, zap } = await withZapier()
  const api = await app.client()
  const { body } = await api('POST', '/hooks', {
    target_url: zap('/hooks/standard/1/shown'),
    event: 'payment_received',
  })
  expect((await api('GET', `/webhooks/${String(body.id)}`)).body).toMatchObject({
    name: 'Zapier: Payment Received',
    format: 'flat',
    rate_per_second: 25,
  })
  const visitor = await app.login()
  expect((await visitor.get('/network/webhooks')).html).toContain('<span class="tag">Zapier</span>')
  const { html } = await visitor.get(`/network/webhooks/${String(body.id)}`)
  expect(html).toContain('Zapier. It subscribed by itself')
  expect(html).toContain('by the API key Key of the network')
})

test('who deletes a hook of Zapier here has Zapier told, until it listens; who unsubscribes has not', async () => {
  const { app, zap } = await withZapier()
  const api = await app.client()
  const subscribe = async (path: string) =>
    String((await api('POST', '/hooks', { target_url: zap(path), event: 'payment_received' })).body.id)

  const [own, down, other] = [
    await subscribe('/hooks/own'),
    await subscribe('/hooks/down'),
    await subscribe('/hooks/other'),
  ]
  await api('DELETE', `/hooks/${own}`)
  await api('DELETE', `/webhooks/${down}`)
  await (await app.login()).post(`/network/webhooks/${other}/delete`)
  // A copy leaves the Zaps of the original alone.
  await app.deps.db.commit(switchSending(app.deps, false))
  await app.tidy()
  expect(at('/hooks/other')).toEqual([])
  await app.deps.db.commit(switchSending(app.deps, true))
  await app.tidy()
  expect(at('/hooks/own')).toEqual([])
  expect(at('/hooks/other').map(({ method }) => method)).toEqual(['DELETE'])
  for (let n = 0; n < 8; n++) {
    app.clock.advance(61 * MINUTE)
    await app.tidy()
  }
  expect(at('/hooks/down').map(({ method }) => method)).toEqual(['DELETE', 'DELETE', 'DELETE', 'DELETE'])
  expect(at('/hooks/other')).toHaveLength(1)
  expect(await app.deps.db.q.selectFrom('farewell').selectAll().execute()).toEqual([])
})
