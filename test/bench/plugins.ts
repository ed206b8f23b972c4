import { definePlugin, type Plugin } from 'hookline/plugin'
import { migrate } from '../../db/migrate.ts'
import { readConfig } from '../../server/config.ts'
import { readMigrations } from '../../server/node/migrations.ts'
import { openSqlite } from '../../server/node/sqlite.ts'
import { createHost } from '../../server/plugin/create-host.ts'
import type { Engine } from '../../server/webhooks/engine.ts'
import { probe, thingDone } from '../server/plugin/probe.ts'
import { quiet } from '../support/log.ts'
import { payload } from './payload.ts'

const HANDLERS = 100
const ROUNDS = 200

async function engineInMemory(): Promise<Engine> {
  const db = await openSqlite({ file: ':memory:', log: quiet })
  await migrate(db, await readMigrations())
  return {
    config: readConfig({}),
    publicUrl: () => 'http://localhost:3000',
    version: '0.0.0',
    db,
    clock: Date.now,
    random: (length) => crypto.getRandomValues(new Uint8Array(length)),
    log: quiet,
    vault: { seal: async (plain) => plain, open: async (cipher) => cipher },
    post: () => Promise.reject(new Error('Nothing is sent here.')),
    wake: () => {},
  }
}

const registryOf = (plugins: readonly Plugin[]) =>
  Object.fromEntries(plugins.map((one) => [one.manifest.slug, () => Promise.resolve({ default: one })]))

async function timed(rounds: number, work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  for (let i = 0; i < rounds; i++) await work()
  return (performance.now() - start) / rounds
}

/** Milliseconds of an emit that a hundred handlers hear, and of a loop of a hundred awaited functions that do the same. */
export async function heard(): Promise<{ emit: number; loop: number }> {
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
  const emit = await timed(ROUNDS, async () => {
    await host.emit([{ type: thingDone.name, site: 'sit_main', data, source: 'api:bench' }])
    await host.settled()
  })
  const loop = await timed(ROUNDS, async () => {
    for (let i = 0; i < HANDLERS; i++) await handler(structuredClone(data))
  })
  await engine.db.close()
  return { emit, loop }
}

/** Milliseconds until a host with so many plugins stands. */
export async function started(count: number): Promise<number> {
  const engine = await engineInMemory()
  const about = { version: '1.0.0', requires: { host: '^1.0' }, scope: 'site', defaultActive: true } as const
  const plugins = Array.from({ length: count }, (_, n) =>
    definePlugin({ ...about, slug: `plugin-${n}`, title: `Plugin ${n}` }, ({ on }) => on(thingDone, () => {})),
  )
  const ms = await timed(20, () => createHost(engine, { registry: registryOf(plugins), safeMode: false }))
  await engine.db.close()
  return ms
}

if (import.meta.main) {
  const { emit, loop } = await heard()
  console.log(
    `emit through ${HANDLERS} handlers ${emit.toFixed(2)} ms, a loop of them ${loop.toFixed(2)} ms: ${(emit / loop).toFixed(2)}`,
  )
  const [many, one] = [await started(100), await started(1)]
  console.log(`start with 100 plugins ${many.toFixed(2)} ms, with one ${one.toFixed(2)} ms: ${(many / one).toFixed(2)}`)
}
