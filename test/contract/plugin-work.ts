import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { definePlugin } from 'hookline/plugin'
import type { Db } from '../../db/db.ts'
import { rowsOf } from '../../db/queries/uninstall.ts'
import { createHost } from '../../server/plugin/create-host.ts'
import type { Host } from '../../server/plugin/host.ts'
import { sealSettingsAgain } from '../../server/plugin/settings.ts'
import { createVault } from '../../server/webhooks/secrets.ts'
import type { Engine } from '../../server/webhooks/engine.ts'
import { anybody } from '../server/plugin/probe.ts'
import { bareEngine, random } from '../support/engine.ts'

const MINUTE = 60_000

/** What the host does for plugins besides events, on an engine: settings, crons, upgrades, and taking leave. */
export function pluginWorkContract(name: string, open: () => Promise<Db>): void {
  describe(`the work of plugins on ${name}`, () => {
    let db: Db
    let engine: Engine
    let hosts: readonly Host[]
    let now = Date.parse('2026-01-15T09:31:00Z')
    const ran: string[] = []

    const plugin = definePlugin(
      {
        slug: 'worker',
        version: '1.1.0',
        title: 'Worker',
        requires: { host: '^1.0' },
        scope: 'site',
        storage: { things: { schema: z.strictObject({ id: z.string(), n: z.int() }), indexes: ['n'] } },
        settings: z.object({
          most: z.int().max(9).default(3),
          key: z.string().default('').meta({ secret: true }),
        }),
      },
      ({ cron, upgrade, route }) => {
        cron('*/15 * * * *', 'count', ({ site, storage, settings }) => {
          ran.push(site.id)
          storage.things.put('cron', { n: settings.most })
        })
        upgrade('1.1.0', async ({ storage }) => {
          for (const { id, n } of await storage.things.list()) storage.things.put(id, { n: n + 100 })
        })
        route('POST /show', async (_request, { settings, storage }) =>
          Response.json([settings.most, settings.key, (await storage.things.list()).map(({ id, n }) => `${id}=${n}`)]),
        )
        route('POST /fill', async (request, { storage }) => {
          const count = Number(await request.text())
          for (let i = 0; i < count; i++) storage.things.put(`t${i}`, { n: i })
          return new Response()
        })
      },
    )
    const [first, second] = [() => hosts[0] as Host, () => hosts[1] as Host]
    const ask = async (path: string, body = '', site = 'sit_main') => {
      const request = new Request(`http://localhost${path}`, { method: 'POST', body })
      return (await first().route('worker', path, site, request, anybody))?.text()
    }
    const set = async (given: Record<string, unknown>, site: string | null = null) =>
      db.commit((await first().changeSettings('worker', site, given)).statements)
    const tick = async () => {
      await Promise.all(hosts.map((host) => host.tick(now)))
      await Promise.all(hosts.map((host) => host.settled()))
    }

    beforeAll(async () => {
      db = await open()
      const vault = await createVault({ appSecret: 'the secret of a contract, long enough', random })
      engine = { ...bareEngine(db, () => now), vault }
      const registry = { worker: async () => ({ default: plugin }) }
      hosts = [
        await createHost(engine, { registry, safeMode: false }),
        await createHost(engine, { registry, safeMode: false }),
      ]
      await db.commit([
        db.q.insertInto('site').values({ id: 'sit_b', slug: 'b', name: 'B', state: 'active', created_at: 0 }),
        ...(await first().activate('worker', 'sit_b')),
      ])
    })
    afterAll(() => db.close())

    test('keeps settings sealed, refuses the second of two changes, and seals them again', async () => {
      await set({ most: 5, key: 'a long secret' })
      await set({ most: 7 }, 'sit_b')
      expect(await ask('/show', '', 'sit_b')).toBe('[7,"a long secret",[]]')
      const [one, two] = await Promise.all([
        first().changeSettings('worker', null, { most: 4 }),
        second().changeSettings('worker', null, { most: 6 }),
      ])
      await db.commit(one.statements)
      await expect(db.commit(two.statements)).rejects.toMatchObject({ kind: 'constraint' })
      const vault = await createVault({
        appSecret: 'another secret of a contract, long enough',
        previous: 'the secret of a contract, long enough',
        random,
      })
      await sealSettingsAgain({ db, vault })
      const rows = await db.q.selectFrom('plugin_state').select('settings').execute()
      const [sealed = ''] = Object.values(
        (JSON.parse(rows[0]?.settings ?? '{}') as { secrets: Record<string, string> }).secrets,
      )
      expect(await vault.open(sealed, 'plugin_setting:worker:network:key')).toBe('a long secret')
      await set({ key: null, most: null })
      await set({ most: null }, 'sit_b')
    })

    test('brings a site up to date once, however many processes ask', async () => {
      await ask('/fill', '3', 'sit_b')
      await db.commit([db.q.updateTable('plugin_site').set({ version: '1.0.0' }).where('site_id', '=', 'sit_b')])
      await db.commit(await first().activate('worker', 'sit_b'))
      const request = () => new Request('http://localhost/show', { method: 'POST' })
      await Promise.all(hosts.map((host) => host.route('worker', '/show', 'sit_b', request(), anybody)))
      expect(await ask('/show', '', 'sit_b')).toBe('[3,"",["t2=102","t1=101","t0=100"]]')
    })

    test('runs crons for the sites where the plugin is on, each once, over two processes', async () => {
      await tick()
      now += 15 * MINUTE
      await tick()
      expect(ran.splice(0)).toEqual(['sit_b'])
      await db.commit(await first().activate('worker'))
      now += 15 * MINUTE
      await tick()
      await tick()
      expect(ran.splice(0).sort()).toEqual(['sit_b', 'sit_main'])
      expect(await db.q.selectFrom('plugin_cron').selectAll().where('site_id', '<>', '').execute()).toEqual([])
    })

    test('commits a handler that writes many records', async () => {
      await ask('/fill', '60')
      expect((await rowsOf(db, 'worker')).plugin_record).toBe(60 + 1 + 4)
    })

    test('leaves nothing behind', async () => {
      await expect(db.commit(await first().uninstall('worker'))).rejects.toMatchObject({ kind: 'constraint' })
      await db.commit(await first().deactivate('worker'))
      await db.commit(await first().deactivate('worker', 'sit_b'))
      await db.commit(await first().uninstall('worker'))
      await tick()
      await tick()
      expect(Object.values(await rowsOf(db, 'worker')).every((count) => count === 0)).toBe(true)
      expect(await db.q.selectFrom('plugin_state').selectAll().execute()).toEqual([])
    })
  })
}
