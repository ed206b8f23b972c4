import { expect, test } from 'vitest'
import { copyOf, type Json } from '../../../server/lib/json.ts'

test('a copy says the same and shares nothing, however deep', () => {
  const text = '{"a":[{"b":[1,[null,{"c":"d"}]]}],"e":{},"f":true,"g":0.5,"__proto__":{"h":[2]}}'
  const value = JSON.parse(text) as Json
  const copy = copyOf(value)
  expect(JSON.stringify(copy)).toBe(text)
  const objectsOf = (json: unknown): object[] =>
    typeof json === 'object' && json !== null ? [json, ...Object.values(json).flatMap(objectsOf)] : []
  const both = [...objectsOf(value), ...objectsOf(copy)]
  expect(new Set(both).size).toBe(both.length)
  expect(Object.getPrototypeOf(copy)).toBe(Object.prototype)
})
