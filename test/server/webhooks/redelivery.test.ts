import { sql } from 'kysely'
import { expect, onTestFinished, test } from 'vitest'
import { goOnRedelivering } from '../../../server/webhooks/redelivery.ts'
import { testApp } from '../../support/app.ts'
import { startReceiver } from '../../support/receiver.ts'

const FAILED = 450

/** A webhook at which all of these failed, and what a step of redelivering them did. */
async function failedAt() {
  const app = await testApp()
  const { db, host } = app.deps
  const id = await app.webhook({ url: 'https://example.com/hook' })
  const data = host.eventType('payment_received')?.sample ?? {}
  const event = { type: 'payment_received', site: 'sit_main', data, source: 'plugin:test' }
  for (let made = 0; made < FAILED; made += 50) await host.emit(Array.from({ length: 50 }, () => event))
  await db.commit([sql`update delivery set state = 'failed', attempts = 1, due_at = null`.compile(db.q)])
  const client = await app.client()
  const begin = async () => {
    const since = new Date(app.clock.now() - 60_000).toISOString()
    return (await client('POST', `/webhooks/${id}/redeliver`, { since })).body
  }
  const run = async (path: unknown) => (await client('GET', `/redeliveries/${String(path)}`)).body
  const due = () => db.q.selectFrom('delivery').select('id').where('due_at', 'is not', null).execute()
  return { app, client, begin, run, due }
}

test('many that failed go back to work in steps, and what stands in between is where the next one begins', async () => {
  const { app, begin, run, due } = await failedAt()
  const { id } = await begin()
  for (const done of [200, 400, FAILED]) {
    expect(await run(id)).toMatchObject({ state: 'running', total: FAILED })
    await app.tidy()
    expect(await run(id)).toMatchObject({ done })
    expect(await due()).toHaveLength(done)
  }
  expect(await run(id)).toMatchObject({ state: 'finished' })
})

test('one that is stopped goes no further; where nothing ticks each second, more steps are made at once', async () => {
  const { app, client, begin, run, due } = await failedAt()
  const first = await begin()
  await app.tidy()
  await client('DELETE', `/redeliveries/${String(first.id)}`)
  await app.tidy()
  expect(await run(first.id)).toMatchObject({ state: 'stopped', done: 200 })
  expect(await due()).toHaveLength(200)

  const second = await begin()
  await goOnRedelivering(app.deps, 20)
  expect(await run(second.id)).toMatchObject({ state: 'finished', done: 250 })
  expect(await due()).toHaveLength(FAILED)
})

test('it waits while its webhook is switched off, and leaves nothing out', async () => {
  const { app, client, begin, run, due } = await failedAt()
  const { id, webhook } = await begin()
  const switchTo = (active: boolean) => client('PATCH', `/webhooks/${String(webhook)}`, { active })
  await switchTo(false)
  await app.tidy()
  expect(await run(id)).toMatchObject({ state: 'running', done: 0 })
  expect(await due()).toHaveLength(0)
  await switchTo(true)
  for (let step = 0; step < 3; step++) await app.tidy()
  expect(await run(id)).toMatchObject({ state: 'finished', done: FAILED })
  expect(await due()).toHaveLength(FAILED)
})

test('a batch that failed goes once more as one, and neither its events beside it nor tests', async () => {
  const receiver = await startReceiver({ answer: (_, n) => ({ status: n < 3 ? 500 : 200 }) })
  onTestFinished(() => receiver.stop())
  const app = await testApp()
  const delivery = { mode: 'batched' as const, everyMinutes: 60, at: [], maxEvents: 2 }
  const id = await app.webhook({ url: receiver.url, retrySchedule: [], delivery })
  const client = await app.client()
  expect((await client('POST', `/webhooks/${id}/test`, {})).body).toMatchObject({ ok: false, status: 500 })
  await app.emit()
  await app.emit()
  await app.deliver()
  expect(receiver.requests).toHaveLength(2)
  const since = new Date(app.clock.now() - 60_000).toISOString()
  expect((await client('POST', `/webhooks/${id}/redeliver`, { since })).body).toMatchObject({ total: 1 })
  await app.tidy()
  await app.deliver()
  expect(receiver.requests.slice(2).map(({ body }) => body)).toEqual([receiver.requests[1]?.body])
})
