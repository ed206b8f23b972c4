import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../../server/lib/json.ts'
import { formatKey, formats, renderBatch, renderBody } from '../../../server/webhooks/formats.ts'
import type { FormatEvent } from '../../../server/lib/format.ts'

const network = { accountId: 1207, publicUrl: 'https://hooks.example.com' }
const event = (data: JsonObject): FormatEvent => ({
  id: 'evt_1',
  type: 'payment_received',
  occurredAt: Date.UTC(2026, 6, 19, 12, 0, 0, 5),
  site: 'main',
  data,
})
const format = (name: string) => {
  const found = formats[name]
  if (!found) throw new Error(`There is no format ${name}.`)
  return found
}
const one = (name: string, data: JsonObject) => JSON.parse(renderBody(format(name), event(data), network)) as unknown
const many = (name: string) => {
  const batch = { id: 'bat_1', closedAt: Date.UTC(2026, 6, 19, 13) }
  return JSON.parse(renderBatch(format(name), [event({ a: 1 }), event({ a: 2 })], batch, network)) as unknown
}

describe('standard', () => {
  test('wraps one event', () => {
    expect(renderBody(format('standard'), event({ total: '29.90', ü: [1] }), network)).toBe(
      '{"id":"evt_1","type":"payment_received","timestamp":"2026-07-19T12:00:00.005Z","site":"main","data":{"total":"29.90","ü":[1]}}',
    )
  })
  test('wraps a batch in an event of type batch', () => {
    expect(many('standard')).toMatchObject({
      id: 'bat_1',
      type: 'batch',
      timestamp: '2026-07-19T13:00:00.000Z',
      data: [{ id: 'evt_1', data: { a: 1 } }, { data: { a: 2 } }],
    })
  })
})

describe('flat', () => {
  const own = { id: 'evt_1', type: 'payment_received', timestamp: '2026-07-19T12:00:00.005Z', site: 'main' }
  test.each<[string, JsonObject, JsonObject]>([
    ['fields stand beside those of the event', { a: 1, b: null, c: 'x' }, { a: 1, b: null, c: 'x' }],
    ['nested objects are joined with __', { a: { b: { c: 1 } } }, { a__b__c: 1 }],
    ['empty objects are null', { a: {}, b: { c: {} } }, { a: null, b__c: null }],
    ['arrays stay', { a: [], b: [{ c: { d: 1 } }] }, { a: [], b: [{ c: { d: 1 } }] }],
    ['a field with a name of the event becomes data_', { id: 7, site: 's' }, { data_id: 7, data_site: 's' }],
    ['a nested id keeps its name', { customer: { id: 7 } }, { customer__id: 7 }],
    ['a name that is taken gets _2', { a: { b: 1 }, a__b: 2 }, { a__b: 1, a__b_2: 2 }],
    ['and the next _3', { a: { b: 1 }, a__b: 2, a__b_2: 3 }, { a__b: 1, a__b_2: 2, a__b_2_2: 3 }],
    ['also after data_', { data_id: 1, id: 2 }, { data_id: 1, data_id_2: 2 }],
    ['constructor is a name like any other', { constructor: 1, toString: 2 }, { constructor: 1, toString: 2 }],
  ])('%s', (_, data, fields) => {
    expect(one('flat', data)).toEqual({ ...own, ...fields })
  })
  test('__proto__ is a name like any other, and harms nobody', () => {
    const data = JSON.parse('{"__proto__":{"polluted":1},"a":{"__proto__":2}}') as JsonObject
    const text = renderBody(format('flat'), event(data), network)
    expect(text).toContain('"__proto____polluted":1')
    expect(text).toContain('"a____proto__":2')
    expect(renderBody(format('flat'), event(JSON.parse('{"__proto__":3}') as JsonObject), network)).toContain(
      '"__proto__":3',
    )
    expect('polluted' in {}).toBe(false)
  })
  test('long names that stand above many fields are refused before they fill the memory', () => {
    const fields = Object.fromEntries(Array.from({ length: 20_000 }, (_, n) => [`n${n}`, 1]))
    const most = 'In the payload format Flat this event has more than 768 KiB.'
    expect(() => one('flat', { ['x'.repeat(100_000)]: fields })).toThrow(most)
    expect(() => one('flat', { ['漢'.repeat(300)]: fields })).toThrow(most)
    const few = Object.fromEntries(Object.entries(fields).slice(0, 2))
    expect(Object.keys(one('flat', { ['x'.repeat(100_000)]: few }) as object)).toHaveLength(6)
  })
  test('a batch is an array of such objects', () => {
    expect(many('flat')).toEqual([
      { ...own, a: 1 },
      { ...own, a: 2 },
    ])
  })
})

