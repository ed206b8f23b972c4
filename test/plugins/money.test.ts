import { expect, test } from 'vitest'
import { formatAmount, parseAmount } from '../../plugins/payments/money.ts'

test.each([
  ['249', 24900],
  ['249.00', 24900],
  ['249,00', 24900],
  ['249,5', 24950],
  ['1.15', 115],
  ['0.29', 29],
  ['4.35', 435],
  ['1 249,50', 124950],
  ['1\u00a0249\u00a0000,50', 124900050],
  [' 7 ', 700],
  ['9999999999.99', 999999999999],
])('%j is %d minor units', (text, minor) => expect(parseAmount(text)).toBe(minor))

test.each([
  '',
  '-1',
  '1.234,50',
  '1,234.50',
  '1.999',
  '1e3',
  '0x10',
  '249 SEK',
  '1 2',
  '１２',
  '12345678901',
  'NaN',
  '.5',
  '5.',
])('%j is no amount', (text) => expect(parseAmount(text)).toBeNull())

test.each([
  [0, '0.00'],
  [5, '0.05'],
  [24905, '249.05'],
  [999999999999, '9999999999.99'],
])('%d is written as %s', (minor, text) => expect(formatAmount(minor)).toBe(text))
