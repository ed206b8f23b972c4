import { describe, expect, test } from 'vitest'
import { applyMapping, valueAt, type FieldOrigin } from '../../../server/plugin/mapping.ts'
import type { Json } from '../../../server/lib/json.ts'

const body = { order: { no: 17, lines: [{ sku: 'A' }], paid: null }, total: '1.15', at: '1768469400' }

test.each<[string, Json | undefined]>([
  ['.', body],
  ['order.no', 17],
  ['order.lines.0.sku', 'A'],
  ['order.paid', null],
  ['order.lines.1.sku', undefined],
  ['order.no.digits', undefined],
  ['constructor', undefined],
  ['order.__proto__', undefined],
  ['order.lines.length', 1],
])('at %s stands %j', (path, value) => expect(valueAt(body, path)).toEqual(value))

describe('a field', () => {
  const text = { type: 'string' }
  const number = { type: 'number' }
  const orNull = (schema: object) => ({ anyOf: [schema, { type: 'null' }] })
  const moment = { type: 'string', format: 'date-time' }

  test.each<[string, FieldOrigin, object, Json | undefined]>([
    ['a number where a text is wanted', { from: 'order.no' }, text, '17'],
    ['a text where a number is wanted', { from: 'total' }, orNull(number), 1.15],
    ['a product, exactly', { from: 'total', times: 100 }, { type: 'integer' }, 115],
    ['what cannot be multiplied, as it is', { from: 'order', times: 100 }, number, body.order],
    ['seconds as a moment', { from: 'at' }, moment, '2026-01-15T09:30:00.000Z'],
    ['milliseconds as a moment', { value: 1768469400000 }, moment, '2026-01-15T09:30:00.000Z'],
    ['no moment, as it is', { value: 'soon' }, moment, 'soon'],
    ['nothing where null is fine', { from: 'nowhere' }, orNull(text), null],
    ['nothing where null is not fine', { from: 'nowhere' }, text, undefined],
    ['a value that is always the same', { value: 'SEK' }, text, 'SEK'],
    ['one of several types, as it is', { from: 'order.no' }, { type: ['string', 'number'] }, 17],
    ['what the event says nothing about, as it is', { from: 'order.lines' }, {}, body.order.lines],
  ])('takes %s', (_, origin, schema, value) => {
    const mapping = { event: 'e', fields: { field: origin }, key: null, occurred_at: null }
    const { payload } = applyMapping(mapping, body, { properties: { field: schema as Json } })
    expect(payload).toEqual(value === undefined ? {} : { field: value })
  })
})

test('what nobody mapped is null where the event wants it and takes that', () => {
  const orNull = { anyOf: [{ type: 'string' }, { type: 'null' }] }
  const properties = { buyer: orNull, note: orNull, total: { type: 'number' } }
  const mapping = { event: 'e', fields: {}, key: null, occurred_at: null }
  expect(applyMapping(mapping, body, { properties, required: ['buyer', 'total'] }).payload).toEqual({ buyer: null })
})

test('the key is a text, or nothing where the body has none', () => {
  const keyOf = (path: string) => applyMapping({ event: 'e', fields: {}, key: path, occurred_at: null }, body, {}).key
  expect([keyOf('order.no'), keyOf('order.lines'), keyOf('order.paid'), keyOf('nowhere')]).toEqual([
    '17',
    '[{"sku":"A"}]',
    null,
    null,
  ])
})
