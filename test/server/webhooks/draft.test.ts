import { describe, expect, test } from 'vitest'
import { inEnglish } from '../../../server/lib/message.ts'
import { readDraft, type DraftRules } from '../../../server/webhooks/draft.ts'

const rules: DraftRules = {
  address: { allow: [], ownHosts: [] },
  isEventType: (name) => name === 'order_paid',
  formats: [],
  siteId: () => undefined,
  has: { password: false, token: false },
  headers: new Map(),
}
const read = (input: object, more: Partial<DraftRules> = {}) =>
  readDraft({ name: 'Orders', url: 'https://books.example/', events: ['order_paid'], ...input }, { ...rules, ...more })

function draftOf(input: object, more?: Partial<DraftRules>) {
  const found = read(input, more)
  if (!found.ok) throw new Error(found.errors.map(({ message }) => inEnglish(message)).join(' '))
  return found.draft
}

const basic = { type: 'basic', username: 'anna', password: 'x' }
const bearer = { type: 'bearer', token: 'tok' }
const v1a = { scheme: 'v1a' }
const own = btoa('a secret of 24 bytes: yes')

describe('what is right', () => {
  test.each([
    ['nothing', {}, 'none', null],
    ['Signature', { auth: { type: 'signature' } }, 'signature', { scheme: 'v1', extra: [] }],
    ['Signature by a pair', { auth: { type: 'signature' }, signing: v1a }, 'signature', { scheme: 'v1a', extra: [] }],
    ['signing alone', { signing: v1a }, 'signature', { scheme: 'v1a', extra: [] }],
    ['Basic', { auth: basic }, 'basic', null],
    [
      'Basic and signing',
      { auth: basic, signing: { extra: ['stripe', 'github', 'github'] } },
      'basic',
      { scheme: 'v1', extra: ['github', 'stripe'] },
    ],
    [
      'Bearer and a secret brought along',
      { auth: bearer, signing: {}, secret: own },
      'bearer',
      { scheme: 'v1', extra: [] },
    ],
  ])('%s', (_, input, auth, signing) => {
    expect(draftOf(input)).toMatchObject({ auth, signing })
  })

  test('the address of a known receiver brings what suits it, unless something else was chosen', () => {
    const url = 'https://hooks.zapier.com/hooks/catch/1/abc/'
    expect(draftOf({ url })).toMatchObject({ format: 'flat', ratePerSecond: 25 })
    expect(draftOf({ url, format: 'standard', rate_per_second: 5 })).toMatchObject({
      format: 'standard',
      ratePerSecond: 5,
    })
    expect(draftOf({})).toMatchObject({ format: 'standard', ratePerSecond: null })
  })

  test('what is stored need not be given again, and what another authentication needs is left out', () => {
    const has = { password: true, token: true }
    expect(draftOf({ auth: { ...basic, password: '' } }, { has })).toMatchObject({ password: null, token: null })
    const other = draftOf({ auth: { ...basic, type: 'bearer', token: null } }, { has })
    expect(other).toMatchObject({ username: '', password: null, token: null })
  })

  test('an Authorization header of its own, where no other is sent', () => {
    expect(draftOf({ headers: { Authorization: 'Token x' } }).headers).toEqual([['Authorization', 'Token x']])
  })
})

test.each([
  ['Bearer without a token', { auth: { type: 'bearer' } }, 'auth.token', 'Bearer authentication needs a token.'],
  ['a token with a space', { auth: { ...bearer, token: 'Bearer x' } }, 'auth.token', 'without spaces'],
  ['a token with a line end', { auth: { ...bearer, token: 'a\r\nb: c' } }, 'auth.token', 'without spaces'],
  ['a token too long', { auth: { ...bearer, token: 'x'.repeat(4097) } }, 'auth.token', 'up to 4096'],
  ['a scheme nobody knows', { signing: { scheme: 'v2' } }, 'signing.scheme', 'one of: v1, v1a'],
  ['an extra nobody knows', { signing: { extra: ['gitlab'] } }, 'signing.extra.0', 'one of: github, stripe'],
  ['more of signing', { signing: { key: 'x' } }, 'signing.key', 'There is no field of this name.'],
  [
    'extras without a shared secret',
    { signing: { ...v1a, extra: ['github'] } },
    'signing.extra',
    'choose the scheme v1',
  ],
  ['a secret that signs nothing', { auth: basic, secret: own }, 'secret', 'belongs to a webhook that signs'],
  ['a secret for a pair', { signing: v1a, secret: own }, 'secret', 'is made here'],
  ['a secret too short', { signing: {}, secret: btoa('short') }, 'secret', 'It has to have 24 to 64'],
  [
    'Authorization beside Basic',
    { auth: basic, headers: { authorization: 'x' } },
    'headers.authorization',
    'is sent by',
  ],
  [
    'Authorization beside Bearer',
    { auth: bearer, headers: { authorization: 'x' } },
    'headers.authorization',
    'is sent by',
  ],
  [
    'a signature beside its own',
    { signing: { extra: ['github'] }, headers: { 'X-Hub-Signature-256': 'x' } },
    'headers.X-Hub-Signature-256',
    'is sent by',
  ],
])('%s is refused, at its field', (_, input, path, sentence) => {
  const found = read(input)
  if (found.ok) throw new Error('It was taken.')
  expect(found.errors.map((error) => error.path)).toEqual([path])
  expect(found.errors.map(({ message }) => inEnglish(message))[0]).toContain(sentence)
})
