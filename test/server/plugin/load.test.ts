import { expect, test, describe } from 'vitest'
import { z } from 'zod'
import { definePlugin, event, type Manifest, type Plugin, type PluginEvent } from 'hookline/plugin'
import { createHost, type HostOptions } from '../../../server/plugin/create-host.ts'
import { inEnglish } from '../../../server/lib/message.ts'
import { testHost } from '../../../server/plugin/test-host.ts'
import { probe, thingDone } from './probe.ts'

const { engine } = await testHost(probe(() => {}))

const base = { slug: 'shop', version: '1.0.0', title: 'Shop', requires: { host: '^1.0' }, scope: 'site' } as const
const about = { title: 'Order Paid', sentence: 'Paid', description: 'Paid.', lane: 'realtime' } as const
const withPayload = (payload: z.ZodType, sample: unknown = {}): PluginEvent => ({
  ...about,
  name: 'order_paid',
  shared: false,
  payload,
  sample,
})

const registryOf = (plugins: readonly Plugin[]) =>
  Object.fromEntries(plugins.map((plugin) => [plugin.manifest.slug, async () => ({ default: plugin })]))

async function fates(plugins: readonly Plugin[], more: Partial<HostOptions> = {}) {
  const host = await createHost(engine, { registry: registryOf(plugins), safeMode: false, ...more })
  const list = await host.plugins()
  return Object.fromEntries(
    list.map(({ slug, state, reason }) => [slug, `${state}: ${reason ? inEnglish(reason) : ''}`]),
  )
}
const fate = async (plugin: Plugin, more: Partial<HostOptions> = {}) => Object.values(await fates([plugin], more))[0]

describe('a plugin that is not right', () => {
  test.each<[string, Partial<Manifest>, string]>([
    ['a slug with capitals', { slug: 'Shop' }, 'failed: The manifest is not right at slug'],
    ['a version of two parts', { version: '1.0' }, 'failed: The manifest is not right at version'],
    [
      'a collection with capitals',
      { storage: { Orders: { schema: z.object({ id: z.string() }) } } },
      'failed: The manifest is not right at storage.Orders: has 1 to 40 lower-case letters',
    ],
    ['a key nobody knows', { cron: [] } as Partial<Manifest>, 'failed: The manifest is not right at its top level'],
    [
      'a later host',
      { requires: { host: '^1.4' } },
      'incompatible: It needs the plugin interface ^1.4; this is 1.0.0.',
    ],
    ['another major', { requires: { host: '^2.0' } }, 'incompatible: It needs the plugin interface ^2.0'],
    [
      'an index of no field',
      { storage: { orders: { schema: z.strictObject({ id: z.string() }), indexes: ['status'] } } },
      'failed: orders is indexed by status, which its schema does not have.',
    ],
  ])('says so: %s', async (_, manifest, sentence) => {
    expect(await fate(definePlugin<Manifest>({ ...base, ...manifest }))).toContain(sentence)
  })

  test('is named by its folder, whatever it calls itself', async () => {
    const registry = { store: async () => ({ default: definePlugin(base) }) }
    expect(await fates([], { registry })).toEqual({
      store: 'failed: The slug is shop, and the folder store. They have to be the same.',
    })
  })

  test.each<[string, z.ZodType, string]>([
    ['fills in', z.looseObject({ a: z.string().default('x') }), 'payload.a fills in a value.'],
    [
      'transforms',
      z.looseObject({ a: z.strictObject({ b: z.string().transform(Number) }) }),
      'payload.a.b transforms the value.',
    ],
    ['coerces', z.looseObject({ a: z.array(z.coerce.number()) }), 'payload.a.items coerces the value.'],
    ['trims', z.looseObject({ a: z.string().trim() }), 'payload.a rewrites the text'],
    ['catches', z.looseObject({ a: z.string().catch('x') }), 'payload.a fills in a value.'],
    ['strips', z.object({ a: z.string() }), 'payload drops fields it does not know.'],
    ['strips inside', z.looseObject({ a: z.object({}).nullable() }), 'payload.a drops fields it does not know.'],
    ['holds a date', z.looseObject({ when: z.date() }), 'payload.when has no JSON Schema'],
    ['is no object', z.string(), 'payload is not an object.'],
  ])('has an event whose payload %s', async (_, payload, sentence) => {
    const plugin = definePlugin<Manifest>({ ...base, events: [withPayload(payload)] })
    expect(await fate(plugin)).toContain(`failed: The event order_paid: ${sentence}`)
  })

  test('has a sample that does not fit', async () => {
    const plugin = definePlugin<Manifest>({
      ...base,
      events: [withPayload(z.looseObject({ a: z.string() }), { a: 1 })],
    })
    expect(await fate(plugin)).toBe('failed: The sample of order_paid does not fit its payload at a.')
  })

  test('has a sample of more than 64 KiB', async () => {
    const sample = { a: 'x'.repeat(64 * 1024) }
    const plugin = definePlugin<Manifest>({ ...base, events: [withPayload(z.looseObject({ a: z.string() }), sample)] })
    expect(await fate(plugin)).toBe('failed: The sample of order_paid has more than 64 KiB.')
  })

  test.each(['OrderPaid', 'order-paid', 'order__paid', 'stock.order_paid', '1_order'])(
    'has an event called %s',
    async (name) => {
      const wrong = { ...withPayload(z.looseObject({})), name }
      expect(await fate(definePlugin<Manifest>({ ...base, events: [wrong] }))).toMatch(
        /^failed: The event .+ is not named/,
      )
    },
  )

  test('throws while it is loaded, hangs, or throws while it registers; the others run', async () => {
    const registry = {
      bursting: () => Promise.reject(new Error('boom')),
      hanging: () => new Promise<never>(() => {}),
      ...registryOf([
        definePlugin({ ...base, slug: 'late' }, async () => {
          throw new Error('later')
        }),
        definePlugin({ ...base, slug: 'twice' }, ({ route }) => {
          route('POST /a', () => new Response())
          route('POST /a', () => new Response())
        }),
        probe(() => {}),
      ]),
    }
    expect(await fates([], { registry, limits: { load: 20 } })).toEqual({
      bursting: 'failed: It could not be loaded: boom',
      hanging: 'failed: It could not be loaded: It took longer than 20 ms.',
      late: 'failed: It could not register: register is asynchronous; it only collects, so it has to be synchronous.',
      probe: 'active: ',
      twice: 'failed: It could not register: There are two handlers twice/route:POST /a.',
    })
  })

  test('names a page without a template', async () => {
    const plugin = definePlugin(base, ({ page }) => page('/a', { title: 'A', template: 'a', load: () => ({}) }))
    expect(await fate(plugin, { hasTemplate: (name) => name === '@shop/b' })).toBe(
      'failed: The page /a has no template a.eta.',
    )
    expect(await fate(plugin, { hasTemplate: (name) => name === '@shop/a' })).toBe('inactive: ')
  })
})

