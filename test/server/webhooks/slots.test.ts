import { expect, onTestFinished, test } from 'vitest'
import { updateWebhook } from '../../../db/queries/webhooks.ts'
import { MINUTE, SECOND } from '../../../server/lib/clock.ts'
import { createDispatcher, type DispatchOptions } from '../../../server/webhooks/dispatch.ts'
import { createPace } from '../../../server/webhooks/pace.ts'
import { switchSending } from '../../../server/webhooks/sending.ts'
import { testApp } from '../../support/app.ts'
import { startReceiver, type Reply } from '../../support/receiver.ts'

/** A receiver that answers when it is told to, and a dispatcher that claims more than it has slots for. */
async function stage(options: Partial<DispatchOptions> = {}) {
  const answers: ((reply: Reply) => void)[] = []
  const there = await startReceiver({ answer: () => new Promise<Reply>((resolve) => answers.push(resolve)) })
  const app = await testApp()
  const { db } = app.deps
  const dispatcher = createDispatcher(app.deps, { owner: 'me', alone: true, concurrency: 1, ahead: 64, ...options })
  let answered = 0
  /** Answers the next request, as soon as it is there. */
  const answer = async (reply: Reply = {}) => {
    await there.waitFor(answered + 1)
    answers[answered++]?.(reply)
  }
  onTestFinished(async () => {
    for (const end of answers) end({})
    await dispatcher.stop(0)
    await there.stop()
  })
  const emit = async (count: number) => {
    for (let n = 0; n < count; n++) await app.emit()
  }
  const rows = () =>
    db.q.selectFrom('delivery').select(['state', 'reason', 'attempts', 'due_at']).orderBy('seq').execute()
  const states = async () => (await rows()).map(({ state }) => state)
  const paths = () => there.requests.map(({ path }) => path)
  return { app, db, there, dispatcher, answer, emit, rows, states, paths }
}

test('what waits for a slot goes where its webhook points by then', async () => {
  const { app, db, there, dispatcher, answer, emit, paths } = await stage()
  const id = await app.webhook({ url: `${there.url}/old` })
  await emit(3)
  await dispatcher.tick()
  await there.waitFor(1)
  await db.commit(updateWebhook(db, id, { url: `${there.url}/new`, updated_at: app.clock.now() }))
  await dispatcher.tick()
  for (let n = 0; n < 3; n++) await answer()
  await dispatcher.drain(app.clock.now() + 1)
  expect(paths()).toEqual(['/old', '/new', '/new'])
})

test('what waits for a slot stays here when sending is switched off', async () => {
  const { app, db, there, dispatcher, answer, emit, states } = await stage()
  await app.webhook({ url: there.url })
  await emit(3)
  await dispatcher.tick()
  await there.waitFor(1)
  await db.commit(switchSending(app.deps, false))
  await dispatcher.tick()
  await answer()
  await dispatcher.drain(app.clock.now() + 1)
  expect(there.requests).toHaveLength(1)
  expect((await states()).sort()).toEqual(['delivered', 'pending', 'pending'])
})

test('what waits for a slot is spared with its receiver, once that has failed too often in a row', async () => {
  const { app, there, dispatcher, answer, emit } = await stage()
  await app.webhook({ url: there.url })
  await emit(10)
  await dispatcher.tick()
  for (let n = 0; n < 5; n++) await answer({ status: 500 })
  await dispatcher.drain(app.clock.now() + 1)
  expect(there.requests).toHaveLength(5)
})

test('what has waited too long for a slot leaves with a lease that outlives its attempt', async () => {
  const { app, there, dispatcher, answer, emit, rows } = await stage()
  await app.webhook({ url: there.url, timeoutSeconds: 30 })
  await emit(2)
  await dispatcher.tick()
  await there.waitFor(1)
  app.clock.advance(31 * SECOND)
  await answer()
  await there.waitFor(2)
  const underWay = (await rows()).find(({ state }) => state === 'delivering')
  expect((underWay?.due_at ?? 0) - app.clock.now()).toBe(MINUTE)
  await answer()
})

test('a quick receiver gets no more at a time than any other, however many wait for it', async () => {
  const pace = createPace()
  const { app, there, dispatcher, emit } = await stage({ concurrency: 64, perWebhook: 3, pace })
  pace.note(await app.webhook({ url: there.url }), 1)
  await emit(20)
  await dispatcher.tick()
  await there.waitFor(3)
  expect(dispatcher.inFlight()).toBe(3)
  expect(there.requests).toHaveLength(3)
})

test('a slow receiver holds half of the slots at most, and leaves the others room to be found', async () => {
  const pace = createPace()
  const { app, there, dispatcher, emit, paths } = await stage({ concurrency: 4, ahead: 0, pace })
  pace.note(await app.webhook({ url: `${there.url}/slow`, events: ['payment_received'] }), 5 * SECOND)
  await emit(5)
  await dispatcher.tick()
  await there.waitFor(2)
  expect(dispatcher.inFlight()).toBe(2)
  await app.webhook({ url: `${there.url}/quick`, events: ['payment_failed'] })
  await app.emit({ type: 'payment_failed' })
  await dispatcher.tick()
  await there.waitFor(3)
  expect(paths()).toEqual(['/slow', '/slow', '/quick'])
})

test('with one slot for all, no webhook gets its second turn before the others had their first', async () => {
  const { app, there, dispatcher, answer, emit, paths } = await stage({ ahead: 0 })
  for (const name of ['a', 'b', 'c']) await app.webhook({ url: `${there.url}/${name}` })
  await emit(3)
  await dispatcher.tick()
  for (let n = 0; n < 9; n++) await answer()
  await dispatcher.drain(app.clock.now() + 1)
  for (const turn of [0, 3, 6])
    expect(
      paths()
        .slice(turn, turn + 3)
        .sort(),
    ).toEqual(['/a', '/b', '/c'])
})

test('a rate goes on while earlier requests are still under way', async () => {
  const { app, there, dispatcher, emit } = await stage({ concurrency: 64 })
  await app.webhook({ url: there.url, ratePerSecond: 2 })
  await emit(5)
  await dispatcher.tick()
  await there.waitFor(2)
  await dispatcher.tick()
  expect(dispatcher.inFlight()).toBe(2)
  app.clock.advance(SECOND)
  await dispatcher.tick()
  await there.waitFor(4)
  expect(dispatcher.inFlight()).toBe(4)
})

test('a delivery whose webhook went without it is cancelled, and says so', async () => {
  const { app, db, there, dispatcher, emit, rows } = await stage()
  const id = await app.webhook({ url: there.url })
  await emit(1)
  await db.commit([db.q.deleteFrom('webhook').where('id', '=', id)])
  await dispatcher.drain(app.clock.now() + 1)
  await dispatcher.stop(0)
  expect(await rows()).toMatchObject([{ state: 'cancelled', reason: 'The webhook was deleted.', attempts: 0 }])
  expect(there.requests).toEqual([])
})
