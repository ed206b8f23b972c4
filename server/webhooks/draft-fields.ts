import type { FieldError } from '../lib/errors.ts'
import { msg, type Message } from '../lib/message.ts'
import { isPlainText } from '../lib/plain-text.ts'
import type { DraftRules } from './draft.ts'
import { formats, timestampsOf, type FormatSummary, type Timestamp } from './formats.ts'

// What is wrong with one field of a webhook, in the sentence that stands beside it; null where it is right.

const MOST_EVENTS = 200

export function wrongName(name: string): Message | null {
  if (name === '') return msg('Give the webhook a name.')
  if (name.length > 191) return msg('The name can have up to 191 characters.')
  if (isPlainText(name)) return null
  return msg('The name holds control characters or marks that turn the reading direction. Type it again without them.')
}

export function wrongDescription(description: string): Message | null {
  if (description.length > 140) return msg('The description can have up to 140 characters.')
  if (isPlainText(description.replaceAll(/[\r\n\t]/g, ' '))) return null
  return msg(
    'The description holds control characters or marks that turn the reading direction. Type it again without them.',
  )
}

export function wrongEvents(
  all: boolean,
  events: readonly string[],
  { isEventType }: Pick<DraftRules, 'isEventType'>,
): FieldError[] {
  const no = (message: Message): FieldError[] => [{ path: 'events', message }]
  if (all && events.length > 0) return no(msg('Choose all events or a list of events, not both.'))
  if (!all && events.length === 0) return no(msg('Choose at least one event.'))
  if (events.length > MOST_EVENTS) return no(msg('Choose at most {most} events, or all events.', { most: MOST_EVENTS }))
  return events.flatMap((event, index) => {
    const message = msg('No plugin here sends an event called {event}.', { event: event.slice(0, 80) })
    return isEventType(event) ? [] : [{ path: `events.${index}`, message }]
  })
}

/** One of ours, or of a plugin. */
export const formatNamed = (name: string, ofPlugins: readonly FormatSummary[]): FormatSummary | undefined =>
  Object.hasOwn(formats, name) ? formats[name] : ofPlugins.find((one) => one.name === name)

export const noSuchFormat = (ofPlugins: readonly FormatSummary[]): Message =>
  msg('Choose one of the payload formats: {formats}.', {
    formats: [...Object.keys(formats), ...ofPlugins.map(({ name }) => name)].join(', '),
  })

export const wrongTimestamp = (format: FormatSummary, timestamp: Timestamp): Message | null =>
  timestamp === 'milliseconds' || timestampsOf(format).includes(timestamp)
    ? null
    : msg('Only the envelope has a choice of timestamp.')

/** Sites by what they were named, as ids. */
export function readSites(
  named: readonly string[],
  { siteId }: Pick<DraftRules, 'siteId'>,
): { readonly ids: readonly string[]; readonly errors: readonly FieldError[] } {
  const found = named.map((one) => siteId(one))
  const errors = found.flatMap((id, index) =>
    id === undefined ? [{ path: `sites.${index}`, message: msg('There is no site of this name.') }] : [],
  )
  return { ids: [...new Set(found.filter((id) => id !== undefined))], errors }
}

const isWhole = (value: number, least: number, most: number): boolean =>
  Number.isInteger(value) && value >= least && value <= most

export const wrongRate = (rate: number | null): Message | null =>
  rate === null || isWhole(rate, 1, 1000)
    ? null
    : msg('The rate is a whole number of requests a second, from 1 to 1000.')

export const wrongTimeout = (seconds: number): Message | null =>
  isWhole(seconds, 1, 30) ? null : msg('The time-out is a whole number of seconds from 1 to 30.')

export function wrongSchedule(waits: readonly number[]): Message | null {
  if (waits.length > 100) return msg('A schedule has at most 100 waits.')
  return waits.every((wait) => isWhole(wait, 1, 86_400))
    ? null
    : msg('Each wait is a whole number of seconds from 1 to 86400.')
}
