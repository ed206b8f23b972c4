import { expect, test } from 'vitest'
import { testHost } from 'hookline/plugin/test'
import type { CronContext, Manifest } from 'hookline/plugin'
import { pluginsChanged } from '../../../db/queries/plugins.ts'
import { createHost } from '../../../server/plugin/create-host.ts'
import { somethingDone } from '../../../server/plugin/test-event.ts'
import { beside, gate, probe, thingDone } from './probe.ts'
import { shop } from './shop.ts'

const MINUTE = 60_000
const every15 = (handler: (ctx: CronContext<Manifest>) => unknown) =>
  beside('timer', ({ cron }) => cron('*/15 * * * *', 'work', handler))

test('it runs at the times of its pattern, once each, also after a long sleep', async () => {
  const ran: string[] = []
  const host = await testHost(every15(({ now }) => ran.push(now().toISOString().slice(11, 16))))
  await host.tick()
  expect(ran).toEqual([])
  for (const minutes of [14, 1, 1, 14, 200]) {
    host.clock.advance(minutes * MINUTE)
    await host.tick()
    await host.tick()
  }
  expect(ran).toEqual(['09:45', '10:00', '13:20'])
})

test('it runs also where there is an event that nobody can read, which the log names', async () => {
  const ran: string[] = []
  const host = await testHost(every15(({ site }) => ran.push(site.slug)))
  const { db } = host.engine
  await host.tick()
  await host.emit(somethingDone, {})
  host.clock.advance(15 * MINUTE)
  await db.commit([db.q.updateTable('event').set({ payload: 'not JSON', heard_at: null })])
  await host.host.tick(host.clock.now())
  await host.host.settled()
  expect(ran).toEqual(['main'])
  const [line] = host.logs.filter(({ level }) => level === 'error')
  expect(line).toMatchObject({ message: 'An event cannot be read, so no listener hears of it.' })
})

test('five lines: what it fetched is stored, with the key of the settings', async () => {
  const seen: (string | null)[] = []
  const http = (request: Request) => {
    seen.push(request.headers.get('authorization'))
    return Response.json([{ id: 'o7', total: 100, status: 'open' }])
  }
  const host = await testHost(shop, { http, settings: { apiKey: 'key-of-acme' } })
  await host.cron('sync')
  expect(host.stored.orders).toEqual([{ id: 'o7', total: 100, status: 'open' }])
  expect(seen).toEqual(['key-of-acme'])
})

test('it keeps the time of the network', async () => {
  const ran: string[] = []
  const host = await testHost(
    beside('timer', ({ cron }) => cron('0 3 * * *', 'work', ({ now }) => ran.push(now().toISOString()))),
  )
  const { db } = host.engine
  await db.commit([db.q.insertInto('setting').values({ name: 'time_zone', value: 'Asia/Tokyo' })])
  await host.tick()
  for (let hour = 0; hour < 24; hour++) {
    host.clock.advance(60 * MINUTE)
    await host.tick()
  }
  expect(ran).toEqual(['2026-01-15T18:30:00.000Z'])
})

test('it runs for the active sites where its plugin is on, one site apart from the other', async () => {
  const ran: string[] = []
  const host = await testHost(
    every15(({ site }) => {
      ran.push(site.slug)
      if (site.slug === 'b') throw new Error('Not here.')
    }),
  )
  const { db } = host.engine
  const site = (slug: string, state: 'active' | 'archived') =>
    db.q.insertInto('site').values({ id: `sit_${slug}`, slug, name: slug, state, created_at: 0 })
  await db.commit([
    site('a', 'active'),
    site('b', 'active'),
    site('c', 'archived'),
    ...(await host.host.deactivate('timer')),
    ...(await host.host.activate('timer', 'sit_a')),
    ...(await host.host.activate('timer', 'sit_b')),
    ...(await host.host.activate('timer', 'sit_c')),
  ])
  const later = async () => {
    await host.tick()
    host.clock.advance(15 * MINUTE)
    await host.tick()
    return ran.splice(0).sort()
  }
  expect(await later()).toEqual(['a', 'b'])
  expect(host.faults).toMatchObject([{ handler: 'timer/cron:work', site_id: 'sit_b', message: 'Not here.' }])
  await db.commit(await host.host.activate('timer'))
  expect(await later()).toEqual(['a', 'b', 'main'])
  await db.commit(await host.host.deactivate('timer'))
  await db.commit(await host.host.deactivate('timer', 'sit_a'))
  expect(await later()).toEqual(['b'])
})

