import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { definePlugin, event, isObject, isSigned, reject, type Inbound } from 'hookline/plugin'
import { testHost } from 'hookline/plugin/test'

const about = { title: 'A', sentence: 'A', description: 'A', lane: 'realtime' } as const
const parcelSent = event('parcel_sent', {
  ...about,
  payload: z.looseObject({ parcel_id: z.string(), weight: z.number().nullable(), at: z.iso.datetime().nullable() }),
  sample: { parcel_id: '1', weight: 2, at: null },
})
const texts = { title: 'Courier', description: 'A courier.', steps: [{ text: 'Paste the address.' }] }
const secret = { title: 'Signing secret', help: 'Stands in its settings.', required: true }
const base = { slug: 'courier', version: '1.0.0', title: 'Courier', requires: { host: '^1.0' }, scope: 'site' } as const

/** HMAC-SHA256 of `{"id":7}` under `shared-secret`, in hex. */
const body = '{"id":7}'
const sign = async (text: string) => {
  const key = await crypto.subtle.importKey(
    'raw',
    new TextEncoder().encode('shared-secret'),
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['sign'],
  )
  return Buffer.from(await crypto.subtle.sign('HMAC', key, new TextEncoder().encode(text))).toString('hex')
}

const idOf = (request: Inbound): string => {
  const json = request.json()
  return isObject(json) ? String(json.id ?? '') : ''
}

const courier = definePlugin({ ...base, events: [parcelSent] }, ({ source }) =>
  source('courier', {
    ...texts,
    secret,
    settings: z.strictObject({ grams: z.boolean().default(false) }),
    isPing: (request) => request.text === 'ping',
    verify: (request, key) => isSigned(request.bytes, key, request.headers.get('x-signature') ?? ''),
    toEvents(request, { settings, now }) {
      const id = idOf(request)
      if (id === '') return reject('The body has no id.')
      if (id === 'boom') throw new Error('boom')
      if (id === 'nothing') return []
      return [
        {
          event: parcelSent,
          payload: { parcel_id: id, weight: settings.grams ? 1000 : 1, at: now().toISOString() },
          key: id,
          ...(request.event === 'often' && { within: 600 }),
        },
      ]
    },
  }),
)

const post = async (text: string, more = {}) => ({
  body: text,
  headers: { 'x-signature': await sign(text) },
  secret: 'shared-secret',
  ...more,
})

