import { AppError, fail, type FieldError } from '../lib/errors.ts'
import { isObject, parseWritten, type JsonObject } from '../lib/json.ts'
import { msg, type Message } from '../lib/message.ts'
import { isLonger } from '../lib/size.ts'
import type { z } from 'zod'
import type { PluginEvent } from './define.ts'

export const MAX_DEPTH = 32
export const MAX_BYTES = 256 * 1024
export const MAX_SAMPLE_BYTES = 64 * 1024

/** Whether a value nests deeper than `max`. A loop, because recursion is what deep values break. */
function isDeeper(root: unknown, max: number): boolean {
  const open: [unknown, number][] = [[root, 1]]
  for (let next = open.pop(); next; next = open.pop()) {
    const [value, depth] = next
    if (value === null || typeof value !== 'object') continue
    if (depth > max) return true
    for (const inner of Object.values(value)) open.push([inner, depth + 1])
  }
  return false
}

/**
 * A payload as JSON would carry it, cut off from whoever made it. Throws AppError `too_deep`, `too_large` beyond `most`
 * bytes, `invalid` or `bad_json` for what cannot be stored.
 */
export function snapshot(value: unknown, most: number): JsonObject {
  if (isDeeper(value, MAX_DEPTH)) {
    throw fail('too_deep', 'The payload nests more than {max} levels deep.', { max: MAX_DEPTH })
  }
  const text = JSON.stringify(value) ?? 'null'
  if (isLonger(text, most)) {
    throw fail('too_large', 'The payload has more than {max} KiB.', { max: most / 1024 })
  }
  const copy = parseWritten(text, ['data'])
  if (!isObject(copy)) throw fail('bad_json', 'A payload has to be one JSON object.')
  return copy
}

/** What of a payload does not fit its event; empty if all does. Only looks: what zod makes of it is thrown away. */
export function faultsIn(event: PluginEvent, data: JsonObject): FieldError[] {
  const result = event.payload.safeParse(data)
  if (result.success) return []
  const { issues } = result.error
  const isNullable = nullable(event, data, issues)
  return issues.map((issue) => ({
    path: ['data', ...issue.path].join('.'),
    message: sentenceFor(issue, isNullable(issue)),
  }))
}

/** Tells of each field that is missing whether null would do, as it does where nobody knows better. */
function nullable(event: PluginEvent, data: JsonObject, issues: readonly z.core.$ZodIssue[]) {
  const missing = issues.flatMap((issue) =>
    issue.path.length === 1 && isMissing(issue) ? [String(issue.path[0])] : [],
  )
  const { error } = event.payload.safeParse({ ...data, ...Object.fromEntries(missing.map((name) => [name, null])) })
  const wrong = new Set(error?.issues.map(({ path }) => String(path[0])))
  return ({ path }: z.core.$ZodIssue) => missing.includes(String(path[0])) && !wrong.has(String(path[0]))
}

const isMissing = ({ code, message }: z.core.$ZodIssue): boolean =>
  code === 'invalid_type' && message.endsWith(' received undefined')

/** What zod found wrong, as a sentence for people. */
export function sentenceFor(issue: z.core.$ZodIssue, isNullable = false): Message {
  switch (issue.code) {
    case 'invalid_type':
      return isMissing(issue)
        ? msg('This is missing. It has to be {expected}.', { expected: issue.expected + (isNullable ? ' | null' : '') })
        : msg('This has to be {expected}.', { expected: issue.expected })
    case 'invalid_value':
      return msg('This has to be one of {values}.', { values: issue.values.map((value) => String(value)).join(', ') })
    case 'unrecognized_keys':
      return msg('These fields are not known: {keys}.', { keys: issue.keys.join(', ') })
    default:
      return msg('{problem}.', { problem: issue.message })
  }
}

/** Throws AppError `invalid` with a path for each field that does not fit. */
export function demandFit(event: PluginEvent, data: JsonObject, prefix = ''): void {
  const errors = faultsIn(event, data)
  if (errors.length === 0) return
  const detail = msg('The payload does not fit the event {type}.', { type: event.name })
  throw new AppError(
    'invalid',
    detail,
    errors.map(({ path, message }) => ({ path: prefix + path, message })),
  )
}
