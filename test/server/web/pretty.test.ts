import { expect, test } from 'vitest'
import { pretty } from '../../../server/web/pretty.ts'

const text = (body: string): string =>
  pretty(body)
    .map((piece) => piece.text)
    .join('')

test.each([['{"a":1,"b":[true,null,"x"],"c":{}}'], ['[]'], ['[[],{"a":[]}]'], [' { "a" : "with \\" and , and { " } ']])(
  '%s is laid out as JSON.stringify does',
  (body) => {
    expect(text(body)).toBe(JSON.stringify(JSON.parse(body), null, 2))
  },
)

test('a number that JavaScript cannot hold is shown as it was sent', () => {
  expect(text('{"id":12345678901234567890,"rate":1.10}')).toBe('{\n  "id": 12345678901234567890,\n  "rate": 1.10\n}')
})

test('keys, texts and numbers are told apart', () => {
  const kinds = pretty('{"a":"b","c":1,"d":false}').filter((piece) => piece.kind !== null)
  expect(kinds.map((piece) => `${piece.kind} ${piece.text}`)).toEqual([
    'k "a"',
    's "b"',
    'k "c"',
    'n 1',
    'k "d"',
    'n false',
  ])
})

test.each(['<html>no</html>', 'plain', '', '{"cut":"off', '{broken}', '{"a":1}<b>'])(
  '%j is no JSON and stays as it is',
  (body) => {
    expect(pretty(body)).toEqual([{ kind: null, text: body }])
  },
)

test('what never closes, or closes too often, ends anyway', () => {
  expect(text('{"a":[1')).toBe('{\n  "a": [\n    1')
  expect(text('[]]]')).toContain(']')
  expect(text('['.repeat(16_384)).length).toBeLessThan(2 ** 21)
})
