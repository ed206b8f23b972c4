import { expect, test } from 'vitest'
import { MINUTE } from '../../server/lib/clock.ts'
import type { Flow } from './flow.ts'

/** What failed is put right: again, many again, cancelled, discarded, sent to who did not get it. */
export function repair(flow: Flow): void {
  const { api, box, addWebhook, payment } = flow

  test('a delivery that failed for good is redelivered by one request, with the same id and body', async () => {
    const { url, kept } = box('503,200')
    const { id } = await addWebhook(url, { retry_schedule: [] })
    await api('POST', '/events', { type: 'payment_received', data: payment(3) })
    await flow.subject.deliver()
    const [failed] = (await api('GET', `/deliveries?webhook=${id}`)).body.data as { id: string; state: string }[]
    expect(failed?.state).toBe('failed')
    expect((await api('POST', `/deliveries/${failed?.id}/redeliver`)).status).toBe(202)
    await flow.subject.deliver()
    const [first, second] = await kept()
    expect(second?.body).toBe(first?.body)
    expect(second?.headers).toMatchObject({
      'hookline-redelivery': '1',
      'hookline-attempt': '2',
      'webhook-id': first?.headers['webhook-id'],
    })
    expect((await api('GET', `/deliveries/${failed?.id}`)).body).toMatchObject({
      state: 'delivered',
      attempts: [{ status: 503 }, { status: 200 }],
    })
    await api('DELETE', `/webhooks/${id}`)
  })

  test('what is redelivered leaves at once: past an open breaker, in front of what waits, and outside the order', async () => {
    const idsOf = async (webhook: string) =>
      ((await api('GET', `/deliveries?webhook=${webhook}`)).body.data as { id: string; event: string }[]).toReversed()
    const spared = box(`${'500,'.repeat(5)}200`)
    const { id } = await addWebhook(spared.url, { retry_schedule: [3600] })
    for (const [first, last] of [
      [0, 5],
      [5, 8],
    ] as const) {
      for (let n = first; n < last; n++) await api('POST', '/events', { type: 'payment_received', data: payment(n) })
      await flow.subject.deliver()
    }
    expect(await spared.kept()).toHaveLength(5)
    const line = box(`${'500,'.repeat(9)}200`)
    const inOrder = await addWebhook(line.url, { ordered: true, retry_schedule: [3600] })
    for (let n = 0; n < 2; n++) await api('POST', '/events', { type: 'payment_received', data: payment(n) })
    await flow.subject.deliver()

    for (const [webhook, { kept }] of [[id, spared] as const, [inOrder.id, line] as const]) {
      const before = (await kept()).length
      const chosen = (await idsOf(webhook))[1]
      expect((await api('POST', `/deliveries/${chosen?.id}/redeliver`)).status).toBe(202)
      await flow.subject.deliver()
      expect((await kept())[before]?.headers).toMatchObject({ 'webhook-id': chosen?.event, 'hookline-redelivery': '1' })
      await api('DELETE', `/webhooks/${webhook}`)
    }
  })

  test('all that failed since a time is redelivered in steps, with progress, and can be stopped', async () => {
    const { url, kept } = box('500,500,500,200')
    const { id } = await addWebhook(url, { retry_schedule: [] })
    const since = new Date(Date.now() - 60_000).toISOString()
    for (const n of [10, 11, 12]) await api('POST', '/events', { type: 'payment_received', data: payment(n) })
    await flow.subject.deliver()
    const run = await api('POST', `/webhooks/${id}/redeliver`, { since, state: 'failed' })
    expect(run).toMatchObject({ status: 202, body: { total: 3, done: 0, state: 'running' } })
    expect(await api('POST', `/webhooks/${id}/redeliver`, { since })).toMatchObject({
      status: 409,
      body: { title: 'Its failed deliveries are already being redelivered.' },
    })
    await flow.subject.deliver()
    await flow.subject.deliver()
    expect((await api('GET', `/redeliveries/${String(run.body.id)}`)).body).toMatchObject({
      done: 3,
      state: 'finished',
    })
    expect((await api('GET', `/deliveries?webhook=${id}&state=delivered`)).body.data).toHaveLength(3)
    expect(await kept()).toHaveLength(6)
    expect((await api('DELETE', `/redeliveries/${String(run.body.id)}`)).status).toBe(204)
    expect((await api('POST', `/webhooks/${id}/redeliver`, { since: 'yesterday' })).status).toBe(422)
    expect((await api('PATCH', `/webhooks/${id}`, { active: false })).status).toBe(200)
    const off = { status: 409, body: { title: 'Its webhook is switched off. Activate the webhook first.' } }
    expect(await api('POST', `/webhooks/${id}/redeliver`, { since })).toMatchObject(off)
    const [one] = (await api('GET', `/deliveries?webhook=${id}`)).body.data as { id: string }[]
    expect(await api('POST', `/deliveries/${one?.id}/redeliver`)).toMatchObject(off)
    await api('DELETE', `/webhooks/${id}`)
  })

  test('what waits can be cancelled, what is held discarded, and an event sent to who did not get it', async () => {
    const first = box('500')
    const { id } = await addWebhook(first.url)
    const sent = await api('POST', '/events', { type: 'payment_received', data: payment(13) })
    await flow.subject.deliver()
    const [waiting] = (await api('GET', `/deliveries?webhook=${id}`)).body.data as { id: string }[]
    expect((await api('POST', `/deliveries/${waiting?.id}/cancel`)).body).toMatchObject({ state: 'cancelled' })
    expect((await api('POST', `/deliveries/${waiting?.id}/cancel`)).status).toBe(409)

    const later = box()
    const other = await addWebhook(later.url, { events: ['payment_failed'], format: 'flat' })
    const replayed = await api('POST', `/events/${String(sent.body.id)}/deliver`, { webhook: other.id })
    expect(replayed).toMatchObject({ status: 202, body: { state: 'pending', event: sent.body.id } })
    await flow.subject.deliver()
    expect(JSON.parse((await later.kept())[0]?.body ?? '')).toMatchObject({ id: sent.body.id, customer_id: 'cus_13' })
    expect((await api('POST', `/events/${String(sent.body.id)}/deliver`, { webhook: other.id })).status).toBe(409)

    const gone = box('410')
    const third = await addWebhook(gone.url)
    for (const n of [14, 15]) {
      await api('POST', '/events', { type: 'payment_received', data: payment(n) })
      await flow.subject.deliver()
    }
    expect((await api('POST', `/webhooks/${third.id}/discard`)).body).toEqual({ discarded: 1 })
    expect((await api('GET', `/deliveries?webhook=${third.id}&state=cancelled`)).body.data).toHaveLength(1)
    for (const webhook of [id, other.id, third.id]) await api('DELETE', `/webhooks/${webhook}`)
  })

  test('what waits of a site is held with it, goes out when it is back, and is cancelled when it is deleted', async () => {
    const { url, kept } = box('500,200,500')
    const { id } = await addWebhook(url, { retry_schedule: [60, 60] })
    const site = await api('POST', '/sites', { slug: 'moving', name: 'Moving' })
    expect(site.status, JSON.stringify(site.body)).toBe(201)
    const at = `/sites/${String(site.body.id)}`
    const send = (n: number) => api('POST', '/events', { type: 'payment_received', site: 'moving', data: payment(n) })
    const states = async () =>
      ((await api('GET', `/deliveries?webhook=${id}`)).body.data as { state: string }[]).map(({ state }) => state)
    await send(21)
    await flow.subject.deliver()
    expect(await states()).toEqual(['retrying'])
    expect((await api('PATCH', at, { state: 'archived' })).status).toBe(200)
    expect(await states()).toEqual(['held'])
    flow.subject.advance(2 * MINUTE)
    await flow.subject.deliver()
    expect(await kept()).toHaveLength(1)
    expect((await api('PATCH', at, { state: 'active' })).status).toBe(200)
    await flow.subject.deliver()
    expect(await states()).toEqual(['delivered'])
    await send(22)
    await flow.subject.deliver()
    expect(await states()).toEqual(['retrying', 'delivered'])
    expect((await api('DELETE', at)).status).toBe(204)
    expect(await states()).toEqual(['cancelled', 'delivered'])
    await api('DELETE', `/webhooks/${id}`)
  })
}
