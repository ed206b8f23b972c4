import { expect, test } from 'vitest'
import type { Flow } from './flow.ts'
import { FLOW_KEY } from './key.ts'

/** What tools made for Ultimate Multisite do. */
export function wu(flow: Flow): void {
  const { api, box, payment } = flow

  test('a webhook made by wu/v2 gets flat events; it is changed, listed and deleted there, and counts', async () => {
    const me = (await api('GET', '/me')).body
    const ask = async (method: string, path: string, body?: unknown) => {
      const answer = await flow.subject.fetch(`/wp-json/wu/v2${path}`, {
        method,
        headers: { authorization: `Basic ${btoa(`${String(me.id)}:${FLOW_KEY}`)}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
    }
    const { url, kept } = box()
    const wanted = { name: 'From a Zap', webhook_url: url, event: 'payment_received', integration: 'zapier' }
    const made = await ask('POST', '/webhook', wanted)
    expect(made).toMatchObject({ status: 200, body: { ...wanted, active: true, event_count: 0, model: 'webhook' } })
    const path = `/webhook/${String(made.body.id)}`

    await api('POST', '/events', { type: 'payment_received', data: payment(3) })
    await flow.subject.deliver()
    const [request] = await kept()
    expect(JSON.parse(request?.body ?? '')).toMatchObject({ type: 'payment_received', ...payment(3) })
    expect((await ask('GET', path)).body).toMatchObject({ id: String(made.body.id), event_count: '1' })

    const changed = await ask('PUT', path, { event: 'payment_failed,site_published', active: 0, integration: 'make' })
    expect(changed.body).toMatchObject({ event: 'payment_failed,site_published', active: false, integration: 'make' })
    expect((await ask('GET', '/webhook?event=site_published&active=0')).body).toMatchObject([{ name: 'From a Zap' }])
    const entries = (await api('GET', '/webhooks')).body.data as Record<string, unknown>[]
    expect(entries.find(({ name }) => name === 'From a Zap')).toMatchObject({ state: 'retired', format: 'flat' })

    expect(await ask('DELETE', path)).toMatchObject({ status: 200, body: 1 })
    expect((await ask('GET', path)).status).toBe(404)
  })
}
