import { expect, test } from 'vitest'
import { Webhook } from 'standardwebhooks'
import { zapier, type Bundle } from '../support/zapier.ts'
import type { Flow } from './flow.ts'
import { FLOW_KEY } from './key.ts'

/** Builders of automations subscribe and unsubscribe by themselves, each in its own way. */
export function builders(flow: Flow): void {
  const { api, box, payment } = flow

  const ask = (method: string, path: string, body?: unknown) =>
    flow.subject.fetch(path, {
      method,
      headers: { authorization: `Bearer ${FLOW_KEY}`, 'content-type': 'application/json', 'user-agent': 'Zapier' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  const pay = async (n: number) => {
    await api('POST', '/events', { type: 'payment_received', data: payment(n) })
    await flow.subject.deliver()
  }
  const listed = async (url: string) =>
    (await api('GET', `/hooks?url=${encodeURIComponent(url)}`)).body.data as { id: string; event: string }[]

  test('Zapier: the connection, a Zap switched on, its sample, an event, the Zap switched off', async () => {
    const app = zapier(ask)
    const { url, kept } = box()
    const bundle: Bundle = { inputData: { event: 'payment_received' }, targetUrl: url }
    expect(await app.authenticate()).toBe('SETUP_API_KEY (Hookline)')
    await app.subscribe(bundle)
    const first = bundle.subscribeData
    // The answer may have been lost: asked again, it is the same hook, and nothing arrives twice.
    await app.subscribe(bundle)
    expect(bundle.subscribeData).toEqual(first)
    const [sample] = await app.samples(bundle)
    await pay(10)
    const [request, ...more] = await kept()
    expect(more).toEqual([])
    expect(request?.headers['webhook-signature']).toBeUndefined()
    const [run] = app.perform(bundle, request?.body ?? '')
    expect(Object.keys(run ?? {}).sort()).toEqual(Object.keys(sample ?? {}).sort())
    expect(run).toMatchObject({ type: 'payment_received', payment_id: payment(10).payment_id })
    await app.unsubscribe(bundle)
    await app.unsubscribe(bundle)
    await pay(11)
    expect(await kept()).toHaveLength(1)
  })

  test('410 ends a subscription: its webhook is gone, its deliveries stay in the log', async () => {
    const { url, kept } = box('200,410')
    const { body: hook } = await api('POST', '/hooks', { target_url: url, event: 'payment_received' })
    await pay(12)
    expect(await listed(url)).toMatchObject([{ id: hook.id, event: 'payment_received', state: 'active' }])
    await pay(13)
    await pay(14)
    expect(await kept()).toHaveLength(2)
    expect(await listed(url)).toEqual([])
    expect((await api('GET', `/webhooks/${String(hook.id)}`)).status).toBe(404)
    expect((await api('GET', `/deliveries?webhook=${String(hook.id)}`)).body.data).toMatchObject([
      { state: 'failed', last_status: 410 },
      { state: 'delivered', last_status: 200 },
    ])
    expect((await api('DELETE', `/hooks/${String(hook.id)}`)).status).toBe(204)
  })

  test('n8n: checks whether its hook exists, creates it with a secret of its own, deletes it', async () => {
    const { url, kept } = box()
    const secret = btoa('n8n makes a secret for each node')
    const exists = async () => (await listed(url)).some(({ event }) => event === 'payment_received')
    expect(await exists()).toBe(false)
    const made = await api('POST', '/hooks', { target_url: url, event: 'payment_received', secret })
    expect(made.status).toBe(201)
    expect(await exists()).toBe(true)
    await pay(15)
    const [request] = await kept()
    expect(new Webhook(secret).verify(request?.body ?? '', request?.headers ?? {})).toMatchObject(payment(15))
    // A node that lost what it kept comes with another secret, which takes the place of the first.
    const other = btoa('another secret, of the same node')
    const again = await api('POST', '/hooks', { target_url: url, event: 'payment_received', secret: other })
    expect(again.body.id).not.toBe(made.body.id)
    expect(await listed(url)).toHaveLength(1)
    await pay(16)
    const [, second] = await kept()
    expect(new Webhook(other).verify(second?.body ?? '', second?.headers ?? {})).toMatchObject(payment(16))
    expect((await api('DELETE', `/hooks/${String(again.body.id)}`)).status).toBe(204)
    expect(await exists()).toBe(false)
  })

  test('Power Automate: a 201 with a Location, and a DELETE of just that address', async () => {
    const { url } = box()
    const made = await ask('POST', '/api/v1/hooks', { target_url: url, event: 'payment_received' })
    expect(made.status).toBe(201)
    const location = new URL(made.headers.get('location') ?? '')
    expect((await ask('GET', location.pathname)).status).toBe(200)
    expect((await ask('DELETE', location.pathname)).status).toBe(204)
    expect(await listed(url)).toEqual([])
  })

  test('a hook is refused with the names that the builder sent', async () => {
    const wrong = await api('POST', '/hooks', { target_url: 'ftp://example.com', event: 'nothing_happened' })
    expect(wrong).toMatchObject({ status: 422, body: { code: 'invalid' } })
    expect((wrong.body.errors as { path: string }[]).map(({ path }) => path)).toEqual(['target_url', 'event'])
  })
}
