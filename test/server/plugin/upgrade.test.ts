import { expect, test } from 'vitest'
import { z } from 'zod'
import { definePlugin, event, type Manifest, type Registrar } from 'hookline/plugin'
import { testHost } from 'hookline/plugin/test'
import { createHost } from '../../../server/plugin/create-host.ts'
import { anybody } from './probe.ts'
import { shop } from './shop.ts'

const thingSeen = event('thing_seen', {
  title: 'Thing Seen',
  sentence: 'A thing was seen',
  description: 'Happens in tests.',
  lane: 'realtime',
  payload: z.looseObject({}),
  sample: {},
})
const manifest = {
  slug: 'steps',
  version: '1.10.0',
  title: 'Steps',
  requires: { host: '^1.0' },
  scope: 'site',
  events: [thingSeen],
  storage: { things: { schema: z.strictObject({ id: z.string(), log: z.string() }) } },
} as const satisfies Manifest

/** A plugin whose steps write down that they ran, and in which order. */
const steps = (register: (to: Registrar<typeof manifest>) => void = () => {}) =>
  definePlugin(manifest, (to) => {
    for (const version of ['1.10.0', '1.2.0', '1.9.0']) {
      to.upgrade(version, async ({ storage }) => {
        const found = await storage.things.get('one')
        storage.things.put('one', { log: `${found?.log ?? ''} ${version}` })
      })
    }
    to.route('POST /do', () => new Response(null, { status: 204 }))
    to.on(thingSeen, () => {})
    register(to)
  })
const stored = { things: [{ id: 'one', log: 'made' }] }

test('steps that are missing run before anything else, in the order of versions, once', async () => {
  const host = await testHost(steps(), { stored, version: '1.2.0' })
  expect(host.stored.things).toEqual([{ id: 'one', log: 'made' }])
  await host.request('POST /do')
  await host.request('POST /do')
  expect(host.stored.things).toEqual([{ id: 'one', log: 'made 1.9.0 1.10.0' }])
})

test('an upgrade sees every record, and what was stored before is as it has to be', async () => {
  const orders = Array.from({ length: 1200 }, (_, i) => ({ id: `o${i}`, total: 7, status: 'open' as const }))
  const host = await testHost(shop, { stored: { orders }, version: '1.0.0' })
  await host.request('POST /orders/o0/pay')
  expect(host.emitted).toMatchObject([{ payload: { amount_minor: 700 } }])
  expect(host.stored.orders?.every(({ total }) => total === 700)).toBe(true)
})

test.each([
  ['a listener', (host: Host) => host.emit(thingSeen, {})],
  ['a page', (host: Host) => host.host.view('steps', '/none', 'sit_main', new Request('http://localhost/'), anybody)],
])('they also run before %s', async (_, doIt) => {
  const host = await testHost(steps(), { stored, version: '1.9.0' })
  await doIt(host)
  await host.settle()
  expect(host.stored.things).toEqual([{ id: 'one', log: 'made 1.10.0' }])
})
type Host = Awaited<ReturnType<typeof testHost>>

test('two processes at once run a step once', async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  let runs = 0
  const slow = definePlugin(manifest, ({ upgrade, route }) => {
    upgrade('1.10.0', async ({ storage }) => {
      runs += 1
      if (runs === 2) resolve()
      await promise
      const found = await storage.things.get('one')
      storage.things.put('one', { log: `${found?.log} more` })
    })
    route('POST /do', () => new Response(null, { status: 204 }))
  })
  const host = await testHost(slow, { stored, version: '1.9.0' })
  const other = await createHost(host.engine, { registry: { steps: async () => ({ default: slow }) }, safeMode: false })
  const ask = (one: typeof other) =>
    one.route('steps', '/do', 'sit_main', new Request('http://localhost/', { method: 'POST' }), anybody)
  const answers = await Promise.all([ask(other), ask(host.host), ask(host.host)])
  await host.settle()
  expect(answers.map((answer) => answer?.status)).toEqual([204, 204, 204])
  expect(runs).toBe(2)
  expect(host.stored.things).toEqual([{ id: 'one', log: 'made more' }])
  expect(host.faults).toEqual([])
})

test('where a step fails the plugin does not run, nothing is written, and other sites go on', async () => {
  const host = await testHost(
    steps(({ upgrade }) => {
      upgrade('1.5.0', ({ site, storage }) => {
        storage.things.put('half', { log: 'never' })
        if (site.id === 'sit_main') throw new Error('Not here.')
      })
    }),
    { stored, version: '1.2.0' },
  )
  const { db } = host.engine
  await db.commit([
    db.q.insertInto('site').values({ id: 'sit_b', slug: 'b', name: 'B', state: 'active', created_at: 0 }),
  ])
  const ask = (site: string) =>
    host.host.route('steps', '/do', site, new Request('http://localhost/', { method: 'POST' }), anybody)
  for (let i = 0; i < 30; i++) await expect(ask('sit_main')).rejects.toMatchObject({ code: 'unavailable' })
  await host.settle()
  expect(host.faults).toMatchObject([{ handler: 'steps/upgrade:1.5.0', message: 'Not here.' }])
  expect(host.stored.things).toEqual([{ id: 'one', log: 'made' }])
  expect((await ask('sit_b'))?.status).toBe(204)
  expect((await host.host.plugins()).find(({ slug }) => slug === 'steps')?.state).toBe('active')
  for (let tries = 2; tries <= 6; tries++) {
    host.clock.advance(11 * 60_000)
    await expect(ask('sit_main')).rejects.toMatchObject({ code: 'unavailable' })
    await host.settle()
    expect(host.faults).toHaveLength(tries)
  }
  // However often it fails in a row at one site, it says nothing of the others.
  expect((await ask('sit_b'))?.status).toBe(204)
})

test('a step beyond the own version, or twice the same, is refused', async () => {
  await expect(testHost(steps(({ upgrade }) => upgrade('2.0.0', () => {})))).rejects.toThrow('later than')
  await expect(testHost(steps(({ upgrade }) => upgrade('1.9.0', () => {})))).rejects.toThrow('two handlers')
  await expect(testHost(steps(({ upgrade }) => upgrade('1.9', () => {})))).rejects.toThrow('written as 1.1.0')
})
