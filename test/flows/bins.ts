import { expect, test } from 'vitest'
import { MINUTE } from '../../server/lib/clock.ts'
import type { Flow } from './flow.ts'

/** Request bins: addresses of our own that show what a receiver would get. */
export function bins(flow: Flow): void {
  const { api, addWebhook, payment } = flow

  test('a webhook to a bin is delivered inside, with a verdict on its signature', async () => {
    const bin = (await api('POST', '/bins', { name: 'Try-out' })).body
    expect(bin).toMatchObject({ name: 'Try-out', answer: { kind: 'ok', figure: 0 }, received: 0 })
    const { id } = await addWebhook(String(bin.url), { auth: { type: 'signature' } })
    await api('PATCH', `/bins/${String(bin.id)}`, { webhook: id, answer: { kind: 'fails', figure: 1 } })
    await api('POST', '/events', { type: 'payment_received', data: payment(41) })
    await flow.subject.deliver()
    flow.subject.advance(MINUTE)
    await flow.subject.deliver()
    const { data } = (await api('GET', `/bins/${String(bin.id)}/captures`)).body as { data: Record<string, unknown>[] }
    expect(data.map(({ method, verdict, status }) => [method, verdict, status])).toEqual([
      ['POST', 'valid', 200],
      ['POST', 'valid', 503],
    ])
    expect(JSON.parse(atob(String(data[0]?.body)))).toMatchObject({ type: 'payment_received' })
    await api('DELETE', `/webhooks/${id}`)
    expect((await api('DELETE', `/bins/${String(bin.id)}`)).status).toBe(204)

    const outside = await flow.subject.fetch(new URL(String(bin.url)).pathname, { method: 'PUT', body: 'x' })
    expect(outside.status).toBe(404)
  })

  test('anybody may send to a bin, and it says nothing but its own words', async () => {
    const bin = (await api('POST', '/bins', { name: 'Open', answer: { kind: 'slow_down', figure: 7 } })).body
    const sent = { method: 'PUT', body: '<script>1</script>', headers: { authorization: 'Bearer abc' } }
    const answer = await flow.subject.fetch(new URL(String(bin.url)).pathname, sent)
    expect([answer.status, answer.headers.get('retry-after'), await answer.text()]).toEqual([429, '7', 'Caught.\n'])
    expect(answer.headers.get('content-security-policy')).toBe('sandbox')
    const { data } = (await api('GET', `/bins/${String(bin.id)}/captures`)).body as { data: Record<string, unknown>[] }
    expect(data).toMatchObject([{ method: 'PUT', verdict: 'unsigned', status: 429, bytes: 18 }])
    expect(JSON.stringify(data)).not.toContain('Bearer abc')
    expect((await api('POST', '/bins', { name: '', answer: { kind: 'waits', figure: 99 } })).status).toBe(422)
    await api('DELETE', `/bins/${String(bin.id)}`)
  })
}
