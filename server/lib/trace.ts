import type { Random } from './clock.ts'

/**
 * Where a request stands in a trace of somebody's systems, as W3C Trace Context has it (https://www.w3.org/TR/trace-context/):
 * its `traceparent` and, behind a space, its `tracestate` if there is one. We follow traces and begin none: nobody here
 * would collect them.
 */
export type Trace = string

/** Version, id of the trace, id of who asks, flags; a later version may say more behind them. */
const PARENT = /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})(-.*)?$/
const MEMBER = /^[a-z0-9][a-z0-9_\-*/@]{0,255}=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/
const MOST_MEMBERS = 32
const MOST_STATE = 512
/** Sampled, and an id that is random all over: what version 00 knows. */
const KNOWN_FLAGS = 0b11

/** The trace that a request belongs to; null without one, or with one that is none. Then `tracestate` means nothing either. */
export function traceOf(headers: Pick<Headers, 'get'>): Trace | null {
  const parent = headers.get('traceparent')?.trim() ?? ''
  const [, version, , , more] = PARENT.exec(parent) ?? []
  if (version === undefined || (version === '00' && more !== undefined)) return null
  const state = stateOf(headers.get('tracestate') ?? '')
  return parent.slice(0, 55) + (state && ` ${state}`)
}

function stateOf(text: string): string {
  const members = text
    .split(',')
    .map((member) => member.trim())
    .filter((member) => member !== '')
  const state = members.join(',')
  const isSound =
    members.length <= MOST_MEMBERS && state.length <= MOST_STATE && members.every((one) => MEMBER.test(one))
  return isSound ? state : ''
}

/** The id that all of a trace has in common: 32 digits, as tracing tools look for it. */
export const traceId = (trace: Trace): string => trace.slice(3, 35)

/** The headers of a request that we send because of another one: the same trace, and an id of its own. */
export function traceHeaders(trace: Trace | null, random: Random): [name: string, value: string][] {
  if (trace === null) return []
  const span = Array.from(random(8), (byte) => byte.toString(16).padStart(2, '0')).join('')
  const flags = Number.parseInt(trace.slice(53, 55), 16) & KNOWN_FLAGS
  const state = trace.slice(56)
  return [
    ['traceparent', `00-${traceId(trace)}-${span}-0${flags}`],
    ...(state === '' ? [] : [['tracestate', state] satisfies [string, string]]),
  ]
}
