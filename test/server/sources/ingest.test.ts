import { describe, expect, test } from 'vitest'
import { sourcesAfter, strangers } from '../../../db/queries/sources.ts'
import { KEPT_IN_LOG, requestsAt } from '../../../db/queries/sources.ts'
import { definePlugin } from '../../../server/plugin/define.ts'
import type { Actor } from '../../../server/lib/actor.ts'
import { capabilities } from '../../../server/lib/actor.ts'
import { DAY, MINUTE } from '../../../server/lib/clock.ts'
import { newId } from '../../../server/lib/ids.ts'
import { addSource } from '../../../server/sources/lifecycle.ts'
import { sealAgain } from '../../../server/webhooks/seal-again.ts'
import { createVault } from '../../../server/webhooks/secrets.ts'
import { testApp, type TestApp } from '../../support/app.ts'
import { recordedBy } from '../../support/recorded.ts'
import { startReceiver } from '../../support/receiver.ts'

const actor: Actor = {
  kind: 'user',
  id: 'usr_test',
  name: 'Test',
  owner: 'network',
  capabilities: new Set(capabilities),
  address: '192.0.2.7',
}
const whole = { event: 'generic.request_received', fields: { body: { from: '.' } }, key: null, occurred_at: null }

const add = (app: TestApp, kind: string, more: { secret?: string; site?: string } = {}) =>
  addSource(app.deps, actor, {
    id: newId('src', app.deps),
    kind,
    site: more.site ?? 'sit_main',
    name: `From ${kind}`,
    secret: more.secret ?? null,
    settings: {},
    mapping: kind === 'generic' ? whole : null,
  })
const post = (app: TestApp, to: string, body: BodyInit, headers: Record<string, string> = {}) =>
  app.fetch(to, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } })
const rowOf = async (app: TestApp) => {
  const [row] = await sourcesAfter(app.deps.db, null, '', 100)
  if (!row) throw new Error('There is no source.')
  return row
}

describe('what WooCommerce sent', () => {
  test('becomes events that reach a receiver, each once, although all of it is sent twice', async () => {
    const receiver = await startReceiver()
    const app = await testApp()
    await app.deps.db.commit(await app.deps.host.activate('woocommerce'))
    await app.webhook({ url: `${receiver.url}/in`, events: [], allEvents: true })
    const url = await add(app, 'woocommerce', { secret: 'woo-recording-secret-0001' })
    const answers = new Map<string, string>()
    for (const { name, headers, body } of [...recordedBy('woocommerce'), ...recordedBy('woocommerce')]) {
      const answer = await post(app, url, body, headers)
      expect({ name, status: answer.status }).toEqual({ name, status: 200 })
      const text = await answer.text()
      expect(text).toBe(answers.get(name) ?? text)
      answers.set(name, text)
    }
    await app.deliver()
    const types = receiver.requests.map(({ headers }) => headers['hookline-event']).sort()
    expect(types).toEqual([
      'woocommerce.customer_created',
      'woocommerce.order_created',
      'woocommerce.order_deleted',
      'woocommerce.order_updated',
      'woocommerce.product_created',
    ])
    await receiver.stop()
  })
})

