import { beforeEach, describe, expect, test } from 'vitest'
import type { Emission } from '../../../server/plugin/host.ts'
import { testHost, type TestHost } from '../../../server/plugin/test-host.ts'
import { probe, thingDone } from './probe.ts'
import { shop } from './shop.ts'

let host: TestHost
beforeEach(async () => {
  host = await testHost(shop, { beside: [probe(() => {})] })
})

const order = { order_id: 'o1', amount_minor: 100, currency: 'SEK', paid_at: '2026-01-15T09:30:00Z' }
const emission = (data: unknown, more: Partial<Emission> = {}): Emission => ({
  type: 'order_paid',
  site: 'sit_main',
  data: data as Emission['data'],
  source: 'api:key_1',
  ...more,
})
const refusal = async (...list: readonly Emission[]) =>
  host.host.emit(list).then(
    () => 'taken',
    (error) => ({ code: error.code, errors: error.errors.map((one: { path: string }) => one.path) }),
  )

describe('what cannot be emitted says why', () => {
  test('a payload that does not fit: each path', async () => {
    expect(await refusal(emission({ ...order, amount_minor: '1', currency: 'crowns', extra: 1 }))).toEqual({
      code: 'invalid',
      errors: ['data.amount_minor', 'data.currency', 'data'],
    })
    expect(await refusal(emission({ order_id: 'o1' }))).toEqual({
      code: 'invalid',
      errors: ['data.amount_minor', 'data.currency', 'data.paid_at'],
    })
  })

  test('one of many: which one, and none is stored', async () => {
    expect(await refusal(emission(order), emission({ ...order, currency: 'X' }))).toEqual({
      code: 'invalid',
      errors: ['1.data.currency'],
    })
    await host.settle()
    expect(host.emitted).toEqual([])
  })

  test('an event that nobody declared', async () => {
    expect(await refusal(emission(order, { type: 'order_lost' }))).toEqual({ code: 'invalid', errors: ['type'] })
  })

  test('a site that is not there, or archived', async () => {
    expect(await refusal(emission(order, { site: 'sit_nowhere' }))).toEqual({ code: 'invalid', errors: ['site'] })
    const { db } = host.engine
    await db.commit([
      db.q.insertInto('site').values({ id: 'sit_old', slug: 'old', name: 'Old', state: 'archived', created_at: 0 }),
    ])
    expect(await refusal(emission(order, { site: 'sit_old' }))).toEqual({ code: 'site_archived', errors: [] })
  })

  test('more than 32 levels, or 256 KiB', async () => {
    let deep: unknown = 'end'
    for (let i = 0; i < 32; i++) deep = { deep }
    expect(await refusal(emission(deep, { type: 'thing_done' }))).toEqual({ code: 'invalid', errors: ['data.thing'] })
    for (let i = 0; i < 100_000; i++) deep = { deep }
    expect(await refusal(emission(deep, { type: 'thing_done' }))).toEqual({ code: 'too_deep', errors: [] })
    const long = 'å'.repeat(128 * 1024)
    expect(await refusal(emission({ thing: long }, { type: 'thing_done' }))).toEqual({ code: 'too_large', errors: [] })
  })

  test('a text that no database keeps', async () => {
    expect(await refusal(emission({ thing: 'a\u0000b' }, { type: 'thing_done' }))).toEqual({
      code: 'invalid',
      errors: ['data.thing'],
    })
  })
})

describe('what is emitted', () => {
  test('is stored as it came, further fields included', async () => {
    const payload = { thing: ' one ', further: { a: [1, null] } }
    expect(await host.emit(thingDone, payload)).toMatchObject({ deliveries: 0, duplicate: false })
    expect(host.emitted).toMatchObject([{ name: 'thing_done', payload }])
  })

  test('with a key is stored once; another body under it is refused', async () => {
    const first = await host.emit(thingDone, { thing: 'one' }, { key: 'k' })
    expect(await host.emit(thingDone, { thing: 'one' }, { key: 'k' })).toEqual({ ...first, duplicate: true })
    await expect(host.emit(thingDone, { thing: 'two' }, { key: 'k' })).rejects.toMatchObject({
      code: 'idempotency_mismatch',
    })
    await host.settle()
    expect(host.emitted).toHaveLength(1)
  })

  test('shares the commit of whoever prepared it', async () => {
    const { db } = host.engine
    const { statements } = await host.host.prepare([emission(order)])
    const failing = db.q.insertInto('must').values({ ok: 0 })
    await expect(db.commit([...statements, failing])).rejects.toMatchObject({ kind: 'constraint' })
    await host.settle()
    expect(host.emitted).toEqual([])
  })

  test('belongs to a plugin that runs for that site, or for all', async () => {
    const { db } = host.engine
    await db.commit([
      db.q.insertInto('site').values({ id: 'sit_a', slug: 'a', name: 'A', state: 'active', created_at: 0 }),
      ...(await host.host.deactivate('shop')),
      ...(await host.host.activate('shop', 'sit_a')),
    ])
    expect(await host.host.isAvailable('order_paid', 'sit_a')).toBe(true)
    expect(await host.host.isAvailable('order_paid', 'sit_main')).toBe(false)
    expect(await refusal(emission(order, { site: 'sit_a' }))).toBe('taken')
    expect(await refusal(emission(order))).toEqual({ code: 'plugin_inactive', errors: [] })
    await db.commit(await host.host.deactivate('shop', 'sit_a'))
    expect(await host.host.isAvailable('order_paid', 'sit_a')).toBe(false)
  })
})

test('event types come by plugin and title, with the JSON Schema and the sample', () => {
  const types = host.host.eventTypes()
  expect(types.map(({ name }) => name)).toEqual(['thing_done', 'order_paid'])
  expect(host.host.eventType('thing_done')).toEqual({
    name: 'thing_done',
    title: 'Thing Done',
    shared: false,
    sentence: 'A thing was done',
    description: 'Happens in tests.',
    lane: 'realtime',
    plugin: 'probe',
    pluginTitle: 'Probe',
    sample: { thing: 'one' },
    schema: {
      type: 'object',
      properties: { thing: { type: 'string' } },
      required: ['thing'],
      additionalProperties: {},
    },
  })
})
