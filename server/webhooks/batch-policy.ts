import { Cron } from 'croner'
import { MINUTE } from '../lib/clock.ts'
import type { FieldError } from '../lib/errors.ts'
import { isObject } from '../lib/json.ts'
import { msg, type Message } from '../lib/message.ts'

/**
 * When a webhook's events leave. `realtime`: at once, but for types whose own lane is `batched`; `batched`: all of them
 * together. Either way a batch closes every so many minutes or at times of the day, whichever of the two is set.
 */
export interface DeliveryPlan {
  readonly mode: 'realtime' | 'batched'
  readonly everyMinutes: number | null
  /** `HH:MM` on the clock of the network's time zone, in order; empty when `everyMinutes` is set. */
  readonly at: readonly string[]
  readonly maxEvents: number
}

/** Bytes of formatted events in one batch, at most; a larger event goes alone. */
export const MOST_BATCH_BYTES = 256 * 1024
const MOST_BATCH_EVENTS = 100
const MOST_MINUTES = 24 * 60
const MOST_TIMES = 24

export const defaultPlan: DeliveryPlan = { mode: 'realtime', everyMinutes: 15, at: [], maxEvents: MOST_BATCH_EVENTS }

/**
 * When the batch that this event opened closes, in milliseconds UTC, unless it is full before. Minutes count from the event,
 * so that none waits longer than they say; a time of the day is the first one after it. What the clock skips in spring
 * is the first minute behind the gap, what it repeats in autumn the first of the two.
 */
export function closesAt(plan: DeliveryPlan, firstWaitingAt: number, timeZone: string): number {
  if (plan.everyMinutes !== null) return firstWaitingAt + plan.everyMinutes * MINUTE
  return Math.min(...plan.at.map((time) => nextTime(time, firstWaitingAt, timeZone)))
}

function nextTime(time: string, after: number, timeZone: string): number {
  const [hour = '', minute = ''] = time.split(':')
  const next = new Cron(`${Number(minute)} ${Number(hour)} * * *`, { timezone: timeZone }).nextRun(new Date(after))
  if (!next) throw new Error(`The time ${time} never comes in ${timeZone}.`)
  return next.getTime()
}

interface Sized {
  /** Of the event as it stands in the batch, in UTF-8. */
  readonly bytes: number
}

/** Groups waiting events into batches, in order. Only the last one may have room left: `isFull` tells. */
export function fill<T extends Sized>(
  events: readonly T[],
  maxEvents: number,
  maxBytes: number = MOST_BATCH_BYTES,
): readonly (readonly T[])[] {
  const groups: T[][] = []
  let bytes = 0
  for (const event of events) {
    const group = groups.at(-1)
    if (group && group.length < maxEvents && bytes + event.bytes <= maxBytes) {
      group.push(event)
      bytes += event.bytes
    } else {
      groups.push([event])
      bytes = event.bytes
    }
  }
  return groups
}

/** Whether no further event fits, so that the batch closes before its time. */
export const isFull = (group: readonly Sized[], maxEvents: number, maxBytes: number = MOST_BATCH_BYTES): boolean =>
  group.length >= maxEvents || group.reduce((sum, { bytes }) => sum + bytes, 0) >= maxBytes

const TIME = /^([01]\d|2[0-3]):[0-5]\d$/
const FIELDS = new Set(['mode', 'every_minutes', 'at', 'max_events'])

/** Checks `delivery` as the API and the form name it; what is left out has its default, and null is the same as left out. */
export function readDelivery(
  json: unknown,
  path = 'delivery',
): { readonly ok: true; readonly plan: DeliveryPlan } | { readonly ok: false; readonly errors: readonly FieldError[] } {
  if (!isObject(json)) return { ok: false, errors: [{ path, message: msg('This has to be an object.') }] }
  const errors: FieldError[] = []
  const wrong = (key: string, message: Message) => errors.push({ path: `${path}.${key}`, message })
  for (const key of Object.keys(json)) if (!FIELDS.has(key)) wrong(key, msg('There is no field of this name.'))

  const mode = json['mode'] ?? defaultPlan.mode
  if (mode !== 'realtime' && mode !== 'batched') wrong('mode', msg('This is either realtime or batched.'))

  const at = json['at'] ?? null
  const times = Array.isArray(at) ? at.map((time: unknown) => (typeof time === 'string' ? time : '')) : []
  if (at !== null && (times.length === 0 || times.length > MOST_TIMES)) {
    wrong('at', msg('Give 1 to {max} times of the day.', { max: MOST_TIMES }))
  }
  for (const [n, time] of times.slice(0, MOST_TIMES).entries()) {
    if (!TIME.test(time)) wrong(`at.${n}`, msg('A time of the day is written as 06:30, from 00:00 to 23:59.'))
    else if (times.indexOf(time) < n) wrong(`at.${n}`, msg('The time {time} is there twice.', { time }))
  }

  const every = json['every_minutes'] ?? null
  if (every !== null && !isWhole(every, MOST_MINUTES)) {
    wrong('every_minutes', msg('This is a whole number of minutes from 1 to {max}.', { max: MOST_MINUTES }))
  } else if (every !== null && at !== null) {
    wrong('every_minutes', msg('Give a number of minutes or times of the day, not both.'))
  }

  const maxEvents = json['max_events'] ?? defaultPlan.maxEvents
  if (!isWhole(maxEvents, MOST_BATCH_EVENTS)) {
    wrong('max_events', msg('This is a whole number of events from 1 to {max}.', { max: MOST_BATCH_EVENTS }))
  }

  if (errors.length > 0) return { ok: false, errors }
  const plan = {
    mode,
    everyMinutes: every ?? (at === null ? defaultPlan.everyMinutes : null),
    at: times.toSorted(),
    maxEvents,
  } as DeliveryPlan
  return { ok: true, plan }
}

/** The plan in the words that `readDelivery` takes. */
export const planFields = ({ mode, everyMinutes, at, maxEvents }: DeliveryPlan) => ({
  mode,
  every_minutes: everyMinutes,
  at: at.length > 0 ? [...at] : null,
  max_events: maxEvents,
})

const isWhole = (value: unknown, max: number): boolean =>
  Number.isInteger(value) && Number(value) >= 1 && Number(value) <= max
