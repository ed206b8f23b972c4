import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { definePlugin, event, webhookPayload, type Registrar } from 'hookline/plugin'
import type { Db } from '../../db/db.ts'
import { pausePlugin } from '../../db/queries/plugins.ts'
import { createPerson } from '../../server/access/people.ts'
import { createApp } from '../../server/app.ts'
import { compose } from '../../server/compose.ts'
import { readConfig } from '../../server/config.ts'
import type { Deps } from '../../server/deps.ts'
import type { Registry } from '../../server/plugin/create-host.ts'
import { createDispatcher, type Dispatcher } from '../../server/webhooks/dispatch.ts'
import { plainDraft } from '../../server/webhooks/draft.ts'
import { createWebhook } from '../../server/webhooks/lifecycle.ts'
import { gate, probe, thingDone } from '../server/plugin/probe.ts'
import { quiet } from '../support/log.ts'

const HOME = 'http://127.0.0.1:3000'
const badDone = event('bad_done', {
  title: 'Bad Done',
  sentence: 'A bad thing was done',
  description: 'Happens in tests.',
  lane: 'realtime',
  payload: z.looseObject({ text: z.string() }),
  sample: { text: 'x' },
})
const manifest = {
  slug: 'bad',
  version: '1.0.0',
  title: 'Bad',
  requires: { host: '^1.0' },
  scope: 'network',
  defaultActive: true,
  events: [badDone],
  storage: { own: { schema: z.strictObject({ id: z.string() }) } },
} as const
type Bad = Registrar<typeof manifest>
let late = gate()
/** What a plugin can say only if it goes around its types. */
const untyped = (value: unknown) => value as never

interface Deed {
  readonly name: string
  /** The handler that is named in the fault. */
  readonly handler: string
  readonly says: RegExp
  register(to: Bad): void
}

const deeds: readonly Deed[] = [
  {
    name: 'throws in a handler',
    handler: 'bad/on:thing_done#0',
    says: /^Boom\.$/,
    register: ({ on }) =>
      on(
        thingDone,
        () => {
          throw new Error('Boom.')
        },
        { priority: 1 },
      ),
  },
  {
    name: 'never resolves',
    handler: 'bad/on:thing_done#0',
    says: /^It took longer than 50 ms\.$/,
    register: ({ on }) => on(thingDone, () => new Promise(() => {}), { priority: 1 }),
  },
  {
    name: 'resolves after its time and then writes',
    handler: 'bad/on:thing_done#0',
    says: /^It took longer than 50 ms\.$/,
    register: ({ on }) =>
      on(
        thingDone,
        async (_, { storage, emit }) => {
          await late.promise
          storage.own.put('late', {})
          emit(badDone, { text: 'late' })
        },
        { priority: 1 },
      ),
  },
  {
    name: 'emits in a loop',
    handler: 'bad/on:bad_done#0',
    says: /that is a loop\.$/,
    register: ({ on }) => {
      on(thingDone, (_, { emit }) => emit(badDone, { text: 'first' }), { priority: 1 })
      on(badDone, (_, { emit }) => emit(badDone, { text: 'again' }))
    },
  },
  {
    name: "emits another's event",
    handler: 'bad/on:thing_done#0',
    says: /^bad may not emit thing_done/,
    register: ({ on }) =>
      on(thingDone, (_, { emit }) => emit(untyped(thingDone), untyped({ thing: 'x' })), { priority: 1 }),
  },
  {
    name: "names another's storage",
    handler: 'bad/on:thing_done#0',
    says: /undefined/,
    register: ({ on }) =>
      on(thingDone, (_, { storage }) => (storage as unknown as { things: typeof storage.own }).things.put('x', {}), {
        priority: 1,
      }),
  },
  {
    name: 'returns undefined from a filter',
    handler: 'bad/filter:webhook_payload#0',
    says: /^The filter gave back nothing/,
    register: ({ filter }) => filter(webhookPayload, () => untyped(undefined)),
  },
  {
    name: 'emits ten megabytes',
    handler: 'bad/on:thing_done#0',
    says: /^The payload has more than/,
    register: ({ on }) =>
      on(thingDone, (_, { emit }) => emit(badDone, { text: 'x'.repeat(10_000_000) }), { priority: 1 }),
  },
  {
    name: 'shows a page that throws',
    handler: 'bad/page:/torn',
    says: /^Torn\.$/,
    register: ({ page }) =>
      page('/torn', {
        title: 'Torn',
        template: 'torn',
        load: () => {
          throw new Error('Torn.')
        },
      }),
  },
]

