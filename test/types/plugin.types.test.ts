import { expect, test } from 'vitest'
import { z } from 'zod'
import { definePlugin, event, reject, webhookPayload, type Manifest } from 'hookline/plugin'
import { testHost } from 'hookline/plugin/test'
import { anybody } from '../server/plugin/probe.ts'
import { orderPaid } from '../server/plugin/shop.ts'

// Each @ts-expect-error is something that the compiler refuses; `npm run types` fails where one is not needed. The tests
// show that what gets past the compiler, as plain JavaScript does, is refused by the host as well.

const base = { slug: 'kiosk', version: '1.0.0', title: 'Kiosk', requires: { host: '^1.0' }, scope: 'site' } as const
const about = { title: 'A', sentence: 'A', description: 'A', lane: 'realtime' } as const
const saleMade = event('sale_made', {
  ...about,
  payload: z.strictObject({ sale_id: z.string() }),
  sample: { sale_id: 's1' },
})
const answer = () => new Response(null, { status: 204 })
const seen: Record<string, unknown> = {}

test('what is not declared is not there', async () => {
  const plugin = definePlugin({ ...base, events: [saleMade] }, ({ route, on }) => {
    route('POST /do', (_request, ctx) => {
      // @ts-expect-error There is no storage without `storage:`.
      seen.storage = ctx.storage
      // @ts-expect-error There is no http without `http:`.
      seen.http = ctx.http
      // @ts-expect-error There are no settings without `settings:`.
      seen.settings = ctx.settings
      return answer()
    })
    on(saleMade, (sale, ctx) => {
      // @ts-expect-error The payload has no such field.
      seen.price = sale.price
      // @ts-expect-error A listener has no parameters of a route.
      seen.params = ctx.params
    })
  })
  const host = await testHost(plugin)
  await host.request('POST /do')
  await host.emit(saleMade, { sale_id: 's1' })
  expect(seen).toEqual({
    storage: undefined,
    http: undefined,
    settings: undefined,
    price: undefined,
    params: undefined,
  })
})

test('without events there is nothing to emit with', async () => {
  const plugin = definePlugin(base, ({ route }) =>
    route('POST /do', (_request, ctx) => {
      // @ts-expect-error There is no emit without `events:` or `emits:`.
      seen.emit = ctx.emit
      return answer()
    }),
  )
  await (await testHost(plugin)).request('POST /do')
  expect(seen.emit).toBeUndefined()
})

test('events of others, and payloads that do not fit, are not emitted', async () => {
  const plugin = definePlugin({ ...base, events: [saleMade] }, ({ route }) => {
    route('POST /foreign', (_request, { emit }) => {
      // @ts-expect-error order_paid belongs to the shop.
      emit(orderPaid, { order_id: 'o1', amount_minor: 1, currency: 'SEK', paid_at: '2026-01-15T09:30:00Z' })
      return answer()
    })
    route('POST /unfit', (_request, { emit }) => {
      // @ts-expect-error sale_made has no field `price`.
      emit(saleMade, { sale_id: 's1', price: 1 })
      return answer()
    })
  })
  const host = await testHost(plugin)
  await expect(host.request('POST /foreign')).rejects.toThrow('could not answer')
  await expect(host.request('POST /unfit')).rejects.toThrow('could not answer')
  expect(host.faults.map(({ message }) => message)).toEqual([
    'kiosk may not emit order_paid: name it in events, or in emits if its owner shares it.',
    'The payload does not fit the event sale_made.',
  ])
})

test('parameters of a route are those of its pattern', async () => {
  const plugin = definePlugin(base, ({ route }) => {
    route('POST /sales/:id', (_request, { params }) => {
      // @ts-expect-error The pattern says :id.
      seen.slug = params.slug
      return Response.json(params.id satisfies string)
    })
    // @ts-expect-error A GET changes nothing: that is a page.
    expect(() => route('GET /sales', answer)).toThrow('has to be "POST /…"')
  })
  expect(await (await (await testHost(plugin)).request('POST /sales/7')).json()).toBe('7')
  expect(seen.slug).toBeUndefined()
})

test('a filter gives back a value or a rejection', async () => {
  const plugin = definePlugin({ ...base, events: [saleMade] }, ({ filter }) => {
    filter(webhookPayload, (payload) => (payload.sale_id === 's2' ? reject('No.') : payload))
    // @ts-expect-error It forgets to return.
    filter(webhookPayload, (payload) => {
      seen.payload = payload
    })
    // @ts-expect-error It cannot emit.
    filter(webhookPayload, (payload, { emit }) => ((seen.emit = emit), payload))
  })
  const host = await testHost(plugin)
  expect(await host.apply(webhookPayload, { sale_id: 's1' }, saleMade)).toEqual({
    value: { sale_id: 's1' },
    rejected: null,
    held: null,
  })
  expect(host.faults).toHaveLength(1)
  expect(seen.emit).toBeUndefined()
})

