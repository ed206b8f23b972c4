import { expect, test } from 'vitest'
import { MINUTE } from '../../server/lib/clock.ts'
import type { Flow } from './flow.ts'

const ID = '4bf92f3577b34da6a3ce929d0e0e4736'
const traced = { traceparent: `00-${ID}-00f067aa0ba902b7-01`, tracestate: 'rojo=1' }

/** What the tracing tools of others see of us. */
export function trace(flow: Flow): void {
  const { api, box, addWebhook, payment } = flow

  test('the trace of whoever reports an event reaches its receivers, each attempt by an id of its own', async () => {
    const { url, kept } = box('500,200')
    const { id } = await addWebhook(url, { retry_schedule: [5] })
    await api('POST', '/events', { type: 'payment_received', data: payment(21) }, traced)
    await flow.subject.deliver()
    flow.subject.advance(MINUTE)
    await flow.subject.deliver()
    const requests = await kept()
    const spans = requests.map(({ headers }) => /^00-(\w{32})-(\w{16})-01$/.exec(headers.traceparent ?? '')?.slice(1))
    expect(spans).toEqual([
      [ID, expect.any(String)],
      [ID, expect.any(String)],
    ])
    expect(new Set([...spans.map((span) => span?.[1]), '00f067aa0ba902b7']).size).toBe(3)
    expect(requests.map(({ headers }) => headers.tracestate)).toEqual(['rojo=1', 'rojo=1'])
    await api('DELETE', `/webhooks/${id}`)
  })

  test('so does the trace of a request to a source', async () => {
    const { url, kept } = box()
    const { id } = await addWebhook(url, { events: ['generic.request_received'] })
    const mapping = { event: 'generic.request_received', fields: { body: { from: '.' } }, key: 'no', occurred_at: null }
    const source = (await api('POST', '/sources', { kind: 'generic', name: 'Traced', mapping })).body
    const headers = { 'content-type': 'application/json', ...traced }
    await flow.subject.fetch(new URL(String(source.url)).pathname, { method: 'POST', body: '{"no":1}', headers })
    await flow.subject.deliver()
    expect((await kept()).map((one) => one.headers.traceparent?.slice(3, 35))).toEqual([ID])
    for (const path of [`/sources/${String(source.id)}`, `/webhooks/${id}`]) await api('DELETE', path)
  })

  test('without a trace, or with one that is none, nothing is made up; and a batch belongs to none', async () => {
    const { url, kept } = box()
    const { id } = await addWebhook(url)
    const broken = { ...traced, traceparent: traced.traceparent.replace(ID, '0'.repeat(32)) }
    for (const headers of [{}, broken])
      await api('POST', '/events', { type: 'payment_received', data: payment(22) }, headers)
    await flow.subject.deliver()
    await api('PATCH', `/webhooks/${id}`, { delivery: { mode: 'batched', max_events: 1 } })
    await api('POST', '/events', { type: 'payment_received', data: payment(23) }, traced)
    await flow.subject.deliver()
    const requests = await kept()
    expect(requests.map(({ headers }) => headers['hookline-event'])).toEqual([
      'payment_received',
      'payment_received',
      'batch',
    ])
    for (const { headers } of requests) {
      expect(headers).not.toHaveProperty('traceparent')
      expect(headers).not.toHaveProperty('tracestate')
    }
    await api('DELETE', `/webhooks/${id}`)
  })

  test('no header of a webhook takes its place', async () => {
    const taken = { name: 'A flow', url: box().url, events: ['payment_received'], headers: { Traceparent: 'mine' } }
    expect((await api('POST', '/webhooks', taken)).body).toMatchObject({ errors: [{ path: 'headers.Traceparent' }] })
  })
}
