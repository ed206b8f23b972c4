import { expect, test } from 'vitest'
import { inEnglish } from '../../../server/lib/message.ts'
import { readHeaders } from '../../../server/webhooks/custom-headers.ts'

const rules = { stored: new Map([['x-key', 'stored']]), taken: ['authorization'] }
const read = (json: unknown) => readHeaders(json, rules)

test.each([
  ['as they were written', { 'X-Team': 'a, b=c; "d"', '!#$%&*+.^_`|~-': '~' }],
  ['with a value of one sign', { a: '1' }],
  ['like Accept and Cookie, which say nothing about the body', { accept: '*/*', cookie: 'a=b' }],
  ['with a name that objects have anyway', JSON.parse('{"__proto__":"x","constructor":"y"}') as object],
  ['up to 20', Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`x-${n}`, '1']))],
])('headers are taken %s', (_, json) => {
  expect(read(json)).toEqual({ ok: true, headers: Object.entries(json) })
})

test('the mask stands for what is stored, whatever the case of the name', () => {
  expect(read({ 'X-KEY': '…', other: '1' })).toEqual({
    ok: true,
    headers: [
      ['X-KEY', 'stored'],
      ['other', '1'],
    ],
  })
})

test.each([
  ['no object', ['x: 1'], 'This has to be an object.'],
  ['a name with a space', { 'x y': '1' }, 'x y is no name of a header.'],
  ['no name', { '': '1' }, 'is no name of a header.'],
  ['a name with a colon', { 'x:y': '1' }, 'x:y is no name of a header.'],
  ['a name with letters beyond ASCII', { 'x-ü': '1' }, 'x-ü is no name of a header.'],
  ['a name that would start a line', { 'x\r\ny': '1' }, 'is no name of a header.'],
  ['a value that would start a line', { x: '1\r\ny: 2' }, 'The value of x has to be one line'],
  ['a value with NUL', { x: 'a\0b' }, 'The value of x has to be one line'],
  ['a value with a tab', { x: 'a\tb' }, 'The value of x has to be one line'],
  ['a value beyond ASCII', { x: 'ü' }, 'The value of x has to be one line'],
  ['a value with a space around', { x: ' a' }, 'The value of x has to be one line'],
  ['a number', { x: 1 }, 'The value of x has to be one line'],
  ['null', { x: null }, 'The value of x has to be one line'],
  ['an empty value', { x: '' }, 'Give x a value.'],
  ['the mask where nothing is stored', { x: '…' }, 'Give x a value.'],
  ['a name twice', { 'x-a': '1', 'X-A': '2' }, 'X-A is there twice.'],
  ['what the authentication sends', { Authorization: 'Basic x' }, 'Authorization is sent by the chosen authentication'],
  ['21 of them', Object.fromEntries(Array.from({ length: 21 }, (_, n) => [`x-${n}`, '1'])), 'up to 20 headers'],
  ['more than 8 KiB', { a: 'x'.repeat(5000), b: 'y'.repeat(5000) }, '8 KiB in all'],
])('%s is refused', (_, json, sentence) => {
  const found = read(json)
  if (found.ok) throw new Error('It was taken.')
  expect(found.errors).toHaveLength(1)
  expect(found.errors.map(({ message }) => inEnglish(message)).join(' ')).toContain(sentence)
})

test.each([
  'Webhook-Id',
  'webhook-anything',
  'hookline-event',
  'Content-Type',
  'content-length',
  'content-encoding',
  'User-Agent',
  'Host',
  'Expect',
  'Connection',
  'Keep-Alive',
  'Transfer-Encoding',
  'TE',
  'Trailer',
  'Upgrade',
  'Proxy-Authorization',
  'proxy-connection',
  'HTTP2-Settings',
])('%s is ours or the connection’s', (name) => {
  const found = read({ [name]: '1' })
  expect(found).toMatchObject({ ok: false, errors: [{ path: `headers.${name}` }] })
})
