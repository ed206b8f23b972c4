import { expect, test } from 'vitest'
import { Webhook } from 'standardwebhooks'
import { fiftyEvents } from './fifty-events.ts'
import type { Flow } from './flow.ts'

/** An event reaches a receiver, in every way that the contract names. */
export function mainJob(flow: Flow): void {
  const { api, box, addWebhook, payment, runtime } = flow

  test('a payment reaches the receiver: signed, in the standard format, once', async () => {
    const { url, kept } = box()
    const webhook = await addWebhook(url, { auth: { type: 'signature' } })
    const sent = await api('POST', '/events', { type: 'payment_received', data: payment(0) })
    expect(sent).toMatchObject({ status: 202, body: { duplicate: false } })
    await flow.subject.deliver()
    const [request, ...more] = await kept()
    expect(more).toEqual([])
    expect(request?.headers).toMatchObject({
      'content-type': 'application/json',
      'webhook-id': sent.body.id,
      'hookline-event': 'payment_received',
      'hookline-site': 'main',
      'hookline-attempt': '1',
    })
    expect(JSON.parse(request?.body ?? '')).toMatchObject({
      id: sent.body.id,
      type: 'payment_received',
      site: 'main',
      data: payment(0),
    })
    expect(new Webhook(webhook.secret).verify(request?.body ?? '', request?.headers ?? {})).toBeTruthy()
    const log = await api('GET', `/deliveries?webhook=${webhook.id}`)
    expect(log.body.data).toMatchObject([{ state: 'delivered', attempt_count: 1, last_status: 200 }])
    await api('DELETE', `/webhooks/${webhook.id}`)
  })

  test('500, 500, 200 on the schedule [1, 1]: three attempts, one id, three timestamps, three valid signatures', async () => {
    const { url, kept } = box('500,500,200')
    const { id, secret } = await addWebhook(url, { auth: { type: 'signature' }, retry_schedule: [1, 1] })
    const sent = await api('POST', '/events', { type: 'payment_received', data: payment(1) })
    for (let i = 0; i < 5; i++) {
      await flow.subject.deliver()
      flow.subject.advance(1300)
    }
    const requests = await kept()
    expect(requests.map(({ headers }) => headers['webhook-id'])).toEqual(Array(3).fill(sent.body.id))
    expect(requests.map(({ headers }) => headers['hookline-attempt'])).toEqual(['1', '2', '3'])
    expect(new Set(requests.map(({ headers }) => headers['webhook-timestamp'])).size).toBe(3)
    expect(new Set(requests.map(({ body }) => body)).size).toBe(1)
    for (const { body, headers } of requests) expect(new Webhook(secret).verify(body, headers)).toBeTruthy()
    const log = await api('GET', `/deliveries?webhook=${id}`)
    expect(log.body.data).toMatchObject([{ state: 'delivered', attempt_count: 3 }])
    await api('DELETE', `/webhooks/${id}`)
  })

  test('50 events arrive byte for byte as the contract writes them; sent again they are duplicates and nothing moves', async () => {
    const { url, kept } = box()
    const { id } = await addWebhook(url)
    const occurred = new Date(Date.now() - 60_000).toISOString()
    const batch = fiftyEvents.map((data, n) => ({
      type: 'payment_received',
      data,
      id: `${runtime}-fifty-${n}`,
      occurred_at: occurred,
    }))
    const first = await api('POST', '/events/batch', batch)
    expect(first.status, JSON.stringify(first.body)).toBe(202)
    for (let i = 0; i < 12; i++) await flow.subject.deliver()
    const stored = first.body.data as { id: string; deliveries: number; duplicate: boolean }[]
    const byId = new Map((await kept()).map(({ headers, body }) => [headers['webhook-id'], body]))
    expect(byId.size).toBe(50)
    for (const [n, { id: event, deliveries, duplicate }] of stored.entries()) {
      expect({ deliveries, duplicate }).toEqual({ deliveries: 1, duplicate: false })
      const data = JSON.stringify(fiftyEvents[n])
      expect(byId.get(event)).toBe(
        `{"id":"${event}","type":"payment_received","timestamp":"${occurred}","site":"main","data":${data}}`,
      )
    }
    const again = await api('POST', '/events/batch', batch)
    expect(again.body.data).toEqual(stored.map((one) => ({ ...one, duplicate: true })))
    await flow.subject.deliver()
    expect(await kept()).toHaveLength(50)
    const other = await api('POST', '/events', {
      type: 'payment_received',
      id: `${runtime}-fifty-0`,
      data: payment(1),
    })
    expect(other).toMatchObject({ status: 409, body: { code: 'idempotency_mismatch' } })
    await api('DELETE', `/webhooks/${id}`)
  })

  test('Basic authentication, the flat and the envelope format', async () => {
    const flat = box()
    const envelope = box()
    const one = await addWebhook(flat.url, {
      format: 'flat',
      auth: { type: 'basic', username: 'anna', password: 'pässword' },
    })
    const two = await addWebhook(envelope.url, { format: 'envelope' })
    const sent = await api('POST', '/events', { type: 'payment_received', data: payment(2) })
    await flow.subject.deliver()
    const [asFlat] = await flat.kept()
    expect(asFlat?.headers.authorization).toBe(
      `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode('anna:pässword')))}`,
    )
    expect(JSON.parse(asFlat?.body ?? '')).toMatchObject({
      id: sent.body.id,
      type: 'payment_received',
      ...payment(2),
    })
    const [asEnvelope] = await envelope.kept()
    expect(JSON.parse(asEnvelope?.body ?? '')).toMatchObject({
      accountId: expect.any(Number) as number,
      events: [
        {
          eventId: sent.body.id,
          eventName: 'payment_received',
          eventInfo: `${String(sent.body.id)}-0`,
          data: payment(2),
        },
      ],
    })
    const shown = JSON.stringify((await api('GET', `/deliveries?webhook=${one.id}`)).body)
    expect(shown).not.toContain('pässword')
    for (const { id } of [one, two]) await api('DELETE', `/webhooks/${id}`)
  })

  test('a test event shows the whole exchange before and after saving, and changes no figures', async () => {
    const { url, kept } = box('500')
    const draft = { name: 'Not saved', url, events: ['payment_received'] }
    const before = await api('POST', '/webhooks/test', draft)
    expect(before.body).toMatchObject({
      ok: false,
      status: 500,
      request: { method: 'POST' },
      response: { body: 'taken' },
    })
    const { id } = await addWebhook(url)
    const after = await api('POST', `/webhooks/${id}/test`, { event: 'payment_received' })
    expect(after.body).toMatchObject({ ok: false, status: 500 })
    const [request] = await kept()
    expect(request?.headers['hookline-test']).toBe('1')
    expect((await api('GET', `/webhooks/${id}`)).body).toMatchObject({ state: 'active', last_delivered_at: null })
    await flow.subject.deliver()
    expect(await kept()).toHaveLength(2)
    await api('DELETE', `/webhooks/${id}`)
  })
}
