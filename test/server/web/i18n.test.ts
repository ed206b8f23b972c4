import { describe, expect, test } from 'vitest'
import { DAY, HOUR, MINUTE } from '../../../server/lib/clock.ts'
import { makeTranslator, pickLocale, translator } from '../../../server/web/i18n.ts'

const swedish = makeTranslator('sv', 'Europe/Stockholm', {
  'At most {max} letters.': 'Högst {max} bokstäver.',
  '{count} delivery': ['{count} leverans', '{count} leveranser'],
})
const noon = Date.UTC(2026, 8, 14, 12, 31, 40)

describe('a translator', () => {
  test('says what its catalog knows, with the values in their places', () => {
    expect(swedish('At most {max} letters.', { max: 191 })).toBe('Högst 191 bokstäver.')
    expect(swedish.say({ text: 'At most {max} letters.', params: { max: 2048 } })).toBe('Högst 2\u00a0048 bokstäver.')
  })

  test('says the English text where nothing is known, even for names that every object has', () => {
    expect(swedish('Not in the catalog: {name}', { name: 'x' })).toBe('Not in the catalog: x')
    expect(swedish('constructor')).toBe('constructor')
  })

  test('leaves text values alone, so that a port stays a port', () => {
    expect(swedish('Port {port}', { port: '3000' })).toBe('Port 3000')
  })

  test.each([
    [0, '0 leveranser'],
    [1, '1 leverans'],
    [2, '2 leveranser'],
    [1234, '1\u00a0234 leveranser'],
  ])('counts %i in the right form', (count, text) => {
    expect(swedish.n('{count} delivery', '{count} deliveries', count)).toBe(text)
  })

  test('counts in English without a catalog', () => {
    const t = translator('en')
    expect(t.n('{count} delivery', '{count} deliveries', 1)).toBe('1 delivery')
    expect(t.n('{count} delivery', '{count} deliveries', 5000)).toBe('5,000 deliveries')
  })

  test('tells the time of its time zone', () => {
    expect(swedish.time(noon)).toBe('14:31:40')
    expect(translator('en').time(noon)).toBe('12:31:40')
    expect(translator('en', 'Europe/Oslo').dateTime(noon)).toBe('14 Sept 2026, 14:31')
    expect(translator('en').date(noon)).toBe('14 Sept 2026')
  })

  test.each([
    [-40_000, '40 seconds ago'],
    [-3 * MINUTE, '3 minutes ago'],
    [-DAY, 'yesterday'],
    [HOUR, 'in 1 hour'],
  ])('says how far %i is from now', (span, text) => {
    expect(translator('en').ago(noon + span, noon)).toBe(text)
  })

  test('says sizes and durations', () => {
    const t = translator('en')
    expect([t.bytes(1), t.bytes(263), t.bytes(16384), t.bytes(5 * 1024 ** 2)]).toEqual([
      '1 byte',
      '263 bytes',
      '16 KiB',
      '5 MiB',
    ])
    expect([t.duration(184), t.duration(1240)]).toEqual(['184 ms', '1.2 s'])
  })
})

test.each([
  ['sv', 'nl', 'sv'],
  ['no', null, 'nb'],
  ['nb-NO', null, 'nb'],
  ['sv-FI', null, 'sv'],
  ['es-419', null, 'es'],
  ['fr', 'nl', 'nl'],
  [null, 'no', 'nb'],
  [null, 'nn', 'nb'],
  [null, 'nb-NO,nb;q=0.9', 'nb'],
  [null, 'sv-FI', 'sv'],
  [null, 'es-419, es;q=0.5', 'es'],
  [null, 'fr, de;q=0.9', 'en'],
  [null, 'fr, nl;q=0.2, sv;q=0.7', 'sv'],
  [null, 'sv;q=0, nl', 'nl'],
  [null, 'NL_be', 'nl'],
  [null, '*', 'en'],
  [null, '', 'en'],
  [null, undefined, 'en'],
  [null, ';;,q=,sv;q=x', 'en'],
] as const)('a person who chose %s and whose browser asks for %s reads %s', (choice, header, locale) => {
  expect(pickLocale(choice, header)).toBe(locale)
})
