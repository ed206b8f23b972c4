import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { sql } from 'kysely'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { giveBackSome } from '../../../db/queries/dispatch.ts'
import { HOUR, MINUTE, SECOND } from '../../../server/lib/clock.ts'
import { jsonLog } from '../../../server/lib/log.ts'
import { createDispatcher } from '../../../server/webhooks/dispatch.ts'
import { switchSending } from '../../../server/webhooks/sending.ts'
import { testApp, type TestApp } from '../../support/app.ts'
import { startReceiver, type Receiver, type Reply, type Received } from '../../support/receiver.ts'

/** `npm run test:faults` asks for more. */
const DUE = Number(process.env.RETRIES_DUE ?? 2000)
const CONCURRENCY = 64
const PER_WEBHOOK = 10

vi.setConfig({ testTimeout: 60_000 + DUE * 12 })

async function receiver(answer: (request: Received) => Reply | Promise<Reply>): Promise<Receiver> {
  const started = await startReceiver({ answer })
  onTestFinished(() => started.stop())
  return started
}

const openDeliveries = ({ deps }: TestApp) =>
  deps.db.q.selectFrom('delivery').select(['id', 'due_at']).where('due_at', 'is not', null).execute()
const attemptsOf = ({ deps }: TestApp) =>
  deps.db.q.selectFrom('attempt').select(['id', 'delivery_id', 'started_at']).execute()
async function statesOf({ deps }: TestApp): Promise<Record<string, number>> {
  const rows = await deps.db.q
    .selectFrom('delivery')
    .select(['state', (eb) => eb.fn.countAll<number>().as('count')])
    .groupBy('state')
    .execute()
  return Object.fromEntries(rows.map(({ state, count }) => [state, count]))
}

describe('a clock that jumps by an hour, forward and back,', () => {
  test('makes no attempt come early, and loses none', async () => {
    const failed = new Set<string>()
    const there = await receiver(({ path, headers }) => {
      const what = `${path} ${headers['webhook-id']}`
      if (failed.has(what)) return {}
      failed.add(what)
      return { status: 429 }
    })
    const app = await testApp()
    const more = [
      { name: 'plain' },
      { name: 'ordered', ordered: true },
      { name: 'rated', ratePerSecond: 2 },
      { name: 'batched', delivery: { mode: 'batched' as const, everyMinutes: 30, at: [], maxEvents: 100 } },
    ]
    for (const draft of more) {
      await app.webhook({ url: `${there.url}/${draft.name}`, ...draft, retrySchedule: Array<number>(20).fill(600) })
    }

    const early: string[] = []
    const emitted: string[] = []
    /** Delivers, and notes the attempts at what was not yet due. */
    const deliver = async () => {
      const before = new Map((await openDeliveries(app)).map(({ id, due_at: due }) => [id, due ?? 0]))
      const known = new Set((await attemptsOf(app)).map(({ id }) => id))
      await app.deliver()
      for (const attempt of await attemptsOf(app)) {
        const due = before.get(attempt.delivery_id)
        if (!known.has(attempt.id) && due !== undefined && attempt.started_at < due) early.push(attempt.delivery_id)
      }
    }

    for (const jump of [HOUR, -HOUR, 5 * MINUTE, -HOUR, -HOUR, MINUTE, HOUR, 11 * MINUTE, -HOUR, HOUR, -MINUTE]) {
      emitted.push(await app.emit())
      app.clock.advance(jump)
      await deliver()
      app.clock.advance(SECOND)
      await deliver()
    }
    expect(Object.keys(await statesOf(app))).toContain('retrying')
    app.clock.advance(2 * HOUR)
    for (let n = 0; n < 40; n++) {
      app.clock.advance(n % 2 ? SECOND : 11 * MINUTE)
      await deliver()
    }

    expect(early).toEqual([])
    expect(Object.keys(await statesOf(app))).toEqual(['delivered'])
    const sent = there.requests.map(
      ({ path, headers }) => `${path} ${headers['webhook-id']} ${headers['hookline-attempt']}`,
    )
    expect(new Set(sent).size).toBe(sent.length)
    for (const { name } of more.slice(0, 3)) {
      const events = there.requests
        .filter(({ path }) => path === `/${name}`)
        .map(({ headers }) => headers['webhook-id'])
      expect(new Set(events).size).toBe(11)
      expect(events).toHaveLength(22)
    }
    const ordered = there.requests.filter(({ path }) => path === '/ordered').map(({ headers }) => headers['webhook-id'])
    expect(ordered).toEqual(emitted.flatMap((id) => [id, id]))
  })

  test('while attempts are under way, sends none of them twice', async () => {
    const { promise: answered, resolve: answer } = Promise.withResolvers<Reply>()
    const there = await receiver(() => answered)
    const app = await testApp()
    await app.webhook({ url: there.url })
    for (let n = 0; n < 3; n++) await app.emit()
    const delivering = app.deliver()
    await there.waitFor(3)
    app.clock.advance(HOUR)
    const looking = app.deliver()
    const leases = async () => (await openDeliveries(app)).map(({ due_at: end }) => (end ?? 0) > app.clock.now())
    await expect.poll(leases).toEqual([true, true, true])
    await app.emit()
    answer({})
    await Promise.all([delivering, looking])
    await app.deliver()
    expect(await statesOf(app)).toEqual({ delivered: 4 })
    expect(there.requests).toHaveLength(4)
  })

  test('while attempts are under way, loses none either', async () => {
    for (const jump of [HOUR, -HOUR]) {
      const { promise: answered, resolve: answer } = Promise.withResolvers<Reply>()
      const there = await receiver(() => answered)
      const app = await testApp()
      await app.webhook({ url: there.url })
      for (let n = 0; n < 3; n++) await app.emit()
      const delivering = app.deliver()
      await there.waitFor(3)
      app.clock.advance(jump)
      answer({})
      await delivering
      await app.deliver()
      expect(await statesOf(app)).toEqual({ delivered: 3 })
      expect(await attemptsOf(app)).toHaveLength(3)
      expect(new Set(there.requests.map(({ headers }) => headers['webhook-id'])).size).toBe(3)
    }
  })
})