/** What no plugin can do to the rest, on an engine: `open` answers with an empty, migrated database. */
export function hostileContract(name: string, open: () => Promise<Db>): void {
  describe(`beside hostile plugins on ${name}`, () => {
    let db: Db
    let deps: Deps
    let dispatcher: Dispatcher
    let cookie = ''
    let now = 0
    const heard: string[] = []
    const posted: string[] = []

    const good = probe(({ on }) => on(thingDone, ({ thing }) => void heard.push(thing)))
    const start = async (bad: Registry[string]) => {
      const random = (length: number) => crypto.getRandomValues(new Uint8Array(length))
      deps = await compose({
        config: readConfig({}),
        publicUrl: () => HOME,
        version: '1.0.0',
        db,
        clock: () => now,
        random,
        log: quiet,
        post: async ({ body }) => {
          posted.push(String(body))
          return {
            outcome: 'ok',
            status: 200,
            headers: [],
            body: new Uint8Array(),
            truncated: false,
            durationMs: 1,
            error: null,
          }
        },
        wake: () => {},
        appSecret: 'an app secret of a test, 32 characters or more',
        registry: { probe: async () => ({ default: good }), bad },
        limits: { listener: 50, filter: 50, page: 50 },
        dispatcher: () => 'on',
        scrypt: () => Promise.reject(new Error('Nothing is put under a passphrase here.')),
      })
      dispatcher = createDispatcher(deps, { owner: 'test', alone: true })
    }
    const ask = (path: string, method = 'GET') =>
      createApp(deps, () => '192.0.2.7').request(HOME + path, {
        method,
        headers: {
          cookie,
          host: new URL(HOME).host,
          'sec-fetch-site': 'same-origin',
          ...(method === 'POST' && { 'content-type': 'application/x-www-form-urlencoded' }),
        },
      })
    const badOne = async () => (await deps.host.plugins({ faults: true })).find(({ slug }) => slug === 'bad')

    beforeAll(async () => {
      db = await open()
      now = Date.now()
      await start(async () => ({ default: definePlugin(manifest) }))
      await db.commit(await deps.host.activate('probe'))
      const who = { email: 'ingrid@nordlys.example', password: 'correct horse battery' }
      await createPerson(deps, null, { name: 'Ingrid', ...who, role: 'super_admin', siteId: 'network' })
      const login = await deps.access.login(new Headers(), { ...who, remember: true, address: '192.0.2.7' })
      cookie = login.ok ? login.cookies.map((line) => line.split(';')[0]).join('; ') : ''
      const draft = { ...plainDraft, name: 'Desk', url: 'https://example.com/', events: [thingDone.name] }
      const made = await createWebhook(deps, draft, { id: 'whk_a', owner: 'network', by: 'usr_test', room: null })
      await db.commit(made.statements)
    })
    afterAll(() => db.close())

    /** What has to go on, whatever the plugin does: listeners of others, deliveries, pages of ours. */
    const everythingElse = async (thing: string) => {
      now += 61_000
      await deps.host.emit([{ type: thingDone.name, site: 'sit_main', data: { thing }, source: 'api:test' }])
      await dispatcher.drain(now + 1)
      await deps.host.settled()
      return {
        others: heard.includes(thing),
        delivered: posted.some((body) => body.includes(`"thing":"${thing}"`)),
        pages: (await Promise.all(['/network', '/network/plugins', '/network/health'].map((path) => ask(path)))).map(
          ({ status }) => status,
        ),
      }
    }
    const allWell = { others: true, delivered: true, pages: [200, 200, 200] }

    test('one that throws when it is loaded is failed, and says why', async () => {
      await start(() => Promise.reject(new Error('Boom at import.')))
      expect(await everythingElse('import')).toEqual(allWell)
      expect(await badOne()).toMatchObject({ state: 'failed', reason: { params: { error: 'Boom at import.' } } })
    })

    test.each(deeds)('one that $name is a fault with its name, and can be resumed', async (deed) => {
      await start(async () => ({ default: definePlugin(manifest, (to) => deed.register(to)) }))
      late = gate()
      expect(await everythingElse(deed.name)).toEqual(allWell)
      expect((await ask('/network/plugins/bad/torn')).status).toBe(deed.name.includes('page') ? 500 : 404)
      late.resolve()
      await deps.host.settled()
      expect((await badOne())?.faults[0]).toMatchObject({
        at: now,
        handler: deed.handler,
        message: expect.stringMatching(deed.says),
      })
      expect(await db.q.selectFrom('plugin_record').select('id').where('slug', '=', 'bad').execute()).toEqual([])

      const why = { slug: 'bad', at: now, reason: '{"text":"Paused by a test."}' }
      await db.commit([
        ...pausePlugin(db, why, { active: true, version: '1.0.0' }),
        db.q
          .updateTable('counter')
          .set((eb) => ({ value: eb('value', '+', 1) }))
          .where('name', '=', 'plugins'),
      ])
      expect((await badOne())?.state).toBe('paused')
      expect((await ask('/network/plugins/bad/resume', 'POST')).status).toBe(303)
      expect((await badOne())?.state).toBe('active')
    })
  })
}
