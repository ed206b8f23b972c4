import { afterEach, beforeEach, expect, test } from 'vitest'
import { migrate } from '../../../db/migrate.ts'
import { readMigrations } from '../../../server/node/migrations.ts'
import { openSqlite } from '../../../server/node/sqlite.ts'
import { createHost } from '../../../server/plugin/create-host.ts'
import type { Mark } from '../../../server/plugin/watch.ts'
import type { Engine } from '../../../server/webhooks/engine.ts'
import { bareEngine } from '../../support/engine.ts'
import { quiet } from '../../support/log.ts'
import { gate, probe, thingDone } from './probe.ts'

let engine: Engine
let now = Date.parse('2026-01-15T09:30:00Z')
beforeEach(async () => {
  const db = await openSqlite({ file: ':memory:', log: quiet })
  await migrate(db, await readMigrations())
  engine = bareEngine(db, () => now)
})
afterEach(() => engine.db.close())

/** A host whose marks a test sees; `left` is what an earlier one was doing. */
async function start(plugin: ReturnType<typeof probe>, left: readonly Mark[] = []) {
  const running = new Set<string>()
  const seen: string[][] = []
  const watch = {
    left,
    mark({ doing }: Mark) {
      running.add(doing)
      seen.push([...running])
      return () => void running.delete(doing)
    },
    attend: <T>(_: unknown, run: () => T): T => run(),
  }
  const registry = { probe: async () => ({ default: plugin }) }
  return { seen, host: await createHost(engine, { registry, safeMode: false, watch }) }
}
const emission = { type: thingDone.name, site: 'sit_main', data: { thing: 'a' }, source: 'api:test' }

test('what an earlier process left unheard is heard under a mark, and nothing that happens now', async () => {
  const heard: string[] = []
  const plugin = probe(({ on }) => on(thingDone, ({ thing }) => void heard.push(thing)))
  const first = await start(plugin)
  await engine.db.commit(await first.host.activate('probe'))
  const { statements } = await first.host.prepare([emission, { ...emission, data: { thing: 'b' } }])
  await engine.db.commit(statements)
  now += 60_000
  const second = await start(plugin)
  await second.host.emit([{ ...emission, data: { thing: 'now' } }])
  await second.host.settled()
  expect(second.seen).toEqual([['load']])
  await second.host.tick(now)
  await second.host.settled()
  expect(heard).toEqual(['now', 'a', 'b'])
  expect(second.seen).toEqual([['load'], ['probe/on:thing_done#0'], ['probe/on:thing_done#0']])
})

test('the plugin that ran when the last process ended is paused, with a fault that says so', async () => {
  const { host } = await start(
    probe(() => {}),
    [{ slug: 'probe', doing: 'probe/cron:sync' }],
  )
  expect(await host.plugins({ faults: true })).toMatchObject([
    {
      state: 'paused',
      reason: { text: 'The whole server ended while {handler} ran.', params: { handler: 'probe/cron:sync' } },
      faults: [{ handler: 'probe/cron:sync', message: 'The whole server ended while probe/cron:sync ran.' }],
    },
  ])
  await engine.db.commit(await host.resume('probe'))
  expect(await host.plugins()).toMatchObject([{ state: 'inactive' }])
})

test('of several that ran none is paused; they run one after the other, until it is known which it was', async () => {
  const both = gate()
  const plugin = probe(({ cron }) => {
    cron('* * * * *', 'one', () => both.promise)
    cron('* * * * *', 'two', () => both.promise)
  })
  const left = ['one', 'two'].map((name) => ({ slug: 'probe', doing: `probe/cron:${name}` }))
  const { host, seen } = await start(plugin, left)
  await engine.db.commit(await host.activate('probe'))
  expect((await host.plugins())[0]?.state).toBe('active')
  const runs = [host.runCron('probe', 'one', 'sit_main'), host.runCron('probe', 'two', 'sit_main')]
  both.resolve()
  await Promise.all(runs)
  expect(seen).toEqual([['load'], ['probe/cron:one'], ['probe/cron:two']])
})
