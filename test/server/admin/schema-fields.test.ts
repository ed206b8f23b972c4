import { expect, test } from 'vitest'
import { fieldsOf } from '../../../server/admin/schema-fields.ts'

const field = { values: [], required: false, description: '' }

test('a field has its type in words, and its description', () => {
  const schema = {
    type: 'object',
    properties: { id: { type: 'string', description: 'Ours' }, count: { type: 'integer' }, any: {} },
    required: ['id'],
  }
  expect(fieldsOf(schema)).toEqual([
    { ...field, path: 'id', types: ['text'], required: true, description: 'Ours' },
    { ...field, path: 'count', types: ['whole number'] },
    { ...field, path: 'any', types: ['anything'] },
  ])
})

test('choices name each type once, and their values', () => {
  const properties = {
    state: { anyOf: [{ type: 'string', enum: ['open', 'paid'] }, { type: 'null' }] },
    kind: { const: 'order' },
    when: { type: ['string', 'null'], format: 'date-time' },
  }
  expect(fieldsOf({ properties }).map(({ path, types, values }) => [path, types, values])).toEqual([
    ['state', ['text', 'null'], ['open', 'paid']],
    ['kind', ['text'], ['order']],
    ['when', ['time (ISO 8601)', 'null'], []],
  ])
})

test('inner objects and lists are named by their path', () => {
  const address = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] }
  const line = { type: 'object', properties: { sku: { type: 'string' } } }
  const schema = {
    properties: { address: { anyOf: [address, { type: 'null' }] }, lines: { type: 'array', items: line } },
  }
  expect(fieldsOf(schema).map(({ path, types }) => `${path}: ${types.join('/')}`)).toEqual([
    'address: object/null',
    'address.city: text',
    'lines: list',
    'lines[].sku: text',
  ])
})

test('a schema that goes on for ever is cut', () => {
  let schema: object = { type: 'string' }
  for (let i = 0; i < 40; i++) schema = { type: 'object', properties: { in: schema } }
  expect(fieldsOf(schema as Parameters<typeof fieldsOf>[0]).length).toBeLessThan(10)
})
