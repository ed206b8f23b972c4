import { expect, test } from 'vitest'
import { decodeCursor, encodeCursor } from '../../../server/lib/cursor.ts'

const shape = ['string', 'string'] as const

test('a cursor holds any text, and stands in an address as it is', () => {
  for (const name of ['Kafé Fjord', 'Łódź', '日本', '👩‍👧', '?&=/+ ~']) {
    const cursor = encodeCursor('sites', [name, 'sit_1'])
    expect(cursor).toMatch(/^[\w-]+$/)
    expect(decodeCursor('sites', cursor, shape)).toEqual([name, 'sit_1'])
  }
})

test('a cursor of another list, one that was changed, and junk are refused', () => {
  const cursor = encodeCursor('sites', ['Kafé', 'sit_1'])
  const junk = [
    cursor.slice(1),
    `${cursor}x`,
    encodeCursor('sites', ['Kafé', 1]),
    btoa('["sites","é","sit_1"]'),
    'Ł',
    '',
  ]
  for (const [list, text] of [['events', cursor], ...junk.map((one) => ['sites', one])] as [string, string][]) {
    expect(() => decodeCursor(list, text, shape), text).toThrow('This cursor is not one of this list.')
  }
})
