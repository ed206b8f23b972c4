import type { FieldError } from '../lib/errors.ts'
import { isObject, type Json, type JsonObject } from '../lib/json.ts'
import { inEnglish, msg, type Message } from '../lib/message.ts'

/** What a field of the payload can be compared with. */
type Scalar = string | number | boolean | null

/** One field of the payload against one operator. The path is dotted, an array's index is a number: `items.0.sku`. */
type FieldTest = { readonly path: string } & (
  | { readonly equals: Scalar }
  | { readonly not: Scalar }
  | { readonly in: readonly Scalar[] }
  | { readonly prefix: string }
  | { readonly suffix: string }
  | { readonly greater: number }
  | { readonly less: number }
  | { readonly exists: boolean }
)

/** Which payloads a webhook wants, in the JSON that it is written and stored in. */
export type Condition =
  | FieldTest
  | { readonly and: readonly Condition[] }
  | { readonly or: readonly Condition[] }
  | { readonly not: Condition }

type ReadCondition =
  { readonly ok: true; readonly condition: Condition } | { readonly ok: false; readonly errors: readonly FieldError[] }

const MOST_DEPTH = 5
const MOST_PARTS = 50
const MOST_CHARACTERS = 1000
const MOST_CHOICES = 100

/** Checks a condition that somebody wrote, and names all that is wrong with it by path, `at` in front. */
export function readCondition(json: unknown, at = 'condition'): ReadCondition {
  const errors: FieldError[] = []
  let parts = 0

  function read(part: unknown, path: string, depth: number): void {
    const wrong = (message: Message, key?: string) =>
      errors.push({ path: key === undefined ? path : `${path}.${key}`, message })

    if (++parts > MOST_PARTS) return
    if (depth > MOST_DEPTH) {
      wrong(msg('The condition nests too deep. It can have up to {max} levels.', { max: MOST_DEPTH }))
      return
    }
    if (!isObject(part)) {
      wrong(
        msg('A condition is an object, such as {example}.', { example: '{"path":"payment_currency","equals":"SEK"}' }),
      )
      return
    }
    const isTest = 'path' in part
    const known = isTest ? operators : combinations
    const keys = Object.keys(part).filter((name) => name !== 'path')
    for (const name of keys) if (!known.has(name)) wrong(msg('There is no field of this name.'), name)
    const [key, ...others] = keys.filter((name) => known.has(name))
    if (key === undefined || others.length > 0) {
      const names = [...known.keys()].join(', ')
      wrong(
        isTest
          ? msg('Beside the path stands one operator: {names}.', { names })
          : msg('A condition has a path with one operator, or nothing but one of these: {names}.', { names }),
      )
      return
    }
    const value = part[key]
    if (isTest) {
      if (!isPath(part['path'])) wrong(PATH, 'path')
      const operator = operators.get(key)
      if (operator && !operator.takes(value)) wrong(operator.wants, key)
    } else if (key === 'not') {
      read(value, `${path}.not`, depth + 1)
    } else if (Array.isArray(value) && value.length > 0) {
      for (const [n, one] of value.entries()) read(one, `${path}.${key}.${n}`, depth + 1)
    } else wrong(msg('This has to be an array of one condition or more.'), key)
  }

  read(json, at, 1)
  if (parts > MOST_PARTS) {
    errors.push({ path: at, message: msg('The condition can have up to {max} parts.', { max: MOST_PARTS }) })
  }
  return errors.length === 0 ? { ok: true, condition: json as Condition } : { ok: false, errors }
}

/** Whether a payload is wanted. A field that is missing or of another type fits no operator, not even `not`; it is no error. */
export function matches(condition: Condition, data: JsonObject): boolean {
  if ('path' in condition) return fits(condition, valueAt(data, condition.path))
  if ('and' in condition) return condition.and.every((one) => matches(one, data))
  if ('or' in condition) return condition.or.some((one) => matches(one, data))
  return !matches(condition.not, data)
}

/** The condition as a sentence for people; `say` puts it into their language. */
export function describe(condition: Condition, say: (message: Message) => string = inEnglish): string {
  if ('path' in condition) return say(sentence(condition))
  if ('not' in condition) return say(msg('not ({condition})', { condition: describe(condition.not, say) }))
  const inner = 'and' in condition ? condition.and : condition.or
  return inner
    .map((one) => ('and' in one || 'or' in one ? `(${describe(one, say)})` : describe(one, say)))
    .reduce((first, second) =>
      say(
        'and' in condition
          ? msg('{first} and {second}', { first, second })
          : msg('{first} or {second}', { first, second }),
      ),
    )
}

