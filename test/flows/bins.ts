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

  test('what a receiver got is shown in a bin, signed so that it holds', async () => {
    const { url, kept } = flow.box()
    const { id } = await addWebhook(url, { auth: { type: 'signature' } })
    await api('POST', '/events', { type: 'payment_received', data: payment(42) })
    await flow.subject.deliver()
    const [sent] = (await api('GET', `/deliveries?webhook=${id}`)).body['data'] as { id: string }[]
    const copied = await flow.submit(`/network/deliveries/${sent?.id ?? ''}/bin`, { bin: '' })
    const bin = copied.headers.get('location')?.split('/').at(-1) ?? ''
    const { data } = (await api('GET', `/bins/${bin}/captures`)).body as { data: Record<string, unknown>[] }
    expect(data).toMatchObject([{ method: 'POST', verdict: 'valid', status: 200 }])
    const utf8 = Uint8Array.from(atob(String(data[0]?.['body'])), (byte) => byte.charCodeAt(0))
    expect(new TextDecoder().decode(utf8)).toBe((await kept())[0]?.body)
    await api('DELETE', `/webhooks/${id}`)
    await api('DELETE', `/bins/${bin}`)
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
    const sentAgain = await flow.subject.fetch(new URL(String(bin.url)).pathname, { ...sent, method: 'POST' })
    expect(sentAgain.status).toBe(429)
    const captures = `/bins/${String(bin.id)}/captures`
    const newest = (await api('GET', `${captures}?limit=1`)).body
    expect(newest).toMatchObject({ data: [{ method: 'POST' }] })
    const next = await api('GET', `${captures}?limit=1&cursor=${String(newest.next_cursor)}`)
    expect(next.body).toMatchObject({ data: [{ method: 'PUT' }], next_cursor: null })
    expect((await api('POST', '/bins', { name: '', answer: { kind: 'waits', figure: 99 } })).status).toBe(422)
    const wrong = await api('GET', `/bins?cursor=${String(newest.next_cursor)}`)
    expect([wrong.status, wrong.body.code]).toEqual([400, 'bad_cursor'])
    await api('DELETE', `/bins/${String(bin.id)}`)
  })

  test('the list of bins has pages, the newest bin first', async () => {
    const made: unknown[] = []
    for (const name of ['One', 'Two', 'Three']) {
      flow.subject.advance(1000)
      made.unshift((await api('POST', '/bins', { name })).body.id)
    }
    const first = (await api('GET', '/bins?limit=2')).body
    const ids = ({ data }: typeof first) => (data as { id: string }[]).map(({ id }) => id)
    expect(ids(first)).toEqual(made.slice(0, 2))
    const second = (await api('GET', `/bins?limit=1&cursor=${String(first.next_cursor)}`)).body
    expect(ids(second)).toEqual(made.slice(2))
    expect((await api('GET', '/bins?limit=0')).status).toBe(400)
    for (const id of made) await api('DELETE', `/bins/${String(id)}`)
  })
}