test('storage takes rows of its schema, and lists by its indexes', async () => {
  const sales = {
    schema: z.strictObject({ id: z.string(), state: z.enum(['new', 'done']) }),
    indexes: ['state'],
  } as const
  const plugin = definePlugin({ ...base, storage: { sales } }, ({ route, page }) => {
    route('POST /do', async (_request, { storage }) => {
      // @ts-expect-error No such state.
      expect(() => storage.sales.put('s1', { state: 'lost' })).toThrow('does not fit its schema at state')
      // @ts-expect-error `id` is no index.
      await expect(storage.sales.list({ id: 's1' })).rejects.toThrow('name it in indexes')
      const [row] = await storage.sales.list({ state: 'new' })
      return Response.json(row?.state satisfies 'new' | 'done' | undefined)
    })
    page('/sales', {
      title: 'Sales',
      template: 'sales',
      load: ({ storage }) => {
        // @ts-expect-error A page only reads.
        return { put: storage.sales.put }
      },
    })
  })
  const host = await testHost(plugin, { stored: { sales: [{ id: 's1', state: 'new' }] } })
  expect(await (await host.request('POST /do')).json()).toBe('new')
  expect(await host.host.view('kiosk', '/sales', 'sit_main', new Request('http://localhost/'), anybody)).toMatchObject({
    data: { put: undefined },
  })
})

test('a manifest and a sample are checked as they are written', () => {
  // @ts-expect-error The sample lacks sale_id.
  event('sale_made', { ...about, payload: z.strictObject({ sale_id: z.string() }), sample: {} })
  // @ts-expect-error The payload of an event is an object.
  event('sale_made', { ...about, payload: z.string(), sample: '' })
  // @ts-expect-error A scope is site or network.
  const manifest: Manifest = { ...base, scope: 'world' }
  // @ts-expect-error sale_made is not shared, so nobody else may list it.
  definePlugin({ ...base, emits: [saleMade] })
  expect(manifest.slug).toBe('kiosk')
})

test('rules name a capability of the host, or one that the manifest declares', async () => {
  const capabilities = [{ name: 'refund', title: 'Refund sales', roles: ['viewer'] }] as const
  const plugin = definePlugin({ ...base, capabilities }, ({ route }) => {
    route('POST /refund', (_request, { actor }) => Response.json([actor?.may('refund'), actor?.may('webhooks:read')]), {
      rule: 'refund',
    })
    // @ts-expect-error It declares no such capability.
    expect(() => route('POST /bake', answer, { rule: 'bake' })).toThrow('The rule bake is no capability of the host')
    // @ts-expect-error The host puts the slug in front, not the plugin.
    expect(() => route('POST /roast', answer, { rule: 'kiosk.refund' })).toThrow('the manifest declares none')
    route('POST /ask', (_request, { actor }) => {
      // @ts-expect-error Nor can it ask for one.
      return Response.json(actor?.may('bake'))
    })
  })
  const host = await testHost(plugin)
  expect(await (await host.request('POST /refund')).json()).toEqual([true, true])
  await expect(host.request('POST /ask')).rejects.toThrow('could not answer')
})

test('settings are those of the schema, and neither pages nor filters reach the outside', async () => {
  const settings = z.object({ most: z.int().default(3), mode: z.enum(['a', 'b']).optional() })
  const plugin = definePlugin({ ...base, events: [saleMade], http: ['api.example'], settings }, (to) => {
    to.route('POST /do', (_request, ctx) => {
      seen.most = ctx.settings.most satisfies number
      seen.mode = ctx.settings.mode satisfies 'a' | 'b' | undefined
      // @ts-expect-error There is no such setting.
      seen.least = ctx.settings.least
      // @ts-expect-error Nobody changes settings but people.
      expect(() => (ctx.settings.most = 4)).toThrow()
      return answer()
    })
    to.filter(webhookPayload, (payload, ctx) => {
      // @ts-expect-error A filter does no I/O.
      seen.filterHttp = ctx.http
      return payload
    })
    to.page('/page', {
      title: 'Page',
      template: 'page',
      load: (ctx) => {
        // @ts-expect-error A page only reads.
        seen.pageHttp = ctx.http
        return { most: ctx.settings.most }
      },
    })
    to.cron('0 * * * *', 'hourly', (ctx) => {
      // @ts-expect-error A cron has no parameters of a route.
      seen.cronParams = ctx.params
      seen.cronHttp = typeof ctx.http.fetch
    })
    to.upgrade('1.0.0', (ctx) => {
      // @ts-expect-error An upgrade emits nothing.
      seen.upgradeEmit = ctx.emit
    })
    // @ts-expect-error A public route has no rule beside.
    to.route('POST /both', answer, { public: true, rule: 'webhooks:read' })
    // @ts-expect-error There is no such capability.
    expect(() => to.route('POST /none', answer, { rule: 'coffee:make' })).toThrow('is no capability of the host')
  })
  const host = await testHost(plugin, { version: '0.9.0', settings: { most: 5 } })
  await host.request('POST /do')
  await host.cron('hourly')
  await host.apply(webhookPayload, { sale_id: 's1' })
  await host.host.view('kiosk', '/page', 'sit_main', new Request('http://localhost/'), anybody)
  expect(seen).toMatchObject({ most: 5, mode: undefined, cronHttp: 'function' })
  for (const key of ['least', 'filterHttp', 'pageHttp', 'cronParams', 'upgradeEmit']) expect(seen[key]).toBeUndefined()
  expect(host.faults).toEqual([])
  // @ts-expect-error There is no such setting.
  void testHost(plugin, { settings: { least: 1 } }).catch(() => {})
})
