import { describe, expect, test } from 'vitest'
import { codeAt, otpauthUrl, stepAt, stepOfCode, toBase32 } from '../../../server/access/totp.ts'

// The secret of RFC 6238, appendix B.
const SECRET = toBase32(new TextEncoder().encode('12345678901234567890'))

test('base 32 is what RFC 4648 says, without padding', () => {
  const of = (text: string) => toBase32(new TextEncoder().encode(text))
  expect(['', 'f', 'fo', 'foo', 'foob', 'fooba', 'foobar'].map(of)).toEqual([
    '',
    'MY',
    'MZXQ',
    'MZXW6',
    'MZXW6YQ',
    'MZXW6YTB',
    'MZXW6YTBOI',
  ])
})

test.each([
  [59, '287082'],
  [1111111109, '081804'],
  [1111111111, '050471'],
  [1234567890, '005924'],
  [2000000000, '279037'],
  [20000000000, '353130'],
])('at second %i the code is %s', async (second, code) => {
  expect(await codeAt(SECRET, stepAt(second * 1000))).toBe(code)
})

describe('a code', () => {
  const now = 1_111_111_111_000

  test.each([-1, 0, 1])('holds %i steps from now', async (away) => {
    const step = stepAt(now) + away
    expect(await stepOfCode(SECRET, await codeAt(SECRET, step), now)).toBe(step)
  })

  test.each([-2, 2])('does not hold %i steps from now', async (away) => {
    expect(await stepOfCode(SECRET, await codeAt(SECRET, stepAt(now) + away), now)).toBeNull()
  })
})

test('the address for apps names the network and the account', () => {
  expect(otpauthUrl('Nord: lys', 'a@example.com', 'ABC')).toBe(
    'otpauth://totp/Nord%20%20lys%3Aa%40example.com?secret=ABC&issuer=Nord%3A%20lys',
  )
})
