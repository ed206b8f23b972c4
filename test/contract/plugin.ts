import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { webhookPayload } from 'hookline/plugin'
import type { Db } from '../../db/db.ts'
import { createHost } from '../../server/plugin/create-host.ts'
import type { Host } from '../../server/plugin/host.ts'
import { anybody, probe, thingDone } from '../server/plugin/probe.ts'
import { bareEngine } from '../support/engine.ts'

/** What the plugin host promises, on an engine: `open` answers with an empty, migrated database. */
export function pluginContract(name: string, open: () => Promise<Db>): void {
  describe(`the plugin host on ${name}`, () => {
    let db: Db
    let host: Host
    let now = Date.parse('2026-01-15T09:30:00Z')
    const heard: string[] = []
    const mood = { filter: false, listener: false }

    const plugin = probe(({ route, on, filter }) => {
      route('POST /:id/add', async (_request, { params, storage, emit }) => {
        if (await storage.things.get(params.id)) return new Response('there')
        storage.things.add(params.id, { by: 'add' })
        emit(thingDone, { thing: params.id })
        return new Response('added')
      })
      route('POST /:id/put/:by', (_request, { params, storage }) => {
        storage.things.put(params.id, { by: params.by })
        return new Response()
      })
      route('POST /:id/delete', (_request, { params, storage }) => {
        storage.things.delete(params.id)
        return new Response()
      })
      route('POST /list/:by', async (_request, { params, storage }) =>
        Response.json((await storage.things.list({ by: params.by })).map(({ id }) => id)),
      )
      filter(webhookPayload, (payload) => {
        if (mood.filter) throw new Error('Filter in a mood.')
        return { ...payload, filtered: true }
      })
      on(thingDone, ({ thing }) => {
        if (mood.listener) throw new Error('Listener in a mood.')
        heard.push(thing)
      })
    })

    beforeAll(async () => {
      db = await open()
      const engine = bareEngine(db, () => now)
      const registry = { probe: async () => ({ default: plugin }) }
      host = await createHost(engine, { registry, safeMode: false })
      await db.commit(await host.activate('probe'))
    })
    afterAll(() => db.close())

    const ask = async (path: string) => {
      now += 1000
      const request = new Request(`http://localhost${path}`, { method: 'POST' })
      return (await host.route('probe', path, 'sit_main', request, anybody))?.text()
    }
    const emit = async (thing: string, key: string | null = null) => {
      const answer = await host.emit([
        { type: 'thing_done', site: 'sit_main', data: { thing }, source: 'api:test', key },
      ])
      await host.settled()
      return answer[0]
    }
    const state = async () => (await host.plugins())[0]?.state

    test('writes and emits in one commit, and filters what is stored', async () => {
      expect(await ask('/a/add')).toBe('added')
      expect(await ask('/a/add')).toBe('there')
      await host.settled()
      const events = await db.q.selectFrom('event').selectAll().execute()
      expect(events.map(({ payload }) => JSON.parse(payload))).toEqual([{ thing: 'a', filtered: true }])
      expect(heard).toEqual(['a'])
      expect(events.every(({ heard_at }) => heard_at !== null)).toBe(true)
    })

    test('makes one of two handlers that add the same record at once', async () => {
      const answers = await Promise.all([ask('/b/add'), ask('/b/add')])
      expect(answers.sort()).toEqual(['added', 'there'])
      expect(await host.plugins({ faults: true })).toMatchObject([{ faults: [] }])
    })

    test('lists records by an index that follows every change, newest first', async () => {
      for (const path of ['/c/put/me', '/d/put/me', '/c/put/you', '/e/put/me', '/e/delete', '/f/put/me'])
        await ask(path)
      expect(await ask('/list/me')).toBe('["f","d"]')
      expect(await ask('/list/you')).toBe('["c"]')
    })

    test('knows a key again', async () => {
      const first = await emit('g', 'k')
      expect(await emit('g', 'k')).toEqual({ ...first, duplicate: true })
      await expect(emit('h', 'k')).rejects.toMatchObject({ code: 'idempotency_mismatch' })
    })

    test('runs again what a crash left unheard', async () => {
      const { statements } = await host.prepare([
        { type: 'thing_done', site: 'sit_main', data: { thing: 'left behind' }, source: 'api:test' },
      ])
      await db.commit(statements)
      await host.tick((now += 11_000))
      await host.settled()
      expect(heard.at(-1)).toBe('left behind')
    })

    test('counts faults that an event causes once a minute, and pauses at five in a row', async () => {
      mood.filter = true
      for (let i = 0; i < 3; i++) await emit('x')
      expect(await state()).toBe('active')
      expect((await host.plugins({ faults: true }))[0]?.faults).toHaveLength(1)
      mood.filter = false
      mood.listener = true
      const later = async () => {
        now += 61_000
        await emit('x')
      }
      for (let i = 0; i < 3; i++) await emit('x')
      expect((await host.plugins({ faults: true }))[0]?.faults).toHaveLength(2)
      for (let i = 0; i < 3; i++) await later()
      mood.listener = false
      await later()
      mood.listener = true
      for (let i = 0; i < 4; i++) await later()
      expect(await state()).toBe('active')
      await later()
      expect(await state()).toBe('paused')
      await expect(emit('x')).rejects.toMatchObject({ code: 'plugin_inactive' })
      await db.commit(await host.resume('probe'))
      mood.listener = false
      await emit('resumed')
      expect(heard.at(-1)).toBe('resumed')
    })

    test('runs for one site alone', async () => {
      await db.commit([
        db.q.insertInto('site').values({ id: 'sit_a', slug: 'a', name: 'A', state: 'active', created_at: 0 }),
        ...(await host.deactivate('probe')),
        ...(await host.activate('probe', 'sit_a')),
      ])
      expect(await host.isAvailable('thing_done', 'sit_a')).toBe(true)
      expect(await host.isAvailable('thing_done', 'sit_main')).toBe(false)
    })
  })
}
