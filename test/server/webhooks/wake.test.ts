import { definePlugin, webhookGuard } from 'hookline/plugin'
import { expect, onTestFinished, test } from 'vitest'
import { MINUTE } from '../../../server/lib/clock.ts'
import { testApp, type Client, type TestApp } from '../../support/app.ts'
import { startReceiver } from '../../support/receiver.ts'

/** Holds what is to wait until it is told otherwise. */
const guard = { isOpen: false }
const gate = definePlugin(
  { slug: 'gate', version: '1.0.0', title: 'Gate', requires: { host: '^1.0' }, scope: 'network', defaultActive: true },
  ({ filter }) =>
    filter(webhookGuard, (payload) => {
      if (payload['note'] === 'wait' && !guard.isOpen) throw new Error('Closed.')
      return payload
    }),
)

interface Stage {
  readonly app: TestApp
  readonly client: Client
  /** A webhook whose deliveries fail: one has failed for good. */
  readonly webhook: string
  readonly delivery: string
}

/** What makes something due, with what has to stand before it. */
const ways: Readonly<Record<string, (stage: Stage) => Promise<() => Promise<unknown>>>> = {
  'an event': async ({ app }) => app.emit,
  'one that is redelivered':
    async ({ client, delivery }) =>
    () =>
      client('POST', `/deliveries/${delivery}/redeliver`),
  'several that are redelivered':
    async ({ client, delivery }) =>
    () =>
      client('POST', '/deliveries/redeliver', { ids: [delivery] }),
  'a step of redelivering all that failed': async ({ app, client, webhook }) => {
    const since = new Date(app.clock.now() - MINUTE).toISOString()
    await client('POST', `/webhooks/${webhook}/redeliver`, { since })
    return app.tidy
  },
  'an event for who did not get it': async ({ app, client }) => {
    const event = await app.emit({ type: 'payment_refunded' })
    const late = await app.webhook({ url: 'https://example.com/late' })
    return () => client('POST', `/events/${event}/deliver`, { webhook: late })
  },
  'the next in order, once the first is cancelled': async ({ app, client }) => {
    const id = await app.webhook({ url: 'https://example.com/line', ordered: true })
    await app.emit()
    const [first] = (await client('GET', `/deliveries?webhook=${id}`)).body.data as { id: string }[]
    return () => client('POST', `/deliveries/${first?.id}/cancel`)
  },
  'a batch that is flushed': async ({ app, client }) => {
    const delivery = { mode: 'batched' as const, everyMinutes: 60, at: [], maxEvents: 100 }
    const id = await app.webhook({ url: 'https://example.com/batch', delivery })
    await app.emit()
    return () => client('POST', `/webhooks/${id}/flush`)
  },
  'a webhook that is activated': async ({ client, webhook }) => {
    await client('PATCH', `/webhooks/${webhook}`, { active: false })
    return () => client('PATCH', `/webhooks/${webhook}`, { active: true })
  },
  'an event that its guard lets pass': async ({ app }) => {
    await app.emit({ data: { note: 'wait' } })
    guard.isOpen = true
    app.clock.advance(2 * MINUTE)
    return app.tidy
  },
}

test.each(Object.entries(ways))('who sends is woken by %s', async (_, way) => {
  const receiver = await startReceiver({ answer: () => ({ status: 500 }) })
  onTestFinished(() => receiver.stop())
  guard.isOpen = false
  let woken = 0
  const app = await testApp({ plugins: [gate], wake: () => void woken++ })
  const webhook = await app.webhook({ url: receiver.url, retrySchedule: [] })
  await app.emit()
  await app.deliver()
  const client = await app.client()
  const [failed] = (await client('GET', `/deliveries?webhook=${webhook}`)).body.data as { id: string }[]
  const happen = await way({ app, client, webhook, delivery: failed?.id ?? '' })
  await app.deps.host.settled()
  woken = 0
  await happen()
  expect(woken).toBeGreaterThan(0)
})
