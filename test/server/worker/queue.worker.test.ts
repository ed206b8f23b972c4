import { applyD1Migrations, createExecutionContext, createMessageBatch, getQueueResult } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterAll, beforeAll, beforeEach, expect, inject, test, vi } from 'vitest'
import worker, { type Bindings } from '../../../server/worker/main.ts'
import { createFlow } from '../../flows/flow.ts'
import { askWorker } from '../../support/worker.ts'

const asked: number[] = []
let isFull = false
const QUEUE: NonNullable<Bindings['QUEUE']> = {
  send(_message, options) {
    if (isFull) return Promise.reject(new Error('Too Many Requests'))
    asked.push(options?.delaySeconds ?? 0)
    return Promise.resolve({ metadata: { metrics: { backlogCount: 0, backlogBytes: 0 } } })
  },
}
const bindings: Bindings = { ...env, QUEUE }
let ahead = 0

beforeAll(async () => {
  await applyD1Migrations(env.DB, inject('migrations'))
  const realNow = Date.now
  vi.spyOn(Date, 'now').mockImplementation(() => realNow() + ahead)
})
afterAll(() => vi.restoreAllMocks())
beforeEach(() => void (asked.length = 0))

const flow = createFlow('workerd-queue', () => ({
  fetch: askWorker(bindings),
  deliver: () => Promise.resolve(),
  advance: (ms) => void (ahead += ms),
  now: () => Date.now(),
  stop: () => Promise.resolve(),
}))

const pay = (n: number) => flow.api('POST', '/events', { type: 'payment_received', data: flow.payment(n) })

/** The message comes, and is it taken off the queue? */
async function wake(): Promise<boolean> {
  const batch = createMessageBatch('hookline', [{ id: '1', timestamp: new Date(), attempts: 1, body: null }])
  const context = createExecutionContext()
  await worker.queue(batch, bindings)
  return (await getQueueResult(batch, context)).ackAll
}

test('a retry goes out when it is due, without a cron, and is asked for once', async () => {
  const box = flow.box('503,200')
  const { id } = await flow.addWebhook(box.url, { name: 'Queued' })
  await pay(1)
  expect(asked).toHaveLength(1)
  const [seconds = 0] = asked
  expect(seconds).toBeGreaterThan(0)
  expect(seconds).toBeLessThanOrEqual(60)

  await flow.addWebhook(flow.box().url, { name: 'Another', events: ['greeting_sent'] })
  await flow.api('POST', '/events', { type: 'greeting_sent', data: { greeting_id: '1', name: 'Kari' } })
  expect(asked).toHaveLength(1)

  flow.subject.advance(seconds * 1000)
  expect(await wake()).toBe(true)
  expect(await box.kept()).toHaveLength(2)
  expect(asked).toHaveLength(1)
  await flow.api('DELETE', `/webhooks/${id}`)
})

test('what is due later than the next cron is left to it', async () => {
  const { id } = await flow.addWebhook(flow.box('503').url, { name: 'Slow', retry_schedule: [120] })
  await pay(2)
  expect(asked).toEqual([])
  await flow.api('DELETE', `/webhooks/${id}`)
})

test('a queue that takes nothing harms no delivery', async () => {
  isFull = true
  const box = flow.box('503,200')
  await flow.addWebhook(box.url, { name: 'Full' })
  expect((await pay(3)).status).toBe(202)
  expect(await box.kept()).toHaveLength(1)
  isFull = false
  await pay(4)
  expect(asked).toHaveLength(1)
})
