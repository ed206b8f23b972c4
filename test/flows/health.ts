import { expect, test } from 'vitest'
import { HOUR, MINUTE } from '../../server/lib/clock.ts'
import type { Flow } from './flow.ts'

/** Webhooks that fail, and the switch that holds all. */
export function health(flow: Flow): void {
  const { api, box, addWebhook, submit, payment } = flow

  test('410 switches the webhook off and says why; events go on being kept for it', async () => {
    const { url } = box('410')
    const { id } = await addWebhook(url)
    await api('POST', '/events', { type: 'payment_received', data: payment(4) })
    await flow.subject.deliver()
    expect((await api('GET', `/webhooks/${id}`)).body).toMatchObject({
      state: 'disabled',
      state_reason: expect.stringContaining('410') as string,
    })
    await api('POST', '/events', { type: 'payment_received', data: payment(5) })
    const held = (await api('GET', `/deliveries?webhook=${id}&state=held`)).body.data
    expect(held).toHaveLength(1)
    await api('DELETE', `/webhooks/${id}`)
  })

  test('a webhook that fails ten times is failing and told of; its breaker lets one through at a time; success heals it', async () => {
    const { url, kept } = box(`${'500,'.repeat(12)}200`)
    const { id } = await addWebhook(url, { retry_schedule: [] })
    const told = box()
    const watcher = await addWebhook(told.url, { events: ['webhook_failing', 'webhook_recovered'] })
    for (let n = 0; n < 30; n++) await api('POST', '/events', { type: 'payment_received', data: payment(n) })
    await flow.subject.deliver()
    const first = (await kept()).length
    // The fifth failure opens the breaker, while at most ten are on the wire.
    expect(first).toBeLessThanOrEqual(14)
    await flow.subject.deliver()
    expect(await kept()).toHaveLength(first)
    for (let n = 0; n < 12; n++) {
      flow.subject.advance(16 * MINUTE)
      await flow.subject.deliver()
    }
    expect((await api('GET', `/webhooks/${id}`)).body).toMatchObject({ state: 'active' })
    expect((await api('GET', `/deliveries?webhook=${id}&state=pending`)).body.data).toEqual([])
    expect((await kept()).length).toBe(30)
    await flow.subject.deliver()
    const news = (await told.kept()).map(
      ({ body }) => JSON.parse(body) as { type: string; data: { webhook_id: string } },
    )
    expect(news.map(({ type, data }) => [type, data.webhook_id])).toEqual([
      ['webhook_failing', id],
      ['webhook_recovered', id],
    ])
    for (const webhook of [id, watcher.id]) await api('DELETE', `/webhooks/${webhook}`)
  })

  test('a receiver that is spared is tried again as soon as somebody saves its webhook or activates it', async () => {
    const { url, kept } = box(`${'500,'.repeat(6)}200`)
    const { id } = await addWebhook(url, { retry_schedule: [3600] })
    for (let n = 0; n < 5; n++) await api('POST', '/events', { type: 'payment_received', data: payment(n) })
    await flow.subject.deliver()
    await api('POST', '/events', { type: 'payment_received', data: payment(5) })
    await api('POST', '/events', { type: 'payment_received', data: payment(6) })
    await flow.subject.deliver()
    expect(await kept()).toHaveLength(5)
    await api('PATCH', `/webhooks/${id}`, { description: 'It has moved.' })
    await flow.subject.deliver()
    expect(await kept()).toHaveLength(6)
    await api('PATCH', `/webhooks/${id}`, { active: false })
    await api('PATCH', `/webhooks/${id}`, { active: true })
    await flow.subject.deliver()
    expect((await kept()).length).toBeGreaterThan(6)
    await api('DELETE', `/webhooks/${id}`)
  })

  test('the figures of a webhook tell per hour what was delivered, what failed, and how long it took', async () => {
    const { url } = box('200,500,200,200')
    const { id } = await addWebhook(url, { retry_schedule: [] })
    for (const n of [16, 17]) {
      await api('POST', '/events', { type: 'payment_received', data: payment(n) })
      await flow.subject.deliver()
    }
    await api('POST', `/webhooks/${id}/test`, {})
    flow.subject.advance(HOUR)
    await api('POST', '/events', { type: 'payment_received', data: payment(18) })
    await flow.subject.deliver()
    const hours = (await api('GET', `/webhooks/${id}/stats`)).body.data as Record<string, number>[]
    expect(hours).toMatchObject([
      { delivered: 1, failed: 1 },
      { delivered: 1, failed: 0 },
    ])
    for (const { hour, p50, p95 } of hours) {
      expect(hour).toMatch(/:00:00\.000Z$/)
      expect(p50).toBeGreaterThan(0)
      expect(p95).toBeGreaterThanOrEqual(p50 ?? Infinity)
      expect(p95).toBeLessThan(30_000)
    }
    await api('DELETE', `/webhooks/${id}`)
  })

  test('one switch holds all sending; switched on, what was held goes out in order', async () => {
    const { url, kept } = box()
    const { id } = await addWebhook(url)
    const state = async () =>
      ((await api('GET', `/deliveries?webhook=${id}`)).body.data as { state: string }[]).map((row) => row.state)
    expect((await submit('/network/health/sending', { sending: 'off' })).status).toBe(303)
    for (const n of [20, 21, 22]) await api('POST', '/events', { type: 'payment_received', data: payment(n) })
    expect(await state()).toEqual(['held', 'held', 'held'])
    expect((await api('POST', `/webhooks/${id}/test`, {})).status).toBe(409)
    await flow.subject.deliver()
    expect(await kept()).toEqual([])
    expect(await (await flow.subject.fetch('/readyz')).json()).toMatchObject({ dispatcher: 'off' })

    await submit('/network/health/sending', { sending: 'on' })
    await api('POST', '/events', { type: 'payment_received', data: payment(23) })
    expect((await state())[0]).not.toBe('held')
    await flow.subject.deliver()
    await flow.subject.deliver()
    expect(await state()).toEqual(Array(4).fill('delivered'))
    expect(await kept()).toHaveLength(4)
    await api('DELETE', `/webhooks/${id}`)
  })
}
