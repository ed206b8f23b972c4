import { expect, test } from 'vitest'
import { DAY } from '../../server/lib/clock.ts'
import orderCreated from '../vectors/recorded/woocommerce-order.created.json' with { type: 'json' }
import ping from '../vectors/recorded/woocommerce-ping.json' with { type: 'json' }
import created from '../vectors/recorded/wp-ultimo-v1-account_created.json' with { type: 'json' }
import expired from '../vectors/recorded/ultimate-multisite-membership_expired.json' with { type: 'json' }
import succeeded from '../vectors/recorded/stripe-payment_intent.succeeded.json' with { type: 'json' }
import { stripeSignature } from '../support/hmac.ts'
import type { Flow } from './flow.ts'

const WOO_SECRET = 'woo-recording-secret-0001'

/** What others post becomes events, and reaches receivers. */
export function sources(flow: Flow): void {
  const { api, box, addWebhook } = flow

  const post = (url: string, body: string, headers: Record<string, string> = {}) =>
    flow.subject.fetch(new URL(url).pathname, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
    })
  const headersOf = (request: { readonly headers: readonly (readonly string[])[] }) =>
    Object.fromEntries(
      request.headers
        .map(([name = '', value = '']) => [name.toLowerCase(), value] as const)
        .filter(([name]) => name.startsWith('x-') || name === 'content-type'),
    )
  const add = async (kind: string, more: object = {}) => {
    const made = await api('POST', '/sources', { kind, name: `From ${kind}`, ...more })
    expect(made.status, JSON.stringify(made.body)).toBe(201)
    return { id: String(made.body.id), url: String(made.body.url) }
  }

  test('a shop tells of an order: one event, one delivery, however often it is sent', async () => {
    expect((await flow.submit('/network/plugins/woocommerce/activate', {})).status).toBe(303)
    const { url, kept } = box()
    const webhook = await addWebhook(url, { events: ['woocommerce.order_created'] })
    const source = await add('woocommerce', { secret: WOO_SECRET })
    expect((await post(source.url, ping.body, headersOf(ping))).status).toBe(200)
    const answers = []
    for (let n = 0; n < 3; n++) {
      const answer = await post(source.url, orderCreated.body, headersOf(orderCreated))
      expect(answer.status).toBe(200)
      answers.push(await answer.text())
      await flow.subject.deliver()
    }
    expect(new Set(answers).size).toBe(1)
    const [delivered, ...more] = await kept()
    expect(more).toEqual([])
    expect(delivered?.headers['hookline-hops']).toBe('1')
    expect(JSON.parse(delivered?.body ?? '')).toMatchObject({
      type: 'woocommerce.order_created',
      data: { id: '8', status: 'pending' },
    })
    expect((await api('GET', `/sources/${source.id}`)).body).toMatchObject({ taken: 4, refused: 0, has_secret: true })

    const forged = await post(source.url, orderCreated.body.replace('59.80', '0.01'), headersOf(orderCreated))
    expect(forged.status).toBe(401)
    expect(await forged.json()).toMatchObject({ code: 'unauthorized' })
    expect((await api('GET', `/sources/${source.id}`)).body).toMatchObject({ taken: 4, refused: 1 })
    expect((await post(source.url.replace(/.$/, '-'), orderCreated.body)).status).toBe(404)
    expect((await post(source.url.replace('woocommerce', 'stripe'), orderCreated.body)).status).toBe(404)
    for (const path of [`/sources/${source.id}`, `/webhooks/${webhook.id}`]) await api('DELETE', path)
    expect((await post(source.url, orderCreated.body, headersOf(orderCreated))).status).toBe(404)
  })

  test('Stripe tells of a payment, once its secret is entered', async () => {
    const { url, kept } = box()
    const webhook = await addWebhook(url)
    const { id, url: address } = await add('stripe')
    const sign = async () => ({
      'stripe-signature': await stripeSignature('whsec_flow', succeeded.body, Math.floor(flow.now() / 1000)),
    })
    expect((await post(address, succeeded.body, await sign())).status).toBe(401)
    await api('PATCH', `/sources/${id}`, { secret: 'whsec_flow' })
    for (let n = 0; n < 2; n++) expect((await post(address, succeeded.body, await sign())).status).toBe(200)
    await flow.subject.deliver()
    expect((await kept()).map(({ body }) => JSON.parse(body) as object)).toMatchObject([
      {
        type: 'payment_received',
        data: { payment_total: 'SEK 249.00', amount_minor: 24900, payment_gateway: 'stripe' },
      },
    ])
    for (const path of [`/sources/${id}`, `/webhooks/${webhook.id}`]) await api('DELETE', path)
  })

  test('Ultimate Multisite tells in both of its versions; the name of the event is in the address or in the form', async () => {
    const { url, kept } = box()
    const events = ['membership_expired', 'account_created']
    const webhook = await addWebhook(url, { events, format: 'flat' })
    const { id, url: address } = await add('ultimate-multisite')
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    for (let n = 0; n < 2; n++) {
      expect((await post(`${address}/membership_expired`, expired.body)).status).toBe(200)
      expect((await post(address, created.body, form)).status).toBe(200)
    }
    expect((await post(address, expired.body)).status).toBe(422)
    await flow.subject.deliver()
    const bodies = (await kept()).map(({ body }) => JSON.parse(body) as { type: string })
    expect(bodies.sort((a, b) => a.type.localeCompare(b.type))).toMatchObject([
      { type: 'account_created', user_id: '2', user_email: 'john@example.test' },
      { type: 'membership_expired', membership_id: '3', membership_amount_raw: 29.9 },
    ])
    for (const path of [`/sources/${id}`, `/webhooks/${webhook.id}`]) await api('DELETE', path)
  })

  test('Learning Manager tells in envelopes', async () => {
    expect((await flow.submit('/network/plugins/learning-manager/activate', {})).status).toBe(303)
    const { url, kept } = box()
    const webhook = await addWebhook(url, { events: ['COURSE_ENROLLMENT'], format: 'envelope' })
    const { id, url: address } = await add('learning-manager')
    const data = {
      userId: 7,
      loId: 'course:1',
      loInstanceId: 'course:1_2',
      loType: 'course',
      enrollmentSource: 'SELF_ENROLL',
    }
    const event = { eventId: 'd5fb', eventName: 'COURSE_ENROLLMENT', timestamp: flow.now(), eventInfo: '1', data }
    const body = JSON.stringify({ accountId: 1010, events: [event] })
    for (let n = 0; n < 2; n++) expect((await post(address, body)).status).toBe(200)
    await flow.subject.deliver()
    expect((await kept()).map((one) => JSON.parse(one.body) as object)).toMatchObject([
      {
        events: [{ eventName: 'COURSE_ENROLLMENT', timestamp: event.timestamp, data: { ...data, dateEnrolled: null } }],
      },
    ])
    for (const path of [`/sources/${id}`, `/webhooks/${webhook.id}`]) await api('DELETE', path)
  })

  test('a generic source is mapped, retired, and given another address', async () => {
    const mapping = { event: 'generic.request_received', fields: { body: { from: '.' } }, key: 'no', occurred_at: null }
    const { id, url } = await add('generic', { mapping })
    const send = async (to: string, n: number, headers = {}) => (await post(to, `{"no":${n}}`, headers)).status
    expect(await send(url, 1)).toBe(200)
    expect(await send(url, 1, { 'hookline-hops': '3' })).toBe(200)
    expect(await send(url, 2, { 'hookline-hops': '4' })).toBe(422)
    expect(await send(url, 2, { 'content-encoding': 'gzip' })).toBe(415)
    expect((await post(url, 'x'.repeat(256 * 1024 + 1))).status).toBe(413)
    expect((await post(url, '{"no":')).status).toBe(400)

    await api('PATCH', `/sources/${id}`, { active: false })
    expect(await send(url, 3)).toBe(409)
    await api('PATCH', `/sources/${id}`, { active: true })
    const rotated = await api('POST', `/sources/${id}/rotate-address`, {})
    const next = String(rotated.body.url)
    expect([next === url, await send(url, 3), await send(next, 4)]).toEqual([false, 200, 200])
    flow.subject.advance(DAY + 1000)
    expect([await send(url, 5), await send(next, 6)]).toEqual([404, 200])
    const last = await api('POST', `/sources/${id}/rotate-address`, { at_once: true })
    expect([await send(next, 7), await send(String(last.body.url), 8)]).toEqual([404, 200])

    expect((await api('GET', `/sources/${id}`)).body).toMatchObject({ refused: 5, mapping, active: true })
    expect((await api('GET', `/sources/${id}`)).body.url).toMatch(/\/ingest\/generic\/…$/)
    await api('DELETE', `/sources/${id}`)
  })

  test('what a source cannot be is told field by field', async () => {
    const paths = async (body: object) =>
      ((await api('POST', '/sources', body)).body.errors as { path: string }[]).map(({ path }) => path)
    expect(await paths({ kind: 'carrier-pigeon', name: 'Coo' })).toEqual(['kind'])
    expect(await paths({ kind: 'stripe', name: ' ', settings: { colour: 'red' }, mapping: {} })).toEqual([
      'name',
      'settings.colour',
      'mapping',
    ])
    expect(await paths({ kind: 'generic', name: 'A', mapping: { event: 'webhook_failing', fields: {} } })).toEqual([
      'mapping.event',
    ])
    expect(await paths({ kind: 'generic', name: 'A', site: 'nowhere' })).toEqual(['site'])
    expect((await api('GET', '/sources')).body.data).toEqual([])
  })
}