describe('envelope', () => {
  test('holds one event, numbered', () => {
    expect(one('envelope', { id: 7 })).toEqual({
      accountId: 1207,
      events: [
        {
          eventId: 'evt_1',
          eventName: 'payment_received',
          timestamp: Date.UTC(2026, 6, 19, 12, 0, 0, 5),
          eventInfo: 'evt_1-0',
          data: { id: 7 },
        },
      ],
    })
  })
  test('holds the events of a batch, numbered by its id', () => {
    expect(many('envelope')).toMatchObject({ events: [{ eventInfo: 'bat_1-0' }, { eventInfo: 'bat_1-1' }] })
  })
  test.each([
    ['milliseconds', Date.UTC(2026, 6, 19, 12, 0, 0, 5)],
    ['seconds', Date.UTC(2026, 6, 19, 12) / 1000],
    ['iso', '2026-07-19T12:00:00.005Z'],
  ] as const)('writes the time in %s where the webhook wants it', (timestamp, written) => {
    const options = { timestamp }
    const batch = { id: 'bat_1', closedAt: 0 }
    expect(JSON.parse(renderBody(format('envelope'), event({}), network, options))).toMatchObject({
      events: [{ timestamp: written }],
    })
    expect(JSON.parse(renderBatch(format('envelope'), [event({})], batch, network, options))).toMatchObject({
      events: [{ timestamp: written }],
    })
  })
})

describe('cloudevents', () => {
  const structured = (data: JsonObject) => ({
    specversion: '1.0',
    id: 'evt_1',
    source: 'https://hooks.example.com/sites/main',
    type: 'payment_received',
    time: '2026-07-19T12:00:00.005Z',
    datacontenttype: 'application/json',
    data,
  })
  test('holds one event with the attributes of the specification', () => {
    expect(one('cloudevents', { id: 7 })).toEqual(structured({ id: 7 }))
    for (const name of Object.keys(structured({}))) expect(name).toMatch(/^[a-z0-9]{1,20}$/)
  })
  test('a batch is an array, under a content type of its own', () => {
    expect(many('cloudevents')).toEqual([structured({ a: 1 }), structured({ a: 2 })])
    const { contentType, batchContentType } = format('cloudevents')
    expect([contentType, batchContentType]).toEqual([
      'application/cloudevents+json',
      'application/cloudevents-batch+json',
    ])
  })
})

describe('the key of kept bytes', () => {
  test.each([
    ['standard', {}, 'standard'],
    ['standard', { timestamp: 'seconds' }, 'standard'],
    ['envelope', {}, 'envelope'],
    ['envelope', { timestamp: 'milliseconds' }, 'envelope'],
    ['envelope', { timestamp: 'seconds' }, 'envelope:seconds'],
    ['envelope', { timestamp: 'iso' }, 'envelope:iso'],
  ] as const)('of %s with %j is %s', (name, options, key) => {
    expect(formatKey(format(name), options)).toBe(key)
  })
  test('tells apart what differs, and nothing else', () => {
    const seen = new Map<string, string>()
    for (const each of Object.values(formats)) {
      for (const timestamp of ['milliseconds', 'seconds', 'iso'] as const) {
        const key = formatKey(each, { timestamp })
        const body = renderBody(each, event({}), network, { timestamp })
        expect(seen.get(key) ?? body).toBe(body)
        seen.set(key, body)
      }
    }
    expect(seen.size).toBe(Object.keys(formats).length + 2)
    expect(new Set(seen.values()).size).toBe(seen.size)
  })
})

test('every format bears its own name and changes nothing in the event', () => {
  const data = Object.freeze({ a: Object.freeze({ b: 1 }) })
  for (const [name, each] of Object.entries(formats)) {
    expect(each.name).toBe(name)
    expect(renderBody(each, event(data), network)).toBe(renderBody(each, event(data), network))
  }
})
