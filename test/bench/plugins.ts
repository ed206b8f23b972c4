import { definePlugin, type Plugin } from 'hookline/plugin'
import { migrate } from '../../db/migrate.ts'
import { readMigrations } from '../../server/node/migrations.ts'
import { openSqlite } from '../../server/node/sqlite.ts'
import { createHost } from '../../server/plugin/create-host.ts'
import type { Engine } from '../../server/webhooks/engine.ts'
import { probe, thingDone } from '../server/plugin/probe.ts'
import { bareEngine } from '../support/engine.ts'
import { quiet } from '../support/log.ts'
import { median, milliseconds, PAIRS, ratio, row } from './figures.ts'
import { payload } from './payload.ts'

const HANDLERS = 100
/** Emits of one half of a pair. */
const ROUNDS = 500
const PLUGINS = 100
const STARTS = 100

async function engineInMemory(): Promise<Engine> {
  const db = await openSqlite({ file: ':memory:', log: quiet })
  await migrate(db, await readMigrations())
  return bareEngine(db, Date.now)
}

const registryOf = (plugins: readonly Plugin[]) =>
  Object.fromEntries(plugins.map((one) => [one.manifest.slug, () => Promise.resolve({ default: one })]))

async function timed(rounds: number, work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  for (let i = 0; i < rounds; i++) await work()
  return (performance.now() - start) / rounds
}

/** An event that a hundred handlers hear, beside a loop of them; and the start of a host, with many plugins and with one. */
export async function plugins(): Promise<void> {
  await heard()
  await started()
}

/** One after the other in pairs, and the first pair is not counted: it only gets the code compiled. */
async function pairs(
  rounds: number,
  one: () => Promise<unknown>,
  other: () => Promise<unknown>,
): Promise<readonly (readonly [number, number])[]> {
  const found: [number, number][] = []
  for (let n = 0; n <= PAIRS; n++) found.push([await timed(rounds, one), await timed(rounds, other)])
  return found.slice(1)
}

function tell(names: readonly [string, string], found: readonly (readonly [number, number])[]): void {
  const [one, other] = [found.map((pair) => pair[0]), found.map((pair) => pair[1])]
  row(names[0], milliseconds(median(one)))
  row(names[1], milliseconds(median(other)))
  const ratios = found.map(([a, b]) => a / b)
  row('ratio', ratio(median(ratios)), `${ratio(Math.min(...ratios))}–${ratio(Math.max(...ratios))}`)
}

async function heard(): Promise<void> {
  // What a handler is likely to do at the least: it looks at the payload, and waits for something once.
  const handler = async (data: object) => {
    JSON.stringify(data)
    await new Promise(setImmediate)
  }
  const engine = await engineInMemory()
  const plugin = probe(({ on }) => {
    for (let i = 0; i < HANDLERS; i++) on(thingDone, handler)
  })
  const host = await createHost(engine, { registry: registryOf([plugin]), safeMode: false })
  await engine.db.commit(await host.activate('probe'))
  const data = { ...payload(1), thing: 'one' }
  const emit = async () => {
    await host.emit([{ type: thingDone.name, site: 'sit_main', data, source: 'api:bench' }])
    await host.settled()
  }
  const loop = async () => {
    for (let i = 0; i < HANDLERS; i++) await handler(structuredClone(data))
  }
  tell([`emit until ${HANDLERS} handlers have heard`, `a plain loop of ${HANDLERS}`], await pairs(ROUNDS, emit, loop))
  await engine.db.close()
}

async function started(): Promise<void> {
  const engine = await engineInMemory()
  const about = { version: '1.0.0', requires: { host: '^1.0' }, scope: 'site', defaultActive: true } as const
  const all = Array.from({ length: PLUGINS }, (_, n) =>
    definePlugin({ ...about, slug: `plugin-${n}`, title: `Plugin ${n}` }, ({ on }) => on(thingDone, () => {})),
  )
  const start = (list: readonly Plugin[]) => () => createHost(engine, { registry: registryOf(list), safeMode: false })
  const found = await pairs(STARTS, start(all), start(all.slice(0, 1)))
  tell([`start of a host with ${PLUGINS} plugins`, 'start with one'], found)
  await engine.db.close()
}
