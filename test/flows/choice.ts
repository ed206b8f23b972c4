import { expect, test } from 'vitest'
import { MINUTE, SECOND } from '../../server/lib/clock.ts'
import { fiftyEvents } from './fifty-events.ts'
import type { Flow } from './flow.ts'

/** Only some events, only so fast, only in order. */
export function choice(flow: Flow): void {
  const { api, box, addWebhook, payment, runtime } = flow

  test('only what meets the condition, only some sites, and at most so many a second', async () => {
    await api('POST', '/sites', { slug: `shop-${runtime}`, name: 'Shop' })
    const { url, kept } = box()
    const condition = {
      and: [
        { path: 'payment_currency', equals: 'SEK' },
        { path: 'amount_minor', greater: 5000 },
      ],
    }
    const { id } = await addWebhook(url, { condition, sites: [`shop-${runtime}`], rate_per_second: 2 })
    const began = Date.now()
    for (const site of ['main', `shop-${runtime}`]) {
      for (let n = 0; n < 26; n++) await api('POST', '/events', { type: 'payment_received', site, data: payment(n) })
    }
    const wanted = fiftyEvents
      .slice(0, 26)
      .filter((data) => data.payment_currency === 'SEK' && Number(data.amount_minor) > 5000)
    expect((await api('GET', `/deliveries?webhook=${id}&limit=100`)).body.data).toHaveLength(wanted.length)
    await flow.subject.deliver()
    // One look waits for those that only the rate holds back: two in each second since the first event could leave.
    const seconds = Math.floor((Date.now() - began) / SECOND) + 1
    expect(wanted.length).toBeGreaterThan(4)
    expect((await kept()).length).toBe(wanted.length)
    expect(wanted.length).toBeLessThanOrEqual(2 * seconds)
    const bad = await api('PATCH', `/webhooks/${id}`, {
      condition: { path: 'x', like: 'y' },
      rate_per_second: 0,
      sites: ['nowhere'],
    })
    const wrong = new Set((bad.body.errors as { path: string }[]).map(({ path }) => path.split('.')[0]))
    expect([...wrong].sort()).toEqual(['condition', 'rate_per_second', 'sites'])
    await api('DELETE', `/webhooks/${id}`)
  })

  test('Ordered sends strictly one after the other, and a failing head holds the line until it ends', async () => {
    const { url, kept } = box('500,500,200')
    const { id } = await addWebhook(url, { ordered: true, retry_schedule: [60] })
    for (let n = 0; n < 4; n++) await api('POST', '/events', { type: 'payment_received', data: payment(n) })
    await flow.subject.deliver()
    expect(await kept()).toHaveLength(1)
    flow.subject.advance(2 * MINUTE)
    for (let n = 0; n < 5; n++) await flow.subject.deliver()
    const payments = (await kept()).map(
      ({ body }) => (JSON.parse(body) as { data: { payment_id: string } }).data.payment_id,
    )
    expect(payments).toEqual(['pay_0', 'pay_0', 'pay_1', 'pay_2', 'pay_3'])
    await api('DELETE', `/webhooks/${id}`)
  })

  test('the envelope can count in seconds, and CloudEvents are structured', async () => {
    const seconds = box()
    const cloud = box()
    const one = await addWebhook(seconds.url, { format: 'envelope', timestamp: 'seconds' })
    const two = await addWebhook(cloud.url, { format: 'cloudevents' })
    await api('POST', '/events', { type: 'payment_received', data: payment(7) })
    await flow.subject.deliver()
    const [inSeconds] = (JSON.parse((await seconds.kept())[0]?.body ?? '') as { events: { timestamp: number }[] })
      .events
    expect(inSeconds?.timestamp).toBeLessThan(1e10)
    const [request] = await cloud.kept()
    expect(request?.headers['content-type']).toMatch(/^application\/cloudevents\+json/)
    expect(JSON.parse(request?.body ?? '')).toMatchObject({ specversion: '1.0', type: 'payment_received' })
    expect((await api('GET', `/webhooks/${one.id}`)).body).toMatchObject({ format: 'envelope', timestamp: 'seconds' })
    for (const { id } of [one, two]) await api('DELETE', `/webhooks/${id}`)
  })
}