test('of many processes one runs it, one at a time, and a dead one is replaced', async () => {
  const hold = gate()
  const ran: string[] = []
  const timer = every15(async () => {
    ran.push('begun')
    if (ran.length === 1) await hold.promise
  })
  const host = await testHost(timer)
  const registry = { timer: async () => ({ default: timer }) }
  const others = await Promise.all([1, 2].map(() => createHost(host.engine, { registry, safeMode: false })))
  const all = [host.host, ...others]
  const tick = () => Promise.all(all.map((one) => one.tick(host.clock.now())))
  await tick()
  host.clock.advance(15 * MINUTE)
  await tick()
  await tick()
  expect(ran).toHaveLength(1)
  // Its lease is over: for all the others know, the process that took it is dead.
  host.clock.advance(2 * MINUTE)
  await tick()
  await Promise.all(others.map((one) => one.settled()))
  expect(ran).toHaveLength(2)
  hold.resolve()
  await host.settle()
  host.clock.advance(MINUTE)
  await tick()
  await host.settle()
  expect(ran).toHaveLength(2)
})

test('what it wrote and emitted is committed when it has succeeded, and not at all when it fails', async () => {
  let fails = true
  const host = await testHost(
    probe(({ cron }) =>
      cron('0 * * * *', 'hourly', ({ storage, emit }) => {
        storage.things.put('t', { by: 'cron' })
        emit(thingDone, { thing: 't' })
        if (fails) throw new Error('Later.')
      }),
    ),
  )
  await host.cron('hourly')
  expect([host.stored.things, host.emitted, host.faults.length]).toEqual([[], [], 1])
  fails = false
  await host.cron('hourly')
  expect([host.stored.things, host.emitted.length]).toEqual([[{ id: 't', by: 'cron' }], 1])
})

test('after 60 seconds nobody waits any longer', async () => {
  const host = await testHost(
    every15(() => new Promise(() => {})),
    { limits: { cron: 20 } },
  )
  await host.cron('work')
  expect(host.faults).toMatchObject([{ handler: 'timer/cron:work', message: 'It took longer than 20 ms.' }])
})

test('a paused plugin has no crons', async () => {
  const ran: number[] = []
  const host = await testHost(every15(({ now }) => ran.push(now().getTime())))
  await host.tick()
  const { db } = host.engine
  await db.commit([
    db.q.updateTable('plugin_state').set({ paused_at: 1 }).where('slug', '=', 'timer'),
    pluginsChanged(db),
  ])
  host.clock.advance(15 * MINUTE)
  await host.tick()
  await host.cron('work')
  expect(ran).toEqual([])
})

test('10,000 sites take their turns in slices, and a second cron is not kept waiting', async () => {
  const ran = new Set<string>()
  const others: string[] = []
  const host = await testHost(
    every15(({ site }) => void ran.add(site.id)),
    { beside: [beside('other', ({ cron }) => cron('*/15 * * * *', 'work', ({ site }) => others.push(site.id)))] },
  )
  const { db } = host.engine
  for (let from = 0; from < 10_000; from += 1000) {
    const values = Array.from({ length: 1000 }, (_, i) => {
      const id = `sit_${String(from + i).padStart(5, '0')}`
      return { id, slug: id.replace('_', '-'), name: id, state: 'active' as const, created_at: 0 }
    })
    await db.commit([db.q.insertInto('site').values(values)])
  }
  await host.tick()
  const rows = async () =>
    (await db.q.selectFrom('plugin_cron').select('site_id').where('site_id', '<>', '').execute()).length
  expect(await rows()).toBe(0)
  host.clock.advance(15 * MINUTE)
  await host.host.tick(host.clock.now())
  expect(await rows()).toBeLessThanOrEqual(1000)
  await host.settle()
  expect(Math.abs(ran.size - others.length)).toBeLessThan(50)
  while (ran.size < 10_001) await host.tick()
  await host.tick()
  expect([ran.size, others.length, await rows()]).toEqual([10_001, 10_001, 0])
}, 120_000)

test.each([
  ['0 0 30 2 *', 'never comes'],
  ['* * * *', '5 fields'],
])('a cron of %s is refused', async (pattern, why) => {
  await expect(testHost(beside('timer', ({ cron }) => cron(pattern, 'work', () => {})))).rejects.toThrow(why)
})
