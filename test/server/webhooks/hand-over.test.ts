import { Webhook as Verifier } from 'standardwebhooks'
import { expect, onTestFinished, test } from 'vitest'
import { updateWebhook } from '../../../db/queries/webhooks.ts'
import { newId } from '../../../server/lib/ids.ts'
import { createNodeSign } from '../../../server/node/sign.ts'
import { createDispatcher } from '../../../server/webhooks/dispatch.ts'
import { recordEvents, type FinishedEvent } from '../../../server/webhooks/outbox.ts'
import { newSecret, plainSigning } from '../../../server/webhooks/sign.ts'
import { openSecrets } from '../../../server/webhooks/webhook-secrets.ts'
import { testApp } from '../../support/app.ts'
import { startReceiver } from '../../support/receiver.ts'

/** A webhook that the dispatcher knows to be well, so that new deliveries are handed over to it. */
async function stage() {
  const there = await startReceiver()
  const app = await testApp()
  const { deps } = app
  const webhook = await app.webhook({
    url: there.url,
    auth: 'signature',
    signing: plainSigning,
    secret: newSecret(deps.random),
  })
  const plain = createNodeSign()
  const signed: number[] = []
  const sign: typeof plain = (secret, id, seconds, body) => {
    signed.push(seconds)
    return plain(secret, id, seconds, body)
  }
  const dispatcher = createDispatcher({ ...deps, sign }, { owner: 'me', alone: true, ahead: 64 })
  onTestFinished(async () => {
    await dispatcher.stop(0)
    await there.stop()
  })
  await app.emit()
  await dispatcher.drain(app.clock.now() + 1)
  const [secret = ''] = (await openSecrets(deps, webhook)).signing
  signed.length = 0
  const before = there.requests.length
  const requests = () => there.requests.slice(before)

  /** Stores an event, with what happens before its commit and after it. */
  async function store(
    before: () => unknown = () => {},
    after: () => unknown = () => {},
    more: Partial<FinishedEvent> = {},
  ): Promise<void> {
    const event = {
      id: newId('evt', deps),
      type: 'payment_received',
      siteId: 'sit_main',
      siteSlug: 'main',
      data: { n: 1 },
      source: 'api:test',
      key: null,
      fingerprint: '',
      occurredAt: app.clock.now(),
      hops: 0,
      trace: null,
      lane: 'realtime' as const,
      rejected: null,
      ordinaryListeners: false,
      ...more,
    }
    const { statements, meanwhile, read } = await recordEvents(deps, [event], dispatcher)
    meanwhile()
    await before()
    const results = await deps.db.commit(statements)
    await after()
    read(results)
    await dispatcher.drain(app.clock.now() + 1)
  }
  const states = async () =>
    (await deps.db.q.selectFrom('delivery').select('state').orderBy('seq').execute()).map(({ state }) => state)
  const move = () =>
    deps.db.commit(updateWebhook(deps.db, webhook, { url: `${there.url}/new`, updated_at: app.clock.now() }))
  const paths = () => requests().map(({ path }) => path)
  return { app, dispatcher, requests, paths, webhook, move, secret, signed, store, states }
}

test('a delivery is signed once, while its event is stored, and leaves when it is', async () => {
  const { requests, secret, signed, store } = await stage()
  await store(() => expect.poll(() => signed).toHaveLength(1))
  expect(signed).toHaveLength(1)
  const [request] = requests()
  new Verifier(secret).verify(request?.body ?? '', request?.headers as Record<string, string>)
  expect(requests()).toHaveLength(1)
})

test('it is signed anew when the second is over by then', async () => {
  const { app, requests, secret, signed, store } = await stage()
  await store(
    () => expect.poll(() => signed).toHaveLength(1),
    () => app.clock.advance(2000),
  )
  const [first = 0, second] = signed
  expect(second).toBe(first + 2)
  expect(requests()[0]?.headers['webhook-timestamp']).toBe(String(second))
  new Verifier(secret).verify(requests()[0]?.body ?? '', requests()[0]?.headers as Record<string, string>)
})

test('nothing of it leaves when its webhook is disabled before it is stored', async () => {
  const { app, requests, webhook, signed, store, states } = await stage()
  await store(async () => {
    await expect.poll(() => signed).toHaveLength(1)
    await app.deps.db.commit([
      ...updateWebhook(app.deps.db, webhook, { state: 'disabled', state_reason: 'Broken.', updated_at: 1 }),
    ])
  })
  expect(requests()).toEqual([])
  expect(await states()).toEqual(['delivered', 'held'])
})

test('it says the same of its event as one that was found in the database', async () => {
  const { requests, store } = await stage()
  const traced = '4bf92f3577b34da6a3ce929d0e0e4736'
  await store(undefined, undefined, { hops: 2, trace: `00-${traced}-00f067aa0ba902b7-01` })
  expect(requests().map(({ headers }) => headers)).toMatchObject([
    {
      'hookline-event': 'payment_received',
      'hookline-site': 'main',
      'hookline-attempt': '1',
      'hookline-hops': '2',
      traceparent: expect.stringContaining(traced),
    },
  ])
})

test('it goes where its webhook points by then, whenever that was changed', async () => {
  const before = await stage()
  await before.move()
  await before.store()
  expect(before.paths()).toEqual(['/new'])

  const seen = await stage()
  await seen.move()
  await seen.dispatcher.tick()
  await seen.store()
  expect(seen.paths()).toEqual(['/new'])

  const meanwhile = await stage()
  await meanwhile.store(async () => {
    await meanwhile.move()
    await meanwhile.dispatcher.tick()
  })
  await expect.poll(meanwhile.paths).toEqual(['/new'])

  const known = await stage()
  await known.store(async () => {
    await expect.poll(() => known.signed).toHaveLength(1)
    await known.move()
    await known.app.emit()
    await known.dispatcher.drain(known.app.clock.now() + 1)
  })
  await expect.poll(known.paths).toEqual(['/new', '/new'])
})

test('nothing of it leaves when the dispatcher is stopped before it is stored', async () => {
  const { dispatcher, requests, store, states } = await stage()
  await store(() => dispatcher.stop(0))
  await expect.poll(states).toEqual(['delivered', 'pending'])
  expect(requests()).toEqual([])
})
