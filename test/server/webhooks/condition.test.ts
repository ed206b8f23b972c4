import { describe as group, expect, test } from 'vitest'
import type { Json, JsonObject } from '../../../server/lib/json.ts'
import { inEnglish } from '../../../server/lib/message.ts'
import { describe, matches, readCondition, type Condition } from '../../../server/webhooks/condition.ts'

const read = (json: unknown): Condition => {
  const result = readCondition(json)
  if (!result.ok) throw new Error(result.errors.map(({ path, message }) => `${path}: ${inEnglish(message)}`).join(' '))
  return result.condition
}
const wrongPaths = (json: unknown): readonly string[] => {
  const result = readCondition(json)
  return result.ok ? [] : result.errors.map(({ path }) => path)
}

const payment: JsonObject = {
  payment_currency: 'SEK',
  amount_minor: 12900,
  payment_total: '129.00',
  paid: true,
  membership_id: null,
  note: '',
  customer: { email: 'ada@example.com', 'tax.id': 'x' },
  items: [{ sku: 'a-1', amount: 2 }, { sku: 'b-2' }],
}

group('a field', () => {
  test.each<[string, JsonObject, boolean]>([
    ['equals', { equals: 'SEK' }, true],
    ['equals another text', { equals: 'NOK' }, false],
    ['equals in other letters', { equals: 'sek' }, false],
    ['is not another text', { not: 'NOK' }, true],
    ['is not itself', { not: 'SEK' }, false],
    ['is not a number, being a text', { not: 5 }, false],
    ['is one of several', { in: ['NOK', 'SEK'] }, true],
    ['is none of several', { in: ['NOK', 1, null] }, false],
    ['starts with', { prefix: 'SE' }, true],
    ['starts with something else', { prefix: 'E' }, false],
    ['ends with', { suffix: 'EK' }, true],
    ['ends with something else', { suffix: 'SE' }, false],
    ['is no number', { greater: 0 }, false],
    ['is no number either way', { less: 0 }, false],
    ['exists', { exists: true }, true],
    ['does not lack', { exists: false }, false],
  ])('%s', (_, operator, expected) => {
    expect(matches(read({ path: 'payment_currency', ...operator }), payment)).toBe(expected)
  })

  test.each<[string, JsonObject, boolean]>([
    ['amount_minor', { equals: 12900 }, true],
    ['amount_minor', { equals: '12900' }, false],
    ['payment_total', { equals: 129 }, false],
    ['payment_total', { greater: 1 }, false],
    ['amount_minor', { greater: 12899.5 }, true],
    ['amount_minor', { greater: 12900 }, false],
    ['amount_minor', { less: 12901 }, true],
    ['amount_minor', { less: 12900 }, false],
    ['amount_minor', { prefix: '1' }, false],
    ['amount_minor', { in: ['12900'] }, false],
    ['paid', { equals: true }, true],
    ['paid', { not: false }, true],
    ['paid', { equals: 1 }, false],
    ['note', { equals: '' }, true],
    ['note', { exists: true }, true],
    ['membership_id', { equals: null }, true],
    ['membership_id', { in: [null] }, true],
    ['membership_id', { not: 'm_1' }, false],
    ['membership_id', { exists: true }, false],
    ['membership_id', { exists: false }, true],
  ])('%s with %j: %j', (path, operator, expected) => {
    expect(matches(read({ path, ...operator }), payment)).toBe(expected)
  })

  test.each<[string, boolean]>([
    ['customer', true],
    ['customer.email', true],
    ['items.0.sku', true],
    ['items.1', true],
    ['items.2', false],
    ['items.00', false],
    ['items.-1', false],
    ['items.length', false],
    ['items.sku', false],
    ['note.length', false],
    ['customer.email.0', false],
    ['customer.tax.id', false],
    ['membership_id.name', false],
    ['constructor', false],
    ['__proto__', false],
    ['customer.__proto__.toString', false],
  ])('%s exists: %j', (path, expected) => {
    expect(matches(read({ path, exists: true }), payment)).toBe(expected)
  })

  test.each<JsonObject>([
    { equals: 'a' },
    { equals: null },
    { not: 'a' },
    { in: ['a', null] },
    { prefix: 'a' },
    { suffix: 'a' },
    { greater: -1 },
    { less: 1 },
    { exists: true },
  ])('that is missing, or an object, fits no operator: %j', (operator) => {
    expect(matches(read({ path: 'nowhere', ...operator }), payment)).toBe(false)
    if (!('exists' in operator)) expect(matches(read({ path: 'customer', ...operator }), payment)).toBe(false)
  })
})

group('combinations', () => {
  const yes = { path: 'paid', equals: true }
  const no = { path: 'paid', equals: false }
  test.each<[JsonObject, boolean]>([
    [{ and: [yes, yes] }, true],
    [{ and: [yes, no] }, false],
    [{ and: [yes] }, true],
    [{ or: [no, yes] }, true],
    [{ or: [no, no] }, false],
    [{ not: no }, true],
    [{ not: yes }, false],
    [{ not: { path: 'nowhere', equals: 1 } }, true],
    [{ not: { or: [no, { and: [yes, { not: yes }] }] } }, true],
  ])('%j: %j', (condition, expected) => {
    expect(matches(read(condition), payment)).toBe(expected)
  })
})

