import { expect, test } from 'vitest'
import type { Flow } from './flow.ts'

interface Attempt {
  readonly request: { readonly url: string | null; readonly body: string | null }
}

/** The log says what was sent and where, whatever became of the webhook since. */
export function past(flow: Flow): void {
  const { api, box, addWebhook, payment } = flow

  /** Where the log says that something went to: what follows the path may hold a secret. */
  const logged = (url: string) => `${url.split('?')[0]}?…`
  const attemptsOf = async (delivery: string) =>
    (await api('GET', `/deliveries/${delivery}`)).body.attempts as readonly Attempt[]

  test('each attempt keeps its address and its bytes when the webhook changes, and when it is deleted', async () => {
    const [one, two] = [box(), box()]
    const { id } = await addWebhook(one.url, { auth: { type: 'signature' } })
    await api('POST', '/events', { type: 'payment_received', data: payment(31) })
    await flow.subject.deliver()
    const [sent] = (await api('GET', `/deliveries?webhook=${id}`)).body.data as { id: string }[]
    const delivery = sent?.id ?? ''
    expect((await api('PATCH', `/webhooks/${id}`, { url: two.url, format: 'flat' })).status).toBe(200)
    expect((await api('POST', `/deliveries/${delivery}/redeliver`)).status).toBe(202)
    await flow.subject.deliver()
    const [first, second] = [(await one.kept())[0], (await two.kept())[0]]
    expect(JSON.parse(first?.body ?? '')).toMatchObject({ data: payment(31) })
    expect(JSON.parse(second?.body ?? '')).toMatchObject(payment(31))

    const read = await flow.reader()
    const isWhatWentOut = async () => {
      expect(await attemptsOf(delivery)).toMatchObject([
        { request: { url: logged(one.url), body: first?.body } },
        { request: { url: logged(two.url), body: second?.body } },
      ])
      for (const [number, url, request, other] of [
        [1, one.url, first, two.url],
        [2, two.url, second, one.url],
      ] as const) {
        const html = (await read(`/network/deliveries/${delivery}?attempt=${number}`)).replaceAll('&quot;', '"')
        expect(html).toContain(`<code>${logged(url)}</code>`)
        expect(html).toContain(`curl -X POST &#39;${logged(url)}&#39;`)
        expect(html).toContain(
          `${request?.headers['webhook-id']}.${request?.headers['webhook-timestamp']}.${request?.body}`,
        )
        expect(html).not.toContain(logged(other))
      }
    }
    await isWhatWentOut()
    expect((await api('DELETE', `/webhooks/${id}`)).status).toBe(204)
    await isWhatWentOut()
  })

  test('a batch keeps its address and its bytes, and so does a test of what was never saved', async () => {
    const { url, kept } = box()
    const { id } = await addWebhook(url, { delivery: { mode: 'batched', every_minutes: 60, max_events: 2 } })
    for (const n of [32, 33]) await api('POST', '/events', { type: 'payment_received', data: payment(n) })
    await flow.subject.deliver()
    const [batch] = (await api('GET', `/deliveries?webhook=${id}&type=batch`)).body.data as { id: string }[]
    expect((await api('PATCH', `/webhooks/${id}`, { url: box().url, format: 'flat' })).status).toBe(200)
    const draft = { name: 'Not saved', url, events: ['payment_received'], format: 'envelope' }
    const tried = await api('POST', '/webhooks/test', draft)
    const [asBatch, asTest] = await kept()
    const read = await flow.reader()
    const carried = [
      [batch?.id ?? '', asBatch],
      [String(tried.body.delivery), asTest],
    ] as const
    for (const [delivery, request] of carried) {
      expect(await attemptsOf(delivery)).toMatchObject([{ request: { url: logged(url), body: request?.body } }])
      expect(await read(`/network/deliveries/${delivery}`)).toContain(`<code>${logged(url)}</code>`)
    }
    await api('DELETE', `/webhooks/${id}`)
  })
}
