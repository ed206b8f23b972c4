import { DAY, HOUR } from '../lib/clock.ts'

/** What the URLs of the logs have in common: of deliveries, of events and of what people did. */

/** How far back a log can look, as its URL says it. */
export const spans = { '1h': HOUR, '24h': DAY, '7d': 7 * DAY, '30d': 30 * DAY } as const
export type Span = keyof typeof spans
export const spanNames = ['1h', '24h', '7d', '30d'] as const satisfies Span[]

export const shapes = {
  eventType: /^[\w.:-]{1,191}$/,
  slug: /^[a-z0-9-]{1,63}$/,
  id: /^.{1,100}$/,
} as const

/** Gives a field of the URL; undefined where it has none. */
export type Get = (name: string) => string | undefined

/** A text of this shape; anything else is as good as not there. */
export const textIn = (get: Get, name: string, shape: RegExp): string => shape.exec(get(name)?.trim() ?? '')?.[0] ?? ''

/** One of these words; null for anything else. */
export const oneIn = <Word extends string>(get: Get, name: string, words: readonly Word[]): Word | null =>
  words.find((word) => word === get(name)) ?? null

/** The URL's search that asks for the same, with some of it changed; empty when that is everything. */
export function searchOf<Asked extends object>(
  asked: Asked,
  change: Partial<Asked> & { readonly [more: string]: unknown } = {},
): string {
  const fields = Object.entries({ ...asked, ...change }).filter(([, value]) => value)
  return fields.length === 0 ? '' : `?${new URLSearchParams(fields.map(([name, value]) => [name, String(value)]))}`
}