describe('a source', () => {
  test('turns a signed request into an event', async () => {
    const host = await testHost(courier)
    expect(await host.receive('courier', await post(body))).toMatchObject({
      status: 200,
      events: [{ duplicate: false }],
    })
    expect(host.emitted).toMatchObject([{ name: 'parcel_sent', payload: { parcel_id: '7', weight: 1 } }])
  })

  test('has the choices of the one who added it', async () => {
    const host = await testHost(courier)
    await host.receive('courier', await post(body, { settings: { grams: true } }))
    expect(host.emitted).toMatchObject([{ payload: { weight: 1000 } }])
  })

  test('answers a repetition as the first time, and stores nothing', async () => {
    const host = await testHost(courier)
    const first = await host.receive('courier', await post(body))
    host.clock.advance(60_000)
    const again = await host.receive('courier', await post(body))
    expect(again.events[0]?.id).toBe(first.events[0]?.id)
    expect(host.emitted).toHaveLength(1)
  })

  test('can let a key mean something new after a while', async () => {
    const host = await testHost(courier)
    const times = [0, 599_000, 602_000, 300_000, 601_000]
    for (const ms of times) {
      host.clock.advance(ms)
      await host.receive('courier', await post(body, { event: 'often' }))
    }
    // At 0, at 1201 s (the one at 599 s was the same), and at 2102 s.
    expect(host.emitted).toHaveLength(3)
  })

  test.each([
    ['a wrong signature', body, { headers: { 'x-signature': 'ab' } }, 401, 'The signature does not fit'],
    ['no signature', body, { headers: {} }, 401, 'The signature does not fit'],
    ['a body that was changed', '{"id": 7}', { headers: { 'x-signature': 'ab'.repeat(32) } }, 401, 'does not fit'],
    ['no secret yet', body, { secret: undefined }, 401, 'has no secret yet'],
    ['what is no JSON', 'id=7', {}, 400, 'The body is not JSON'],
    ['what it does not want', '{}', {}, 422, 'The body has no id.'],
  ])('refuses %s with a reason, and stores nothing', async (_, text, more, status, reason) => {
    const host = await testHost(courier)
    const answer = await host.receive('courier', await post(text, more))
    expect(answer.status).toBe(status)
    expect(answer.reason).toContain(reason)
    expect(host.emitted).toEqual([])
    expect(host.faults).toEqual([])
  })

  test('takes a ping unsigned, and what tells of nothing', async () => {
    const host = await testHost(courier)
    expect(await host.receive('courier', { body: 'ping' })).toMatchObject({ status: 200, events: [] })
    expect(await host.receive('courier', await post('{"id":"nothing"}'))).toMatchObject({ status: 200, events: [] })
  })

  test('that throws answers 500 with a fault, once a minute, so that no sender can pause the plugin', async () => {
    const host = await testHost(courier)
    for (let n = 0; n < 30; n++) {
      const answer = await host.receive('courier', await post('{"id":"boom"}'))
      expect(answer.status).toBe(500)
      expect(answer.reason).toMatch(/fault is kept as flt_/)
    }
    expect(host.faults).toMatchObject([{ handler: 'courier/source:courier', message: 'boom' }])
    expect((await host.receive('courier', await post(body))).status).toBe(200)
  })

  test('that takes too long is waited for no longer', async () => {
    const slow = definePlugin({ ...base, events: [parcelSent] }, ({ source }) =>
      source('courier', { ...texts, toEvents: () => new Promise(() => {}) }),
    )
    const host = await testHost(slow, { limits: { source: 20 } })
    expect((await host.receive('courier', { body })).status).toBe(500)
    expect(host.faults[0]?.message).toContain('took longer')
  })

  test('emits no event that its plugin did not declare', async () => {
    const other = event('letter_sent', { ...about, payload: z.looseObject({}), sample: {} })
    const sly = definePlugin({ ...base, events: [parcelSent] }, ({ source }) =>
      source('courier', {
        ...texts,
        // @ts-expect-error letter_sent is not in `events`.
        toEvents: () => [{ event: other, payload: {}, key: '1' }],
      }),
    )
    const host = await testHost(sly)
    expect((await host.receive('courier', { body })).status).toBe(500)
    expect(host.faults[0]?.message).toContain('may not emit letter_sent')
  })

  test('does not run while its plugin is switched off, nor in safe mode', async () => {
    const host = await testHost(courier)
    await host.engine.db.commit(await host.host.deactivate('courier'))
    expect((await host.receive('courier', await post(body))).status).toBe(409)
    expect((await (await testHost(courier, { safeMode: true })).receive('courier', await post(body))).status).toBe(503)
  })

  test('cannot be registered under a foreign name, nor without a way to check its secret', async () => {
    const named = definePlugin(base, ({ source }) => source('stripe', { ...texts, toEvents: () => [] }))
    await expect(testHost(named)).rejects.toThrow('has to be called courier')
    const unchecked = definePlugin(base, ({ source }) => source('courier', { ...texts, secret, toEvents: () => [] }))
    await expect(testHost(unchecked)).rejects.toThrow('secret and verify belong together')
  })
})

describe('a mapped source', () => {
  const mapped = definePlugin({ ...base, events: [parcelSent] }, ({ source }) =>
    source('courier.any', { ...texts, toEvents: 'mapped' }),
  )
  const mapping = {
    event: 'parcel_sent',
    fields: { parcel_id: { from: 'parcel.number' }, weight: { from: 'parcel.kg', times: 1000 }, at: { from: 'sent' } },
    key: 'parcel.number',
    occurred_at: 'sent',
  }

  test('makes the payload that somebody asked for, in the types of the event', async () => {
    const host = await testHost(mapped)
    const sent = { parcel: { number: 7, kg: '1.15' }, sent: 1768469400 }
    await host.receive('courier.any', { body: sent, mapping })
    expect(host.emitted).toMatchObject([{ payload: { parcel_id: '7', weight: 1150, at: '2026-01-15T09:30:00.000Z' } }])
    const again = await host.receive('courier.any', { body: { ...sent, more: true }, mapping })
    expect(again).toMatchObject({ events: [{ duplicate: true }] })
  })

  test('names what the event lacks, and says when nobody told it what to do', async () => {
    const host = await testHost(mapped)
    const lacking = await host.receive('courier.any', { body: { parcel: {} }, mapping })
    expect(lacking).toMatchObject({ status: 422, reason: 'The payload does not fit the event parcel_sent.' })
    expect(await host.receive('courier.any', { body: {} })).toMatchObject({ status: 409 })
  })
})
