import { expect, test } from 'vitest'
import { digestOf, isSameText, isSigned } from '../../../server/lib/hmac.ts'
import { hmac } from '../../support/hmac.ts'

test('a signature fits its bytes, its secret and its encoding, and nothing else', async () => {
  const body = '{"name":"Kafé"}'
  const hex = await hmac('a secret', body)
  const base64 = await hmac('a secret', body, 'base64')
  const bytes = new TextEncoder().encode(body)
  expect(await isSigned(bytes, 'a secret', hex)).toBe(true)
  expect(await isSigned(body, 'a secret', hex.toUpperCase())).toBe(true)
  expect(await isSigned(bytes, 'a secret', base64, 'base64')).toBe(true)
  expect(await isSigned(bytes, new TextEncoder().encode('a secret'), hex)).toBe(true)
  for (const wrong of ['', 'zz', hex.slice(2), `${hex}00`, hex.replace(/^./, (first) => (first === '0' ? '1' : '0'))])
    expect(await isSigned(bytes, 'a secret', wrong), wrong).toBe(false)
  expect(await isSigned(bytes, 'another', hex)).toBe(false)
  expect(await isSigned(bytes, '', hex)).toBe(false)
  expect(await isSigned(bytes, 'a secret', 'not base64!', 'base64')).toBe(false)
  expect(await isSigned(`${body} `, 'a secret', hex)).toBe(false)
})

test.each([
  ['same', 'same', true],
  ['', '', true],
  ['same', 'sane', false],
  ['same', 'sam', false],
  ['sam', 'same', false],
  ['é', 'e', false],
])('%j and %j are the same: %s', (a, b, same) => expect(isSameText(a, b)).toBe(same))

test('a digest is SHA-256 in hex', async () => {
  expect(await digestOf('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
  expect(await digestOf(new TextEncoder().encode('abc'))).toBe(await digestOf('abc'))
})
