import { expect, onTestFinished, test } from 'vitest'
import { tryNow } from '../../../db/queries/dispatch.ts'
import { retireWebhook } from '../../../server/webhooks/lifecycle.ts'
import { HOUR, MINUTE } from '../../../server/lib/clock.ts'
import { testApp } from '../../support/app.ts'
import { startReceiver, type Reply } from '../../support/receiver.ts'

async function stage(answer: (n: number) => Reply | Promise<Reply>) {
  const there = await startReceiver({ answer: (_, n) => answer(n) })
  onTestFinished(() => there.stop())
  const app = await testApp()
  const { db } = app.deps
  const rows = () =>
    db.q
      .selectFrom('delivery')
      .select(['id', 'type', 'state', 'reason', 'attempts', 'due_at', 'finished_at', 'lease_owner'])
      .orderBy('seq')
      .orderBy('id')
      .execute()
  return { app, db, there, rows, client: await app.client() }
}

test('a delivery expires five days after its first attempt, however many its schedule still has', async () => {
  const { app, there, rows } = await stage(() => ({ status: 500 }))
  await app.webhook({ url: there.url, retrySchedule: Array<number>(20).fill(24 * 3600) })
  await app.emit()
  for (let day = 0; day < 8; day++) {
    await app.deliver()
    app.clock.advance(30 * HOUR)
  }
  expect(await rows()).toMatchObject([{ state: 'failed', reason: expect.stringContaining('has expired') }])
  expect(there.requests.length).toBeLessThan(7)
})

test('what fails while its webhook is retired is held and not tried again, and cancelled when it is deleted', async () => {
  for (const way of ['retired', 'deleted'] as const) {
    const { promise: answered, resolve: answer } = Promise.withResolvers<Reply>()
    const { app, db, there, rows } = await stage(() => answered)
    const id = await app.webhook({ url: there.url })
    await app.emit()
    const delivering = app.deliver()
    await there.waitFor(1)
    await db.commit(way === 'retired' ? retireWebhook(app.deps, id) : [db.q.deleteFrom('webhook').where('id', '=', id)])
    answer({ status: 500 })
    await delivering
    const state = way === 'retired' ? 'held' : 'cancelled'
    expect(await rows()).toMatchObject([{ state, attempts: 1, due_at: null, lease_owner: null }])
    app.clock.advance(HOUR)
    await app.deliver()
    expect(there.requests).toHaveLength(1)
  }
})

test('what was redelivered in vain can be redelivered again', async () => {
  const { app, there, rows, client } = await stage((n) => ({ status: n < 3 ? 500 : 200 }))
  await app.webhook({ url: there.url, retrySchedule: [] })
  await app.emit()
  await app.deliver()
  for (const state of ['failed', 'delivered']) {
    const [delivery] = await rows()
    expect((await client('POST', `/deliveries/${delivery?.id}/redeliver`)).status).toBe(202)
    await app.deliver()
    expect((await rows())[0]?.state).toBe(state)
  }
})

test('a batch that somebody sends once more is not halved, as its bytes were asked for', async () => {
  const { app, there, rows, client } = await stage((n) => ({ status: n === 1 ? 500 : 413 }))
  const delivery = { mode: 'batched' as const, everyMinutes: 60, at: [], maxEvents: 2 }
  await app.webhook({ url: there.url, retrySchedule: [], delivery })
  await app.emit()
  await app.emit()
  await app.deliver()
  const batches = async () => (await rows()).filter(({ type }) => type === 'batch')
  const [batch] = await batches()
  expect((await client('POST', `/deliveries/${batch?.id}/redeliver`)).status).toBe(202)
  await app.deliver()
  expect(there.requests.map(({ body }) => body)).toEqual([there.requests[0]?.body, there.requests[0]?.body])
  expect(await batches()).toMatchObject([{ id: batch?.id, state: 'failed', attempts: 2 }])
})

test('to try one receiver again leaves the others that are spared alone', async () => {
  const { app, db } = await stage(() => ({}))
  const until = app.clock.now() + MINUTE
  const ids = [await app.webhook({ url: 'https://a.example/' }), await app.webhook({ url: 'https://b.example/' })]
  await db.commit([db.q.updateTable('webhook').set({ breaker_until: until })])
  await db.commit([tryNow(db, ids.slice(0, 1), app.clock.now())])
  const found = await db.q.selectFrom('webhook').select(['id', 'breaker_until']).orderBy('id').execute()
  expect(new Map(found.map((row) => [row.id, row.breaker_until]))).toEqual(
    new Map([
      [ids[0], app.clock.now()],
      [ids[1], until],
    ]),
  )
})
