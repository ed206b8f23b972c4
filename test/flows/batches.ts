import { expect, test } from 'vitest'
import { MINUTE } from '../../server/lib/clock.ts'
import type { Flow } from './flow.ts'

/** Events that go together. */
export function batches(flow: Flow): void {
  const { api, box, addWebhook, payment } = flow

  test('batched events go together: after N minutes, when full, or flushed; the batch retries and settles as one', async () => {
    const { url, kept } = box('500,200')
    const delivery = { mode: 'batched', every_minutes: 5, max_events: 4 }
    const { id } = await addWebhook(url, { delivery, retry_schedule: [1] })
    const ids: string[] = []
    for (let n = 0; n < 3; n++)
      ids.push(String((await api('POST', '/events', { type: 'payment_received', data: payment(n) })).body.id))
    await flow.subject.deliver()
    expect(await kept()).toEqual([])
    flow.subject.advance(5 * MINUTE)
    await flow.subject.deliver()
    flow.subject.advance(1300)
    await flow.subject.deliver()
    const [first, second] = await kept()
    expect(first?.headers).toMatchObject({
      'hookline-event': 'batch',
      'webhook-id': expect.stringMatching(/^bat_/) as string,
    })
    expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id'])
    expect(second?.body).toBe(first?.body)
    const body = JSON.parse(second?.body ?? '') as { id: string; type: string; data: { id: string }[] }
    expect(body).toMatchObject({ id: first?.headers['webhook-id'], type: 'batch' })
    expect(body.data.map((event) => event.id)).toEqual(ids)

    // Shown as one in the log, and each event knows its batch.
    const log = (await api('GET', `/deliveries?webhook=${id}`)).body.data
    expect(log).toMatchObject([{ id: body.id, type: 'batch', state: 'delivered', attempt_count: 2 }])
    const member = (await api('GET', `/deliveries?event=${ids[0] ?? ''}`)).body.data
    expect(member).toMatchObject([{ state: 'delivered', batch: body.id }])

    // Four are full and leave at once; the fifth waits until it is flushed.
    for (let n = 0; n < 5; n++) await api('POST', '/events', { type: 'payment_received', data: payment(n) })
    await flow.subject.deliver()
    expect(await kept()).toHaveLength(3)
    expect((await api('POST', `/webhooks/${id}/flush`)).body).toEqual({ flushed: 1 })
    await flow.subject.deliver()
    expect(await kept()).toHaveLength(4)

    // Switched off, what waits is held with the rest; switched on, it waits for its batch again.
    await api('POST', '/events', { type: 'payment_received', data: payment(9) })
    await api('PATCH', `/webhooks/${id}`, { active: false })
    expect((await api('GET', `/deliveries?webhook=${id}&state=held`)).body.data).toHaveLength(1)
    await api('PATCH', `/webhooks/${id}`, { active: true })
    flow.subject.advance(5 * MINUTE)
    await flow.subject.deliver()
    expect(await kept()).toHaveLength(5)
    await api('DELETE', `/webhooks/${id}`)
  })

  test('a batch that is too large goes in two halves, once; one event of a batch can be taken out', async () => {
    const { url, kept } = box('413,413,500,200')
    const delivery = { mode: 'batched', every_minutes: 5, max_events: 3 }
    const { id } = await addWebhook(url, { delivery, retry_schedule: [60] })
    const send = async (n: number) =>
      String((await api('POST', '/events', { type: 'payment_received', data: payment(n) })).body.id)
    const batches = async () => {
      const log = (await api('GET', `/deliveries?webhook=${id}`)).body.data as Record<string, unknown>[]
      return log.filter(({ type }) => type === 'batch').map((row) => [String(row.id), String(row.state)])
    }
    const bodies = async () =>
      (await kept()).map(({ body }) => {
        const batch = JSON.parse(body) as { id: string; data: { id: string }[] }
        return { id: batch.id, events: batch.data.map((event) => event.id) }
      })
    const ids = [await send(0), await send(1), await send(2)]
    await flow.subject.deliver()
    await flow.subject.deliver()
    const [whole, first, second] = await bodies()
    expect(whole?.events).toEqual(ids)
    expect([first?.events, second?.events]).toEqual(
      first?.events.length === 2 ? [ids.slice(0, 2), ids.slice(2)] : [ids.slice(2), ids.slice(0, 2)],
    )
    expect(new Set([whole?.id, first?.id, second?.id]).size).toBe(3)
    // The half that was too large as well, and the one that met a 500, are tried again as they are.
    expect(await batches()).toHaveLength(3)
    expect((await batches()).map(([, state]) => state).sort()).toEqual(['cancelled', 'retrying', 'retrying'])
    const whose = async (event: string | undefined) =>
      ((await api('GET', `/deliveries?event=${event}`)).body.data as { id: string; state: string; batch: string }[])[0]
    const [taken, left] = [await whose(ids[0]), await whose(ids[1])]
    expect(left?.batch).toBe(taken?.batch)
    expect((await api('POST', `/deliveries/${left?.id}/redeliver`)).status).toBe(409)

    expect((await api('POST', `/deliveries/${taken?.id}/cancel`)).body).toMatchObject({ state: 'cancelled' })
    expect((await api('POST', `/deliveries/${taken?.id}/cancel`)).status).toBe(409)
    const renewed = (await whose(ids[1]))?.batch
    expect([whole?.id, first?.id, second?.id]).not.toContain(renewed)
    // What is under way has to end first: a clock that jumps would end its lease, and send it twice.
    await flow.subject.deliver()
    flow.subject.advance(2 * MINUTE)
    await flow.subject.deliver()
    const sent = (await bodies()).slice(3)
    expect(sent.map((one) => one.events).sort()).toEqual([[ids[1]], [ids[2]]].sort())
    expect(sent.map((one) => one.id)).toContain(renewed)
    expect((await batches()).filter(([, state]) => state === 'delivered')).toHaveLength(2)
    expect(await whose(ids[1])).toMatchObject({ state: 'delivered' })
    expect(await whose(ids[0])).toMatchObject({ state: 'cancelled' })
    await api('DELETE', `/webhooks/${id}`)
  })

  test('a closed batch keeps its bytes and their type when the format of its webhook changes', async () => {
    const { url, kept } = box('500,200')
    const delivery = { mode: 'batched', every_minutes: 5, max_events: 2 }
    const { id } = await addWebhook(url, { delivery, format: 'cloudevents', retry_schedule: [60] })
    const events: unknown[] = []
    for (const n of [0, 1])
      events.push((await api('POST', '/events', { type: 'payment_received', data: payment(n) })).body.id)
    await flow.subject.deliver()
    await api('PATCH', `/webhooks/${id}`, { format: 'flat' })
    flow.subject.advance(2 * MINUTE)
    await flow.subject.deliver()
    const [first, second] = await kept()
    expect(first?.headers['content-type']).toBe('application/cloudevents-batch+json')
    expect(second?.headers['content-type']).toBe('application/cloudevents-batch+json')
    expect(second?.body).toBe(first?.body)
    const [batch] = (await api('GET', `/deliveries?webhook=${id}`)).body.data as { id: string }[]
    const shown = (await api('GET', `/deliveries/${batch?.id}`)).body
    expect(shown).toMatchObject({ type: 'batch', events, attempts: [{ request: { body: first?.body } }, {}] })
    await api('DELETE', `/webhooks/${id}`)
  })

  test('256 KiB are counted in bytes, and a batch that is held is held with its events, as one', async () => {
    const { url, kept } = box('500')
    const { id } = await addWebhook(url, { delivery: { mode: 'batched', every_minutes: 5 }, retry_schedule: [60, 60] })
    // A hundred thousand bytes are 25,000 letters, or twice as many units of UTF-16.
    const data = { ...payment(0), customer_name: '\u{1f600}'.repeat(25_000) }
    const ids: string[] = []
    for (let n = 0; n < 3; n++)
      ids.push(String((await api('POST', '/events', { type: 'payment_received', data })).body.id))
    await flow.subject.deliver()
    const [first, ...others] = await kept()
    const sent = (JSON.parse(first?.body ?? '') as { data: { id: string }[] }).data
    expect(sent.map((event) => event.id)).toEqual(ids.slice(0, 2))
    expect(others).toEqual([])

    const stateOf = async (event: string) =>
      ((await api('GET', `/deliveries?event=${event}`)).body.data as { state: string }[])[0]?.state
    await api('PATCH', `/webhooks/${id}`, { active: false })
    const held = (await api('GET', `/deliveries?webhook=${id}&state=held`)).body.data as { type: string }[]
    expect(held.map(({ type }) => type).sort()).toEqual(['batch', 'payment_received'])
    expect(await Promise.all(ids.map(stateOf))).toEqual(['held', 'held', 'held'])
    await api('PATCH', `/webhooks/${id}`, { active: true })
    expect(await Promise.all(ids.map(stateOf))).toEqual(['retrying', 'retrying', 'pending'])
    await api('DELETE', `/webhooks/${id}`)
  })

  test('what becomes of a batch as a whole becomes of its events: discarded, cancelled, deleted', async () => {
    for (const [n, end] of ['discard', 'cancel', 'delete'].entries()) {
      const { url } = box('500')
      const delivery = { mode: 'batched', every_minutes: 5, max_events: 2 }
      const { id } = await addWebhook(url, { delivery, retry_schedule: [60] })
      const ids: string[] = []
      for (const m of [2 * n, 2 * n + 1])
        ids.push(String((await api('POST', '/events', { type: 'payment_received', data: payment(m) })).body.id))
      await flow.subject.deliver()
      const log = (await api('GET', `/deliveries?webhook=${id}`)).body.data as { id: string }[]
      expect(log).toMatchObject([{ type: 'batch', state: 'retrying' }])
      if (end === 'discard') {
        await api('PATCH', `/webhooks/${id}`, { active: false })
        await api('POST', `/webhooks/${id}/discard`)
      } else if (end === 'cancel') await api('POST', `/deliveries/${log[0]?.id}/cancel`)
      else await api('DELETE', `/webhooks/${id}`)
      for (const event of ids) {
        expect((await api('GET', `/deliveries?event=${event}`)).body.data).toMatchObject([{ state: 'cancelled' }])
      }
      await api('DELETE', `/webhooks/${id}`)
    }
  })
}