const isText = (value: unknown): value is string => typeof value === 'string' && value.length <= MOST_CHARACTERS
const isScalar = (value: unknown): value is Scalar =>
  isText(value) || typeof value === 'number' || typeof value === 'boolean' || value === null
const isPath = (value: unknown): boolean => isText(value) && !value.split('.').includes('')

const PATH = msg(
  'A path names a field of the payload, with dots between the levels: customer.email. It has up to {max} characters.',
  {
    max: MOST_CHARACTERS,
  },
)
const TEXT = msg('This has to be a text of 1 to {max} characters.', { max: MOST_CHARACTERS })
const NUMBER = msg('This has to be a number.')

const combinations: ReadonlySet<string> = new Set(['and', 'or', 'not'])

/** What each operator can be given. */
const operators: ReadonlyMap<string, { readonly takes: (value: unknown) => boolean; readonly wants: Message }> =
  new Map([
    [
      'equals',
      {
        takes: isScalar,
        wants: msg('This has to be a text of up to {max} characters, a number, true, false or null.', {
          max: MOST_CHARACTERS,
        }),
      },
    ],
    [
      'not',
      {
        // A field of another type never fits, so that `not null` would never fit either.
        takes: (value) => isScalar(value) && value !== null,
        wants: msg(
          'This has to be a text of up to {max} characters, a number, true or false. For null there is exists.',
          {
            max: MOST_CHARACTERS,
          },
        ),
      },
    ],
    [
      'in',
      {
        takes: (value) =>
          Array.isArray(value) && value.length > 0 && value.length <= MOST_CHOICES && value.every(isScalar),
        wants: msg('This has to be an array of 1 to {max} texts, numbers, true, false or null.', { max: MOST_CHOICES }),
      },
    ],
    ['prefix', { takes: (value) => isText(value) && value !== '', wants: TEXT }],
    ['suffix', { takes: (value) => isText(value) && value !== '', wants: TEXT }],
    ['greater', { takes: (value) => typeof value === 'number', wants: NUMBER }],
    ['less', { takes: (value) => typeof value === 'number', wants: NUMBER }],
    ['exists', { takes: (value) => typeof value === 'boolean', wants: msg('This has to be true or false.') }],
  ])

/** Null stands in payloads for what is not there, so it does not exist. */
function fits(test: FieldTest, value: Json | undefined): boolean {
  if ('exists' in test) return (value !== undefined && value !== null) === test.exists
  if ('equals' in test) return value === test.equals
  if ('not' in test) return typeof value === typeof test.not && value !== test.not
  if ('in' in test) return test.in.some((one) => one === value)
  if ('prefix' in test) return typeof value === 'string' && value.startsWith(test.prefix)
  if ('suffix' in test) return typeof value === 'string' && value.endsWith(test.suffix)
  if ('greater' in test) return typeof value === 'number' && value > test.greater
  return typeof value === 'number' && value < test.less
}

const INDEX = /^(0|[1-9]\d*)$/

/** The value at a dotted path; only what the payload itself holds, nothing that objects and arrays inherit. */
function valueAt(data: JsonObject, path: string): Json | undefined {
  let value: Json | undefined = data
  for (const step of path.split('.')) {
    if (isObject(value)) value = Object.hasOwn(value, step) ? value[step] : undefined
    else value = Array.isArray(value) && INDEX.test(step) ? (value as readonly Json[])[Number(step)] : undefined
  }
  return value
}

/** Values are texts here: a number in a payload is a code as often as an amount, and is shown as it stands there. */
function sentence(test: FieldTest): Message {
  const { path } = test
  if ('exists' in test) return test.exists ? msg('{path} is there', { path }) : msg('{path} is not there', { path })
  if ('equals' in test) return msg('{path} is {value}', { path, value: shown(test.equals) })
  if ('not' in test) return msg('{path} is not {value}', { path, value: shown(test.not) })
  if ('in' in test) return msg('{path} is one of {values}', { path, values: test.in.map(shown).join(', ') })
  if ('prefix' in test) return msg('{path} starts with {value}', { path, value: shown(test.prefix) })
  if ('suffix' in test) return msg('{path} ends with {value}', { path, value: shown(test.suffix) })
  if ('greater' in test) return msg('{path} is greater than {value}', { path, value: shown(test.greater) })
  return msg('{path} is less than {value}', { path, value: shown(test.less) })
}

const WORD = /^(?!(?:true|false|null)$)\p{L}[\p{L}\p{N}_-]*$/u

/** A plain word stands as it is; any other text in quotes, so that "5" is not taken for 5, nor two words for a sentence. */
const shown = (value: Scalar): string => (typeof value === 'string' && WORD.test(value) ? value : JSON.stringify(value))