test('the log tells of each attempt what came of it and what it was about, and nothing of what it carried', async () => {
  const there = await receiver(() => ({ status: there.requests.length === 1 ? 503 : 200 }))
  const app = await testApp()
  const { clock, host } = app.deps
  const lines: Record<string, unknown>[] = []
  const log = jsonLog('debug', clock, (line) => lines.push(JSON.parse(line) as Record<string, unknown>))
  const dispatcher = createDispatcher({ ...app.deps, log }, { owner: 'logs', alone: false })
  const webhook = await app.webhook({ url: `${there.url}/secret-path`, retrySchedule: [5] })
  const data = host.eventType('payment_received')?.sample ?? {}
  const trace = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
  await host.emit([{ type: 'payment_received', site: 'sit_main', data, source: 'plugin:test', trace }])
  await dispatcher.drain(clock() + MINUTE)
  app.clock.advance(MINUTE)
  await dispatcher.drain(clock() + MINUTE)
  const about = {
    webhook,
    trace_id: '4bf92f3577b34da6a3ce929d0e0e4736',
    event: expect.stringMatching(/^evt_/) as string,
  }
  expect(lines).toMatchObject([
    { level: 'info', message: 'An attempt failed', attempt: 1, outcome: 'http_error', status: 503, ...about },
    { level: 'debug', message: 'Delivered', attempt: 2, outcome: 'ok', status: 200, ...about },
  ])
  expect(JSON.stringify(lines)).not.toContain('secret-path')
  expect(dispatcher.attempts().outcomes).toEqual(
    new Map([
      ['http_error', 1],
      ['ok', 1],
    ]),
  )
})

test('one of fifty webhooks hangs: it holds ten attempts, and all others finish meanwhile', async () => {
  const { promise: released, resolve: release } = Promise.withResolvers<Reply>()
  let hanging = 0
  let most = 0
  const there = await receiver(async ({ path }) => {
    if (path !== '/hangs') return {}
    most = Math.max(most, ++hanging)
    const reply = await released
    hanging--
    return reply
  })
  const app = await testApp()
  for (let n = 0; n < 50; n++) {
    await app.webhook({ url: `${there.url}/${n === 17 ? 'hangs' : n}`, timeoutSeconds: 30 })
  }
  for (let n = 0; n < 20; n++) await app.emit()
  const delivering = app.deliver()
  await expect.poll(() => statesOf(app), { timeout: 25_000 }).toMatchObject({ delivered: 49 * 20 })
  expect(await statesOf(app)).toEqual({ delivered: 49 * 20, delivering: PER_WEBHOOK, pending: PER_WEBHOOK })
  expect(hanging).toBe(PER_WEBHOOK)
  release({})
  await delivering
  expect(await statesOf(app)).toEqual({ delivered: 50 * 20 })
  expect(most).toBe(PER_WEBHOOK)
})

