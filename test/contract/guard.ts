import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { definePlugin, reject, webhookGuard, webhookPayload, type Plugin } from 'hookline/plugin'
import type { Db } from '../../db/db.ts'
import { createHost } from '../../server/plugin/create-host.ts'
import type { Host } from '../../server/plugin/host.ts'
import { plainDraft } from '../../server/webhooks/draft.ts'
import type { Engine } from '../../server/webhooks/engine.ts'
import { activateWebhook, createWebhook, retireWebhook } from '../../server/webhooks/lifecycle.ts'
import { webhookById } from '../../db/queries/webhooks.ts'
import { cancelDelivery } from '../../db/queries/cancel.ts'
import { SENDING_OFF } from '../../db/queries/outbox.ts'
import { SITE_ARCHIVED } from '../../db/queries/site-state.ts'
import { redeliver } from '../../db/queries/redeliveries.ts'
import { readyToSend, switchSending } from '../../server/webhooks/sending.ts'
import { probe, thingDone } from '../server/plugin/probe.ts'
import { bareEngine } from '../support/engine.ts'

const GUARD = 'bouncer/filter:webhook_guard#0'

/** What guard points promise, on an engine: `open` answers with an empty, migrated database. */
export function guardContract(name: string, open: () => Promise<Db>): void {
  describe(`a guard on ${name}`, () => {
    let db: Db
    let engine: Engine
    let host: Host
    let now = Date.parse('2026-01-15T09:30:00Z')
    const mood = { broken: false, hangs: false, changes: false }
    const asked: unknown[] = []

    const bouncer = definePlugin(
      {
        slug: 'bouncer',
        version: '1.0.0',
        title: 'Bouncer',
        requires: { host: '^1.0' },
        scope: 'network',
        defaultActive: true,
      },
      ({ filter }) =>
        filter(webhookGuard, async (payload) => {
          asked.push(payload)
          if (mood.broken) throw new Error('Out of order.')
          if (mood.hangs) await new Promise(() => {})
          if (mood.changes) return { ...payload, changed: true }
          return payload['thing'] === 'bad' ? reject('Bad things stay inside.') : payload
        }),
    )
    const things = probe(({ filter }) => filter(webhookPayload, (payload) => ({ ...payload, seen: true })))

    const start = async (...plugins: readonly Plugin[]) => {
      const registry = Object.fromEntries(
        plugins.map((one) => [one.manifest.slug, () => Promise.resolve({ default: one })]),
      )
      host = await createHost(engine, { registry, safeMode: false, limits: { filter: 50 } })
    }

    beforeAll(async () => {
      db = await open()
      engine = bareEngine(db, () => now)
      await start(bouncer, things)
      await db.commit(await host.activate('probe'))
      for (const id of ['whk_a', 'whk_b']) {
        const draft = { ...plainDraft, name: id, url: 'https://example.com/', events: ['thing_done'] }
        const made = await createWebhook(engine, draft, { id, owner: 'network', by: 'usr_test', room: null })
        await db.commit(made.statements)
      }
    })
    afterAll(() => db.close())

    const emit = async (thing: string) => {
      const [answer] = await host.emit([
        { type: thingDone.name, site: 'sit_main', data: { thing }, source: 'api:test' },
      ])
      return answer?.id ?? ''
    }
    const deliveries = async (event: string) => {
      const rows = await db.q
        .selectFrom('delivery')
        .select(['state', 'reason', 'due_at'])
        .where('event_id', '=', event)
        .orderBy('webhook_id')
        .execute()
      return rows.map(({ state, reason, due_at }) => [state, reason, due_at !== null])
    }
    const tick = async () => host.tick((now += 61_000))
    const free = ['pending', null, true]

    test('lets pass, or refuses with a reason that is kept', async () => {
      expect(await deliveries(await emit('good'))).toEqual([free, free])
      expect(asked.at(-1)).toEqual({ thing: 'good', seen: true })
      const bad = await emit('bad')
      expect(await deliveries(bad)).toEqual([])
      const row = await db.q.selectFrom('event').select('rejected').where('id', '=', bad).executeTakeFirstOrThrow()
      expect(row.rejected).toBe('Bad things stay inside.')
      expect(await host.guards()).toEqual([])
    })

    test.each(['broken', 'hangs', 'changes'] as const)('that is %s is closed, and is asked again', async (how) => {
      mood[how] = true
      const event = await emit('good')
      const bad = await emit('bad')
      expect(await deliveries(event)).toMatchObject([
        ['held', expect.stringContaining(`The guard ${GUARD} failed: `), false],
        ['held', expect.stringContaining(`The guard ${GUARD} failed: `), false],
      ])
      expect(await host.guards()).toMatchObject([{ handler: GUARD, state: 'running', muted: false, held: 2 }])
      await tick()
      expect((await deliveries(event))[0]?.[0]).toBe('held')
      mood[how] = false
      await host.tick(now)
      expect((await deliveries(event))[0]?.[0]).toBe('held')
      await tick()
      expect(await deliveries(event)).toEqual([free, free])
      expect((await deliveries(bad))[0]).toEqual(['cancelled', 'Bad things stay inside.', false])
      expect(await host.guards()).toEqual([])
      await db.commit(await host.resume('bouncer'))
    })

    test('stays closed while its plugin is paused, until that is resumed', async () => {
      mood.broken = true
      const events = []
      for (let i = 0; i < 5; i++) {
        events.push(await emit('good'))
        now += 61_000
      }
      mood.broken = false
      const event = await emit('good')
      expect(await deliveries(event)).toMatchObject([
        ['held', `The guard ${GUARD} is closed: the plugin Bouncer is paused.`, false],
        ['held', `The guard ${GUARD} is closed: the plugin Bouncer is paused.`, false],
      ])
      expect(await host.guards()).toMatchObject([{ state: 'paused', held: 6 }])
      await db.commit(await host.resume('bouncer'))
      await host.tick(now)
      for (const one of [...events, event]) expect(await deliveries(one)).toEqual([free, free])
    })

    test('stays closed while somebody has its plugin paused, and keeps the first reason', async () => {
      await db.commit(await host.pause('bouncer', 'Ingrid'))
      await db.commit(await host.pause('bouncer', 'Bo'))
      const event = await emit('good')
      expect(await deliveries(event)).toMatchObject([
        ['held', `The guard ${GUARD} is closed: the plugin Bouncer is paused.`, false],
        ['held', `The guard ${GUARD} is closed: the plugin Bouncer is paused.`, false],
      ])
      const paused = (await host.plugins()).find(({ slug }) => slug === 'bouncer')
      expect(paused).toMatchObject({ state: 'paused', reason: { params: { name: 'Ingrid' } } })
      await db.commit(await host.resume('bouncer'))
      await host.tick(now)
      expect(await deliveries(event)).toEqual([free, free])
    })

    test('lets nothing out that was cancelled meanwhile, and nothing while sending is off', async () => {
      mood.broken = true
      const event = await emit('good')
      mood.broken = false
      const { id } = await db.q
        .selectFrom('delivery')
        .select('id')
        .where('event_id', '=', event)
        .where('webhook_id', '=', 'whk_a')
        .executeTakeFirstOrThrow()
      await db.commit([cancelDelivery(db, id, now)])
      await db.commit(switchSending(engine, false))
      await tick()
      await db.commit(switchSending(engine, true))
      expect(await deliveries(event)).toEqual([
        ['cancelled', 'Cancelled by a person.', false],
        ['held', SENDING_OFF, false],
      ])
      await readyToSend(engine)
      expect((await deliveries(event))[1]).toEqual(free)
      await readyToSend(engine)
    })

    test('leaves what gathers to its batch, and what is of an archived site where it is', async () => {
      mood.broken = true
      const gathers = await emit('good')
      const archived = await emit('good')
      mood.broken = false
      await db.commit([db.q.updateTable('delivery').set({ batch_id: '' }).where('event_id', '=', gathers)])
      await db.commit([
        db.q
          .updateTable('guard_hold')
          .set({ due_at: now + 70_000 })
          .where('event_id', '=', archived),
      ])
      await tick()
      expect((await deliveries(gathers))[0]).toEqual(['pending', null, false])
      await db.commit([db.q.updateTable('site').set({ state: 'archived' })])
      await tick()
      await db.commit([db.q.updateTable('site').set({ state: 'active' })])
      expect((await deliveries(archived))[0]).toEqual(['held', SITE_ARCHIVED, false])
    })

    test('is not passed by activating a webhook or redelivering', async () => {
      mood.broken = true
      const event = await emit('good')
      mood.broken = false
      await db.commit([...retireWebhook(engine, 'whk_a')])
      const webhook = await webhookById(db, 'whk_a')
      if (!webhook) throw new Error('The webhook is gone.')
      await db.commit(await activateWebhook(engine, webhook, 'send'))
      const { id } = await db.q
        .selectFrom('delivery')
        .select('id')
        .where('event_id', '=', event)
        .where('webhook_id', '=', 'whk_b')
        .executeTakeFirstOrThrow()
      const [answer] = await db.commit([redeliver(db, id, now)])
      expect(answer?.rows).toEqual([])
      expect((await deliveries(event)).map(([state]) => state)).toEqual(['held', 'held'])
      await db.commit([...retireWebhook(engine, 'whk_a')])
      await tick()
      expect(await deliveries(event)).toEqual([['held', 'The webhook is retired.', false], free])
      await db.commit(await activateWebhook(engine, webhook, 'send'))
      expect(await deliveries(event)).toEqual([free, free])
    })

    test('stays closed when its plugin is missing, until somebody mutes it', async () => {
      await start(things)
      const event = await emit('bad')
      const reason = `The guard ${GUARD} is closed: the plugin Bouncer is missing or cannot run.`
      expect((await deliveries(event))[0]).toEqual(['held', reason, false])
      await tick()
      expect((await deliveries(event))[0]).toEqual(['held', reason, false])
      expect(await host.guards()).toMatchObject([{ plugin: 'bouncer', title: 'Bouncer', state: 'missing', held: 1 }])
      await expect(host.mute('bouncer/on:nothing#0', 'Ingrid')).rejects.toMatchObject({ code: 'not_found' })
      await db.commit(await host.mute(GUARD, 'Ingrid'))
      await host.tick(now)
      expect(await deliveries(event)).toEqual([free, free])
      expect(await deliveries(await emit('bad'))).toEqual([free, free])
      expect(await host.guards()).toMatchObject([{ muted: true, held: 0 }])
    })

    test('stands again when it is unmuted, or its plugin comes back', async () => {
      await start(bouncer, things)
      expect(await deliveries(await emit('bad'))).toEqual([free, free])
      await db.commit(await host.unmute(GUARD))
      expect(await deliveries(await emit('bad'))).toEqual([])
    })

    test('guards nothing any more once its plugin is inactive, or leaves it out', async () => {
      mood.broken = true
      const event = await emit('bad')
      await db.commit(await host.deactivate('bouncer'))
      expect(await deliveries(await emit('bad'))).toEqual([free, free])
      await tick()
      expect(await deliveries(event)).toEqual([free, free])
      await db.commit(await host.activate('bouncer'))
      await start(definePlugin(bouncer.manifest), things)
      expect(await deliveries(await emit('bad'))).toEqual([free, free])
    })
  })
}
