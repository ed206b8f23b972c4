import { describe, expect, test } from 'vitest'
import { maskAddress, matchOf } from '../../../server/privacy/match.ts'

const ann = matchOf('ann@x.io')

describe('an address is found', () => {
  test.each([
    ['plain', 'ann@x.io'],
    ['in capitals', 'Write to Ann@X.IO.'],
    ['in JSON', '{"customer_email":"ann@x.io"}'],
    ['as JSON may escape it', '{"to":"ann\\u0040x.io"}'],
    ['behind an escaped line break', '{"note":"Hello\\nann@x.io"}'],
    ['in JSON within JSON', JSON.stringify({ raw: JSON.stringify({ note: 'Dear\nann@x.io' }) })],
    ['in a form', 'name=Ann&to=ann%40x.io&x=1'],
    ['in a form within JSON', '{"query":"to%3Dann%2540x.io"}'],
    ['in HTML', '<p>ann&#64;x.io and &#x61;nn</p>'],
    ['in a link', 'mailto:ann@x.io?subject=Hi'],
    ['in a list', 'bob@x.io,ann@x.io'],
    ['in angle brackets', 'Ann <ann@x.io>'],
    ['at the end of a sentence', 'It was ann@x.io...'],
  ])('%s', (_, text) => {
    expect(ann.isIn(text)).toBe(true)
  })

  test('with letters beyond ASCII, however they are put together', () => {
    expect(matchOf('jörg@bücher.example').isIn('JO\u0308RG@BÜCHER.example')).toBe(true)
  })
})

test.each([
  'joann@x.io',
  'jo.ann@x.io',
  'jo-ann@x.io',
  'jo+ann@x.io',
  'ann@x.io.uk',
  'ann@x.ios',
  'ann@x-io',
  'annx.io',
  '',
])('another one is not: %s', (text) => {
  expect(ann.isIn(text)).toBe(false)
})

test('what looks like an escape and is none does no harm', () => {
  expect(ann.isIn('100%zz %ff&#99999999; ann@x.io')).toBe(true)
})

test('a part of it stands in every text that has it, escaped or not', () => {
  expect(matchOf('a.b@nordlys.example').part).toBe('nordlys')
  expect(matchOf('日本@日本.日本').part).toBe('')
})

test('masked, it tells no more than its first letter and its domain', () => {
  expect(maskAddress('ann@nordlys.example')).toBe('a…@nordlys.example')
})
