import type { AnswerClass, DeliveryFilter, Position } from '../../db/queries/deliveries.ts'
import type { DeliveryState } from '../../db/schema.ts'
import { DAY, HOUR } from '../lib/clock.ts'
import { decodeCursor, encodeCursor } from '../lib/cursor.ts'
import { isDelivery } from '../api/deliveries.ts'
import { isId } from '../lib/ids.ts'

export const states = [
  'pending',
  'delivering',
  'retrying',
  'delivered',
  'failed',
  'held',
  'cancelled',
] as const satisfies DeliveryState[]

/** How far back a list can look, as its URL says it. */
export const spans = { '1h': HOUR, '24h': DAY, '7d': 7 * DAY, '30d': 30 * DAY } as const
export type Span = keyof typeof spans

/** Classes of answers, as the list's URL says them. */
export const answerClasses = { '2xx': 2, '3xx': 3, '4xx': 4, '5xx': 5, none: 0 } as const satisfies Record<
  string,
  AnswerClass
>

/** What the URL of the list asks for. Empty texts and nulls ask for everything. */
export interface Asked {
  readonly state: DeliveryState | null
  readonly webhook: string
  readonly type: string
  /** A slug. */
  readonly site: string
  readonly since: Span | null
  readonly answer: keyof typeof answerClasses | null
  /** The id of a delivery or an event. */
  readonly q: string
}

/** Reads the URL. What makes no sense there is as good as not there, save for an id that nobody has: that finds nothing. */
export function readAsked(get: (name: string) => string | undefined): Asked {
  const text = (name: string, shape: RegExp): string => shape.exec(get(name)?.trim() ?? '')?.[0] ?? ''
  return {
    state: states.find((state) => state === get('state')) ?? null,
    webhook: text('webhook', /^whk_[0-9a-z]{26}$/),
    type: text('type', /^[\w.:-]{1,191}$/),
    site: text('site', /^[a-z0-9-]{1,63}$/),
    since: (['1h', '24h', '7d', '30d'] as const).find((span) => span === get('since')) ?? null,
    answer: (['2xx', '3xx', '4xx', '5xx', 'none'] as const).find((one) => one === get('answer')) ?? null,
    q: text('q', /^.{1,100}$/),
  }
}

/** The URL's search that asks for the same, with some of it changed; empty when that is everything. */
export function searchOf(asked: Asked, change: Partial<Asked> & { before?: string; after?: string } = {}): string {
  const fields = Object.entries({ ...asked, ...change }).filter(([, value]) => value)
  return fields.length === 0 ? '' : `?${new URLSearchParams(fields.map(([name, value]) => [name, String(value)]))}`
}

/** The same for the database; null when nothing can match. `siteId` is that of `asked.site`. */
export function filterOf(
  asked: Asked,
  { owner, siteId, now }: { owner: string; siteId: string | null; now: number },
): Omit<DeliveryFilter, 'before' | 'limit'> | null {
  const [id, event] = [isDelivery(asked.q), isId('evt', asked.q)]
  if (asked.q !== '' && !id && !event) return null
  return {
    owner,
    siteId,
    ...(id && { id: asked.q }),
    ...(event && { event: asked.q }),
    webhook: asked.webhook,
    type: asked.type,
    ...(asked.state && { state: asked.state }),
    ...(asked.answer && { answer: answerClasses[asked.answer] }),
    ...(asked.since && { since: now - spans[asked.since] }),
  }
}

const LIST = 'deliveries'

export const cursorAt = ({ seq, id }: Position): string => encodeCursor(LIST, [seq, id])

/** The position that a cursor in the URL names; null for none, or junk. */
export function positionOf(cursor: string | undefined): Position | null {
  if (!cursor) return null
  try {
    const [seq, id] = decodeCursor(LIST, cursor, ['number', 'string'])
    return { seq: Number(seq), id: String(id) }
  } catch {
    return null
  }
}