describe('an event', () => {
  const orderPaid = event('order_paid', { ...about, payload: z.looseObject({}), sample: {} })

  test('has one owner, the first of the alphabet', async () => {
    const shop = definePlugin({ ...base, events: [orderPaid] })
    const kiosk = definePlugin({ ...base, slug: 'kiosk', events: [orderPaid] })
    expect(await fates([shop, kiosk])).toEqual({
      kiosk: 'inactive: ',
      shop: 'failed: The event order_paid belongs to kiosk.',
    })
  })

  test('carries the slug in front when its plugin comes from elsewhere', async () => {
    const bare = definePlugin({ ...base, events: [orderPaid] })
    const named = definePlugin({ ...base, events: [{ ...orderPaid, name: 'shop.order_paid' }] })
    expect(await fates([], { outside: registryOf([bare]) })).toEqual({
      shop: 'failed: The event order_paid has to be called shop.order_paid: names without a prefix belong to the host.',
    })
    expect(await fates([], { outside: registryOf([named]) })).toEqual({ shop: 'inactive: ' })
  })

  test('is in snake_case, but for catalogues of ours, which keep the names of other systems', async () => {
    const named = (name: string) => definePlugin({ ...base, events: [{ ...orderPaid, name }] })
    for (const name of ['ORDER_PAID', 'RESPONSE:ORDER_PAID']) expect(await fate(named(name))).toBe('inactive: ')
    for (const name of ['Order_Paid', 'ORDER PAID', 'ORDER__PAID', ':PAID', 'order-paid', 'order:paid'])
      expect(await fate(named(name))).toContain('is not named as events are')
    const outside = registryOf([named('shop.ORDER_PAID')])
    expect((await fates([], { outside })).shop).toContain('is not named as events are')
  })

  test('is emitted by others only if its owner shares it', async () => {
    const shared = event('order_shipped', { ...about, shared: true, payload: z.looseObject({}), sample: {} })
    const owner = definePlugin({ ...base, events: [orderPaid, shared] })
    const friend = definePlugin({ ...base, slug: 'friend', emits: [shared] })
    // @ts-expect-error The compiler refuses it as well.
    const thief = definePlugin({ ...base, slug: 'thief', emits: [orderPaid] })
    const dreamer = definePlugin<Manifest>({ ...base, slug: 'dreamer', emits: [{ ...shared }] })
    expect(await fates([owner, friend, thief, dreamer])).toEqual({
      dreamer: 'failed: It emits order_shipped, which no loaded plugin owns.',
      friend: 'inactive: ',
      shop: 'inactive: ',
      thief: 'failed: It emits order_paid, which its owner does not share.',
    })
  })
})

test('in safe mode no plugin is even loaded', async () => {
  let loads = 0
  const registry = {
    probe: async () => {
      loads += 1
      return { default: probe(() => {}) }
    },
  }
  const host = await createHost(engine, { registry, safeMode: true })
  expect(await host.plugins()).toMatchObject([
    { slug: 'probe', state: 'inactive', reason: { text: expect.stringContaining('Safe mode is on') } },
  ])
  await expect(
    host.emit([{ type: thingDone.name, site: 'sit_main', data: {}, source: 'api:test' }]),
  ).rejects.toMatchObject({
    code: 'safe_mode',
    headers: { 'retry-after': '60' },
  })
  expect(await host.route('probe', '/do', 'sit_main', new Request('http://localhost/', { method: 'POST' }))).toBeNull()
  expect(await host.view('probe', '/things', 'sit_main', new Request('http://localhost/'))).toBeNull()
  expect(loads).toBe(0)
})

test('a plugin says whether it is on before anybody decides, and then stays as somebody decided', async () => {
  const host = await createHost(engine, {
    registry: registryOf([definePlugin({ ...base, defaultActive: true })]),
    safeMode: false,
  })
  const state = async () => (await host.plugins())[0]?.state
  expect(await state()).toBe('active')
  await engine.db.commit(await host.deactivate('shop'))
  expect(await state()).toBe('inactive')
  await engine.db.commit(await host.activate('shop'))
  expect(await state()).toBe('active')
})
