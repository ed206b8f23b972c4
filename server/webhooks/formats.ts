import { msg } from '../lib/message.ts'
import { isoTime, SECOND } from '../lib/clock.ts'
import type { FormatBatch, FormatEvent, FormatNetwork } from '../lib/format.ts'
import { fail } from '../lib/errors.ts'
import { isObject, type Json, type JsonObject } from '../lib/json.ts'
import { isLonger } from '../lib/size.ts'

/** How a format writes the time of an event: since 1970, or as ISO 8601 in UTC. */
export type Timestamp = 'milliseconds' | 'seconds' | 'iso'

/** What a webhook may choose about its format. */
interface FormatOptions {
  readonly timestamp?: Timestamp
}

/** What can be said of a format without using it. */
export interface FormatSummary {
  readonly name: string
  /** English, and the key of its translations. */
  readonly title: string
  readonly contentType: string
  /** Where a batch is of another type than one event. */
  readonly batchContentType?: string
}

/** How events become a body. `one` and `many` give values of JSON; what they give is what is signed and sent. */
export interface Format extends FormatSummary {
  /** The choices of `FormatOptions.timestamp`, the default first; without them there is no choice. */
  readonly timestamps?: readonly Timestamp[]
  one(event: FormatEvent, network: FormatNetwork, options: FormatOptions): Json
  many(events: readonly FormatEvent[], batch: FormatBatch, network: FormatNetwork, options: FormatOptions): Json
}

const standard: Format = {
  name: 'standard',
  title: msg('Standard').text,
  contentType: 'application/json',
  one: (event) => ({
    id: event.id,
    type: event.type,
    timestamp: isoTime(event.occurredAt),
    site: event.site,
    data: event.data,
  }),
  many: (events, batch, network) => ({
    id: batch.id,
    type: 'batch',
    timestamp: isoTime(batch.closedAt),
    data: events.map((event) => standard.one(event, network, {})),
  }),
}

export const flat: Format = {
  name: 'flat',
  title: msg('Flat').text,
  contentType: 'application/json',
  one: (event) => flatten(event),
  many: (events) => events.map(flatten),
}

const envelope: Format = {
  name: 'envelope',
  title: msg('Envelope').text,
  contentType: 'application/json',
  timestamps: ['milliseconds', 'seconds', 'iso'],
  one: (event, network, options) => enveloped([event], event.id, network, options),
  many: (events, batch, network, options) => enveloped(events, batch.id, network, options),
}

/** CloudEvents 1.0 in the structured mode of its HTTP binding. */
const cloudevents: Format = {
  name: 'cloudevents',
  title: msg('CloudEvents').text,
  contentType: 'application/cloudevents+json',
  batchContentType: 'application/cloudevents-batch+json',
  one: (event, network) => ({
    specversion: '1.0',
    id: event.id,
    source: `${network.publicUrl}/sites/${event.site}`,
    type: event.type,
    time: isoTime(event.occurredAt),
    datacontenttype: 'application/json',
    data: event.data,
  }),
  many: (events, _batch, network) => events.map((event) => cloudevents.one(event, network, {})),
}

/** Every format of ours, by the name that a webhook's `format` holds. */
export const formats: Readonly<Record<string, Format>> = { standard, flat, envelope, cloudevents }

/** The timestamps to choose from: only formats of ours have a choice. */
export const timestampsOf = (format: FormatSummary): readonly Timestamp[] => formats[format.name]?.timestamps ?? []

/** Under what key the bytes of an event are kept: deliveries with one key share them. A default option is none. */
export function formatKey(format: FormatSummary, { timestamp }: FormatOptions = {}): string {
  const [, ...unusual] = timestampsOf(format)
  return timestamp && unusual.includes(timestamp) ? `${format.name}:${timestamp}` : format.name
}

interface Keyed {
  readonly format: Format
  readonly options: FormatOptions
}
const byKey: ReadonlyMap<string, Keyed> = new Map(
  Object.values(formats).flatMap((format) =>
    [{}, ...timestampsOf(format).map((timestamp) => ({ timestamp }))].map((options) => [
      formatKey(format, options),
      { format, options },
    ]),
  ),
)

/** The format and options that a key stands for; undefined when it is none of ours. */
export const formatOf = (key: string): Keyed | undefined => byKey.get(key)

/** The format's name and timestamp as the API speaks of them. */
export function formatFields(key: string): { format: string; timestamp: Timestamp } {
  const found = formatOf(key)
  return { format: found?.format.name ?? key, timestamp: found?.options.timestamp ?? 'milliseconds' }
}

/** Three times what a payload may have: only Flat can make more of one, where it repeats long names very often. */
const LARGEST_BODY = 768 * 1024

/** The exact text of the request body for one event. Throws AppError `too_large`. */
export function renderBody(
  format: Format,
  event: FormatEvent,
  network: FormatNetwork,
  options: FormatOptions = {},
): string {
  const text = JSON.stringify(format.one(event, network, options))
  if (isLonger(text, LARGEST_BODY)) throw tooLarge(format)
  return text
}

const tooLarge = (format: Format) =>
  fail('too_large', 'In the payload format {format} this event has more than {max} KiB.', {
    format: format.title,
    max: LARGEST_BODY / 1024,
  })

/** The exact text of the request body for a batch. */
export const renderBatch = (
  format: Format,
  events: readonly FormatEvent[],
  batch: FormatBatch,
  network: FormatNetwork,
  options: FormatOptions = {},
): string => JSON.stringify(format.many(events, batch, network, options))

const enveloped = (
  events: readonly FormatEvent[],
  id: string,
  network: FormatNetwork,
  { timestamp = 'milliseconds' }: FormatOptions,
): JsonObject => ({
  accountId: network.accountId,
  events: events.map((event, n) => ({
    eventId: event.id,
    eventName: event.type,
    timestamp: written(event.occurredAt, timestamp),
    eventInfo: `${id}-${n}`,
    data: event.data,
  })),
})

function written(time: number, how: Timestamp): number | string {
  if (how === 'iso') return isoTime(time)
  return how === 'seconds' ? Math.floor(time / SECOND) : time
}

/**
 * One level of fields, for receivers that cannot look into objects. No value is ever lost: a name that is taken gets
 * `_2`, `_3`, … Throws AppError `too_large` as soon as the names alone are. A Map holds them on the way, because `__proto__` is a name like any other.
 */
function flatten(event: FormatEvent): JsonObject {
  const own = { id: event.id, type: event.type, timestamp: isoTime(event.occurredAt), site: event.site }
  const fields = new Map<string, Json>(Object.entries(own))
  let letters = 0
  const put = (name: string, value: Json) => {
    letters += name.length
    if (letters > LARGEST_BODY) throw tooLarge(flat)
    const wanted = Object.hasOwn(own, name) ? `data_${name}` : name
    let free = wanted
    for (let n = 2; fields.has(free); n++) free = `${wanted}_${n}`
    fields.set(free, value)
  }
  const walk = (object: JsonObject, prefix: string) => {
    for (const [key, value] of Object.entries(object)) {
      const name = prefix + key
      if (!isObject(value)) put(name, value)
      else if (Object.keys(value).length === 0) put(name, null)
      else walk(value, `${name}__`)
    }
  }
  walk(event.data, '')
  return Object.fromEntries(fields)
}