test('many begin to hang at once: after two seconds they get half of the slots, and the others go on', async () => {
  const { promise: released, resolve: release } = Promise.withResolvers<Reply>()
  const there = await receiver(({ path }) => (path === '/well' ? {} : released))
  const app = await testApp()
  for (let n = 0; n < 12; n++) await app.webhook({ url: `${there.url}/${n}`, timeoutSeconds: 30 })
  await app.webhook({ url: `${there.url}/well`, events: ['account_created'] })
  const hanging = () => there.requests.filter(({ path }) => path !== '/well').length

  await app.emit()
  const delivering = [app.deliver()]
  await there.waitFor(12)
  app.clock.advance(3 * SECOND)
  for (let n = 0; n < 9; n++) await app.emit()
  delivering.push(app.deliver())
  await expect.poll(hanging).toBe(CONCURRENCY / 2)
  await app.emit({ type: 'account_created' })
  delivering.push(app.deliver())
  await expect.poll(() => there.requests.some(({ path }) => path === '/well')).toBe(true)
  expect(hanging()).toBe(CONCURRENCY / 2)

  release({})
  await Promise.all(delivering)
  await app.deliver()
  expect(await statesOf(app)).toEqual({ delivered: 12 * 10 + 1 })
})

test(`${DUE} retries that are due at once go out at most ${CONCURRENCY} at a time, in little memory`, async () => {
  let open = 0
  let most = 0
  let answered = 0
  const samples: number[] = []
  const collect = collector()
  // It keeps nothing, so that what grows is ours, and takes its time, so that requests meet.
  const server = createServer((request, response) => {
    most = Math.max(most, ++open)
    request.resume()
    setTimeout(() => {
      open--
      if (++answered % (DUE / 10) === 0) samples.push(collect())
      response.end()
    }, 10)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  const app = await testApp()
  const { db, host } = app.deps
  const webhooks = 20
  for (let n = 0; n < webhooks; n++) {
    await app.webhook({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/${n}`, timeoutSeconds: 30 })
  }
  const data = host.eventType('payment_received')?.sample ?? {}
  const event = { type: 'payment_received', site: 'sit_main', data, source: 'plugin:test' }
  for (let made = 0; made * webhooks < DUE; made += 50) await host.emit(Array.from({ length: 50 }, () => event))
  await db.commit([
    sql`delete from delivery where id not in (select id from delivery order by seq limit ${DUE})`.compile(db.q),
    sql`update delivery set state = 'retrying', attempts = 1, due_at = ${app.clock.now() + HOUR}`.compile(db.q),
  ])
  app.clock.advance(HOUR)
  const before = collect()
  await app.deliver()
  expect(await statesOf(app)).toEqual({ delivered: DUE })
  expect(answered).toBe(DUE)
  // A slot is held until its attempt is written down, so that fewer may be at the receiver.
  expect(most).toBeLessThanOrEqual(CONCURRENCY)
  expect(most).toBeGreaterThan(PER_WEBHOOK)
  expect(samples).toHaveLength(10)
  expect((Math.max(...samples) - before) / 1024 / 1024).toBeLessThan(64)
})

/** Collects garbage, and tells how much is left, in bytes. */
function collector(): () => number {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  return () => {
    gc()
    return process.memoryUsage().heapUsed
  }
}

test('a drain that finds an attempt under way sees to all that its end lets out', async () => {
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  const app = await testApp()
  const there = await receiver(async () => {
    await released
    // Each answer takes so long that the rate lets the next one out.
    app.clock.advance(SECOND)
    return {}
  })
  await app.webhook({ url: there.url, ratePerSecond: 1 })
  for (let n = 0; n < 3; n++) await app.emit()
  const dispatcher = createDispatcher(app.deps, { owner: 'me', alone: true })
  await dispatcher.tick()
  expect(dispatcher.inFlight()).toBe(1)
  const drained = dispatcher.drain(app.clock.now() + MINUTE)
  release()
  await drained
  expect(await statesOf(app)).toEqual({ delivered: 3 })
  await dispatcher.stop(0)
})

describe('a dispatcher that stops', () => {
  /** A receiver that answers when it is told to, three deliveries for it, and a slot for one of them. */
  async function busy() {
    const { promise: answered, resolve: answer } = Promise.withResolvers<Reply>()
    const there = await receiver(() => answered)
    const app = await testApp()
    await app.webhook({ url: there.url })
    for (let n = 0; n < 3; n++) await app.emit()
    const dispatcher = createDispatcher(app.deps, { owner: 'me', alone: true, concurrency: 1, ahead: 8 })
    await dispatcher.tick()
    await there.waitFor(1)
    return { app, there, dispatcher, answer }
  }

  test('waits for what is under way, begins nothing more, and gives back the rest as it was', async () => {
    const { app, there, dispatcher, answer } = await busy()
    const stopped = dispatcher.stop(MINUTE)
    answer({})
    await stopped
    await dispatcher.tick()
    expect(await statesOf(app)).toEqual({ delivered: 1, pending: 2 })
    expect(there.requests).toHaveLength(1)
    expect((await openDeliveries(app)).map(({ due_at: due }) => (due ?? Infinity) <= app.clock.now())).toEqual([
      true,
      true,
    ])
  })

  test('waits no longer than it may, and does not count what it cut', async () => {
    const { app, dispatcher, answer } = await busy()
    await dispatcher.stop(0)
    expect(await statesOf(app)).toEqual({ pending: 3 })
    answer({})
    await expect.poll(() => dispatcher.inFlight()).toBe(0)
    expect(await statesOf(app)).toEqual({ pending: 3 })
    expect(await attemptsOf(app)).toEqual([])
  })

  test('gives back nothing that another process is at', async () => {
    const { app, dispatcher, answer } = await busy()
    const { db } = app.deps
    const [one] = await openDeliveries(app)
    await db.commit([
      db.q
        .updateTable('delivery')
        .set({ lease_owner: 'another' })
        .where('id', '=', one?.id ?? ''),
    ])
    await dispatcher.stop(0)
    expect(await statesOf(app)).toEqual({ delivering: 1, pending: 2 })
    const all = (await openDeliveries(app)).map(({ id }) => id)
    await db.commit([giveBackSome(db, 'me', all)])
    expect(await statesOf(app)).toEqual({ delivering: 1, pending: 2 })
    answer({})
  })

  test('frees at its next start what it left behind in a crash, but not what another process is at', async () => {
    const { app, dispatcher, answer } = await busy()
    await createDispatcher(app.deps, { owner: 'another', alone: false }).start()
    expect(await statesOf(app)).toEqual({ delivering: 3 })
    await createDispatcher(app.deps, { owner: 'the next', alone: true }).start()
    expect(await statesOf(app)).toEqual({ pending: 3 })
    answer({})
    await dispatcher.stop(MINUTE)
  })
})

test('what was held while sending was off stays held at a start that may not send either', async () => {
  const app = await testApp()
  const { db } = app.deps
  await app.webhook({ url: 'https://example.com/hook' })
  await db.commit(switchSending(app.deps, false))
  await app.emit()
  await createDispatcher(app.deps, { owner: 'the next', alone: true }).start()
  expect(await statesOf(app)).toEqual({ held: 1 })
})

test('a drain waits for what only its rate holds back', async () => {
  const there = await receiver(() => ({}))
  const app = await testApp()
  await app.webhook({ url: there.url, ratePerSecond: 1 })
  await app.emit()
  await app.emit()
  // From here on time passes, and the second is over in a moment.
  const began = Date.now()
  const clock = () => app.clock.now() + Date.now() - began
  const dispatcher = createDispatcher({ ...app.deps, clock }, { owner: 'me', alone: true })
  onTestFinished(() => dispatcher.stop(0))
  await dispatcher.drain(clock() + MINUTE, false)
  expect(there.requests).toHaveLength(1)
  app.clock.advance(SECOND - 100)
  await dispatcher.drain(clock() + MINUTE)
  expect(there.requests).toHaveLength(2)
  expect(dispatcher.lastTick()).toBeGreaterThan(app.clock.now())
})