group('what is refused, and where', () => {
  const one = { path: 'a', equals: 1 }
  const nested = (levels: number): Json => (levels === 1 ? one : { not: nested(levels - 1) })
  test.each<[string, unknown, readonly string[]]>([
    ['no object', 'a = 1', ['condition']],
    ['null', null, ['condition']],
    ['an array', [one], ['condition']],
    ['nothing', {}, ['condition']],
    ['a path alone', { path: 'a' }, ['condition']],
    ['an operator without a path', { equals: 1 }, ['condition.equals', 'condition']],
    ['two operators', { path: 'a', equals: 1, not: 2 }, ['condition']],
    ['two combinations', { and: [one], or: [one] }, ['condition']],
    ['an unknown operator', { path: 'a', like: 'b' }, ['condition.like', 'condition']],
    ['an unknown key beside an operator', { ...one, note: 'x' }, ['condition.note']],
    ['a key that every object inherits', { path: 'a', toString: 'x' }, ['condition.toString', 'condition']],
    ['a combination with a path', { path: 'a', and: [one] }, ['condition.and', 'condition']],
    ['an empty combination', { or: [] }, ['condition.or']],
    ['a combination that is no array', { and: one }, ['condition.and']],
    ['a list in not', { not: [one] }, ['condition.not']],
    [
      'several faults at once',
      { or: [one, { path: '', equals: 1 }, { and: [2] }] },
      ['condition.or.1.path', 'condition.or.2.and.0'],
    ],
    ['a path that is no text', { path: 1, equals: 1 }, ['condition.path']],
    ['a path with an empty step', { path: 'a..b', equals: 1 }, ['condition.path']],
    ['a path that is too long', { path: 'a'.repeat(1001), equals: 1 }, ['condition.path']],
    ['equals an object', { path: 'a', equals: {} }, ['condition.equals']],
    ['a text that is too long', { path: 'a', equals: 'a'.repeat(1001) }, ['condition.equals']],
    ['not null', { path: 'a', not: null }, ['condition.not']],
    ['in nothing', { path: 'a', in: [] }, ['condition.in']],
    ['in a text', { path: 'a', in: 'abc' }, ['condition.in']],
    ['in a list of lists', { path: 'a', in: [['b']] }, ['condition.in']],
    ['in more than a hundred', { path: 'a', in: Array.from({ length: 101 }, (_, n) => n) }, ['condition.in']],
    ['an empty prefix', { path: 'a', prefix: '' }, ['condition.prefix']],
    ['a suffix that is a number', { path: 'a', suffix: 1 }, ['condition.suffix']],
    ['greater than a text', { path: 'a', greater: '1' }, ['condition.greater']],
    ['less than null', { path: 'a', less: null }, ['condition.less']],
    ['exists with a number', { path: 'a', exists: 1 }, ['condition.exists']],
    ['six levels', nested(6), ['condition.not.not.not.not.not']],
    ['more than fifty parts', { and: Array.from({ length: 50 }, () => one) }, ['condition']],
  ])('%s', (_, json, paths) => {
    expect(wrongPaths(json)).toEqual(paths)
  })

  test.each<[string, unknown]>([
    ['five levels', nested(5)],
    ['fifty parts', { and: Array.from({ length: 49 }, () => one) }],
    ['a text of a thousand characters', { path: 'a', equals: 'a'.repeat(1000) }],
  ])('but not %s', (_, json) => {
    expect(wrongPaths(json)).toEqual([])
  })

  test('a hundred thousand levels end at the sixth', () => {
    let deep: Json = one
    for (let n = 0; n < 100_000; n++) deep = { not: deep }
    expect(wrongPaths(deep)).toEqual(['condition.not.not.not.not.not'])
  })

  test('paths start where the condition stands', () => {
    expect(readCondition({}, 'webhooks.3.condition')).toMatchObject({ errors: [{ path: 'webhooks.3.condition' }] })
  })
})

group('as a sentence', () => {
  test.each<[JsonObject, string]>([
    [{ path: 'a', equals: 'SEK' }, 'a is SEK'],
    [{ path: 'a', equals: '5' }, 'a is "5"'],
    [{ path: 'a', equals: 5 }, 'a is 5'],
    [{ path: 'a', equals: 'null' }, 'a is "null"'],
    [{ path: 'a', equals: null }, 'a is null'],
    [{ path: 'a', equals: '' }, 'a is ""'],
    [{ path: 'a', equals: '{path} or b' }, 'a is "{path} or b"'],
    [{ path: 'a', not: 'blå' }, 'a is not blå'],
    [{ path: 'a', in: ['x', 2, false] }, 'a is one of x, 2, false'],
    [{ path: 'customer.email', suffix: '@example.com' }, 'customer.email ends with "@example.com"'],
    [{ path: 'a', prefix: 'x' }, 'a starts with x'],
    [{ path: 'a', less: 0.5 }, 'a is less than 0.5'],
    [{ path: 'a', exists: true }, 'a is there'],
    [{ path: 'a', exists: false }, 'a is not there'],
    [
      {
        and: [
          { path: 'payment_currency', equals: 'SEK' },
          { path: 'amount_minor', greater: 10000 },
        ],
      },
      'payment_currency is SEK and amount_minor is greater than 10000',
    ],
    [
      { or: [{ path: 'a', equals: 1 }, { and: [{ path: 'b', equals: 2 }, { not: { path: 'c', equals: 3 } }] }] },
      'a is 1 or (b is 2 and not (c is 3))',
    ],
  ])('%j', (condition, text) => {
    expect(describe(read(condition))).toBe(text)
  })

  test('in another language', () => {
    const swedish: Record<string, string> = {
      '{path} is {value}': '{path} är {value}',
      '{first} or {second}': '{first} eller {second}',
    }
    const say = ({ text, params }: { text: string; params?: Readonly<Record<string, string | number>> }) =>
      inEnglish({ text: swedish[text] ?? text, ...(params && { params }) })
    expect(
      describe(
        read({
          or: [
            { path: 'a', equals: 1 },
            { path: 'b', equals: 2 },
          ],
        }),
        say,
      ),
    ).toBe('a är 1 eller b är 2')
  })
})
