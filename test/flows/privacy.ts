import { expect, test } from 'vitest'
import { HOUR } from '../../server/lib/clock.ts'
import type { Flow } from './flow.ts'

const ANN = 'ann.flow@nordlys.example'
const EVA = 'eva.flow@nordlys.example'

/** Somebody asks what is stored about them, and wants it gone. */
export function privacy(flow: Flow): void {
  const { api, box, addWebhook, payment } = flow

  /** Ticks until something is there; a walk goes on by half a second a time. */
  async function until<T>(ask: () => Promise<T | null>): Promise<T> {
    for (let n = 0; n < 60; n++) {
      const found = await ask()
      if (found !== null) return found
      await flow.subject.deliver()
    }
    throw new Error('The walk did not come to its end.')
  }

  test('all of it is found and exported, then erased, and nothing of it is ever sent again', async () => {
    const [alone, gathered] = [box('200,500,200'), box('500,200')]
    const one = await addWebhook(alone.url, { retry_schedule: [3600] })
    const many = await addWebhook(gathered.url, {
      events: ['payment_failed'],
      delivery: { mode: 'batched', every_minutes: 60, max_events: 2 },
      retry_schedule: [3600],
    })
    const send = async (type: string, n: number, customer_email: string): Promise<string> => {
      const sent = await api('POST', '/events', { type, data: { ...payment(n), customer_email } })
      await flow.subject.deliver()
      return String(sent.body.id)
    }
    const arrived = await send('payment_received', 41, ANN)
    const retrying = await send('payment_received', 42, ANN.toUpperCase())
    const other = await send('payment_received', 43, `jo${ANN}`)
    const inBatch = await send('payment_failed', 44, ANN)
    await send('payment_failed', 45, 'bob@nordlys.example')
    const deliveryOf = async (event: string) =>
      ((await api('GET', `/deliveries?event=${event}`)).body.data as { id: string; state: string }[])[0]
    expect(await deliveryOf(retrying)).toMatchObject({ state: 'retrying' })

    const begun = await flow.submit('/network/privacy', { address: ` ${ANN} ` })
    const request = begun.headers.get('location') ?? ''
    const exported = await until(async () => {
      const answer = await flow.submit(`${request}/export`, {})
      const text = await answer.text()
      return answer.status === 200 ? (JSON.parse(text) as Record<string, { id: string }[]>) : null
    })
    expect(exported['event']?.map(({ id }) => id)).toEqual([arrived, retrying, inBatch])
    expect(exported['body']).toHaveLength(4)

    expect((await flow.submit(`${request}/erase`, { address: ANN })).status).toBe(303)
    await until(async () => (await api('GET', `/events/${inBatch}`)).body.erased_at ?? null)
    for (let n = 0; n < 3; n++) await flow.subject.deliver()
    flow.subject.advance(2 * HOUR)
    await flow.subject.deliver()

    const refused = { status: 409, body: { title: 'Its data was erased. Nothing is left that could be sent.' } }
    for (const event of [arrived, retrying, inBatch]) {
      expect((await api('GET', `/events/${event}`)).body).toMatchObject({ data: {} })
      expect(await api('POST', `/deliveries/${(await deliveryOf(event))?.id}/redeliver`)).toMatchObject(refused)
      expect(await api('POST', `/events/${event}/deliver`, { webhook: many.id })).toMatchObject(refused)
    }
    expect(await deliveryOf(arrived)).toMatchObject({ state: 'delivered' })
    expect(await deliveryOf(retrying)).toMatchObject({ state: 'cancelled' })
    expect(await deliveryOf(inBatch)).toMatchObject({ state: 'cancelled' })
    expect((await api('GET', `/events/${other}`)).body).toMatchObject({ data: { customer_email: `jo${ANN}` } })

    expect(await alone.kept()).toHaveLength(3)
    const [closed, rest, ...more] = await gathered.kept()
    expect(more).toEqual([])
    expect(closed?.body).toContain(ANN)
    expect(rest?.body).not.toContain(ANN)
    expect(rest?.body).toContain('bob@nordlys.example')
    expect(rest?.headers['webhook-id']).not.toBe(closed?.headers['webhook-id'])

    // Searched once more, there is nothing left, and so nothing to export.
    const again = (await flow.submit('/network/privacy', { address: ANN })).headers.get('location') ?? ''
    const left = await until(async () => {
      const answer = await flow.submit(`${again}/export`, {})
      const text = await answer.text()
      return answer.status === 200 ? (JSON.parse(text) as Record<string, unknown>) : null
    })
    for (const place of ['event', 'body', 'attempt', 'capture', 'audit']) expect(left[place], place).toEqual([])
    for (const webhook of [one, many]) await api('DELETE', `/webhooks/${webhook.id}`)
  })

  test('a key with the scope does the same, for whom nobody else takes by mistake', async () => {
    const sent = await api('POST', '/events', {
      type: 'payment_received',
      data: { ...payment(46), customer_email: EVA },
    })
    const begun = await api('POST', '/privacy', { address: ` ${EVA.toUpperCase()} ` })
    expect(begun).toMatchObject({ status: 201, body: { address: EVA, state: 'searching' } })
    const path = `/privacy/${String(begun.body.id)}`
    const when = (state: string) =>
      until(async () => {
        const { body } = await api('GET', path)
        return body.state === state ? body : null
      })
    expect((await api('POST', `${path}/export`)).status).toBe(409)
    const { places } = await when('found')
    expect(places).toContainEqual({ place: 'event', looked: expect.any(Number), found: 1, kept: false })
    expect((await api('GET', '/privacy?limit=1')).body.data).toMatchObject([{ id: begun.body.id, state: 'found' }])
    expect((await api('POST', `${path}/export`)).body).toMatchObject({ address: EVA, event: [{ id: sent.body.id }] })

    const erase = (body: object) => api('POST', `${path}/erase`, body)
    expect((await erase({})).body).toMatchObject({ code: 'invalid', errors: [{ path: 'address' }] })
    expect((await erase({ address: ANN })).body).toMatchObject({ code: 'invalid', errors: [{ path: 'address' }] })
    expect(await erase({ address: EVA })).toMatchObject({ status: 202, body: { state: 'erasing' } })
    expect(await when('erased')).toMatchObject({ address: null, masked: expect.stringMatching(/^e…@/) })
    expect((await api('GET', `/events/${String(sent.body.id)}`)).body).toMatchObject({ data: {} })
    for (const act of ['export', 'stop']) expect((await api('POST', `${path}/${act}`)).status).toBe(409)
    expect((await erase({ address: EVA })).status).toBe(409)
    expect((await api('POST', '/privacy', { address: 'eva' })).status).toBe(422)
    expect((await api('GET', '/privacy/prv_none')).status).toBe(404)
    const page = await api('GET', '/privacy?limit=1')
    const next = await api('GET', `/privacy?limit=1&cursor=${String(page.body.next_cursor)}`)
    expect(next.body.data).not.toEqual(page.body.data)
  })
}