describe('an address of a source', () => {
  test('that nobody gave out is 404 and counted, in one row for each kind and one write a minute', async () => {
    const app = await testApp()
    const url = await add(app, 'generic')
    const wrong = [url.slice(0, -1), `${url}x`, url.replace('generic', 'stripe'), '/ingest/nobody/none']
    for (const to of wrong) expect((await post(app, to, '{}')).status).toBe(404)
    expect((await app.fetch(url)).status).toBe(404)
    const kinds = async () => (await strangers(app.deps.db)).map(({ kind, requests }) => [kind, requests])
    expect(await kinds()).toEqual([
      ['generic', 1],
      ['stripe', 1],
      ['unknown', 1],
    ])
    app.clock.advance(MINUTE)
    await post(app, `${url}x`, '{}')
    expect(await kinds()).toEqual([
      ['generic', 3],
      ['stripe', 1],
      ['unknown', 1],
    ])
    expect(await rowOf(app)).toMatchObject({ taken: 0, refused: 0 })
  })

  test('takes 1,200 requests a minute, then says when to come again, and its log says so once', async () => {
    const app = await testApp()
    const url = await add(app, 'generic')
    // Not at the end of a minute.
    app.clock.advance(MINUTE - (app.clock.now() % MINUTE))
    for (let n = 0; n < 1200; n += 100)
      await Promise.all(Array.from({ length: 100 }, () => post(app, url, '{"the":"same"}')))
    const [over, again] = [await post(app, url, '{}'), await post(app, url, '{}')]
    expect([over.status, again.status]).toEqual([429, 429])
    expect(Number(over.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(await rowOf(app)).toMatchObject({ taken: 1200, refused: 1 })
    app.clock.advance(MINUTE)
    expect((await post(app, url, '{}')).status).toBe(200)
    // More than a thousand requests take their time on a busy machine.
  }, 30_000)

  test('keeps a log of what was refused and why, so many lines and no more, and forgets them with time', async () => {
    const app = await testApp()
    const url = await add(app, 'generic')
    for (let n = 0; n < KEPT_IN_LOG + 5; n++) {
      app.clock.advance(1)
      await post(app, url, 'not json')
      await post(app, url, `{"n":${n}}`)
    }
    const { id } = await rowOf(app)
    const lines = async (wasTaken: 0 | 1) => requestsAt(app.deps.db, id, wasTaken, 1000)
    expect([(await lines(0)).length, (await lines(1)).length]).toEqual([KEPT_IN_LOG, KEPT_IN_LOG])
    expect((await lines(0))[0]).toMatchObject({ status: 400, reason: expect.stringContaining('not JSON') as string })
    expect((await lines(1))[0]).toMatchObject({ status: 200, events: '["generic.request_received"]' })
    expect(await rowOf(app)).toMatchObject({ taken: KEPT_IN_LOG + 5, refused: KEPT_IN_LOG + 5 })
    app.clock.advance(31 * DAY)
    await app.tidy()
    expect(await lines(0)).toEqual([])
  })

  test('stores nothing and says nothing of a request whose body was not taken', async () => {
    const app = await testApp()
    const url = await add(app, 'generic')
    const large = `{"a":"${'x'.repeat(256 * 1024)}"}`
    const answers = [
      await post(app, url, large),
      await post(app, url, '{}', { 'content-encoding': 'gzip' }),
      await post(app, url, '{"a":"\\u0000"}'),
      await post(app, url, '{}', { 'hookline-hops': '9' }),
    ]
    expect(answers.map(({ status }) => status)).toEqual([413, 415, 422, 422])
    expect(await app.deps.db.q.selectFrom('event').select('id').where('type', 'like', 'generic%').execute()).toEqual([])
    expect((await rowOf(app)).refused).toBe(4)
  })

  test('of an archived site is 409, of a deleted one 404, and in safe mode 503 with Retry-After', async () => {
    const app = await testApp()
    const url = await add(app, 'generic', { site: await app.site('cafe') })
    await app.deps.db.commit([app.deps.db.q.updateTable('site').set({ state: 'archived' }).where('slug', '=', 'cafe')])
    const archived = await post(app, url, '{}')
    expect([archived.status, ((await archived.json()) as { code: string }).code]).toEqual([409, 'site_archived'])

    await app.deps.db.commit([app.deps.db.q.updateTable('site').set({ state: 'deleted' }).where('slug', '=', 'cafe')])
    expect((await post(app, url, '{}')).status).toBe(404)
    expect(await sourcesAfter(app.deps.db, null, '', 100)).toEqual([])

    const safe = await testApp({ env: { SAFE_MODE: '1' } })
    const answer = await post(safe, await add(safe, 'generic'), '{}')
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '60'])
  })

  test('of a source that throws is 500 with a fault, and the log names it', async () => {
    const broken = definePlugin(
      {
        slug: 'broken',
        version: '1.0.0',
        title: 'Broken',
        requires: { host: '^1.0' },
        scope: 'site',
        defaultActive: true,
      },
      ({ source }) =>
        source('broken', {
          title: 'Broken',
          description: 'Throws.',
          steps: [{ text: 'None.' }],
          toEvents: () => {
            throw new Error('secret detail')
          },
        }),
    )
    const app = await testApp({ plugins: [broken] })
    const answer = await post(app, await add(app, 'broken'), '{}')
    const text = await answer.text()
    expect(answer.status).toBe(500)
    expect(text).toMatch(/flt_/)
    expect(text).not.toContain('secret detail')
    const [line] = await requestsAt(app.deps.db, (await rowOf(app)).id, 0, 1)
    expect(line?.reason).toMatch(/flt_/)
  })
})

test('tokens and secrets are sealed, and open again after a change of APP_SECRET', async () => {
  const app = await testApp()
  const url = await add(app, 'stripe', { secret: 'whsec_sealed' })
  const before = await rowOf(app)
  const token = url.split('/').at(-1) ?? ''
  expect(JSON.stringify(before)).not.toContain(token)
  expect(JSON.stringify(before)).not.toContain('whsec_sealed')
  const vault = await createVault({
    appSecret: 'another app secret, of 32 characters or more',
    previous: 'an app secret of a test, 32 characters or more',
    random: app.deps.random,
  })
  await sealAgain({ db: app.deps.db, vault })
  const after = await rowOf(app)
  expect(after.token).not.toBe(before.token)
  expect(await vault.open(after.token, `source:${after.id}:token`)).toBe(token)
  expect(await vault.open(after.secret ?? '', `source:${after.id}:secret`)).toBe('whsec_sealed')
})
