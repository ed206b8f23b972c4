import type { AnswerClass, DeliveryFilter, Position } from '../../db/queries/deliveries.ts'
import type { DeliveryState } from '../../db/schema.ts'
import { decodeCursor, encodeCursor } from '../lib/cursor.ts'
import { isDelivery } from '../webhooks/own.ts'
import { isId } from '../lib/ids.ts'
import { oneIn, shapes, spanNames, spans, textIn, type Get, type Span } from './log-filter.ts'

export const states = [
  'pending',
  'delivering',
  'retrying',
  'delivered',
  'failed',
  'held',
  'cancelled',
] as const satisfies DeliveryState[]

/** Classes of answers, as the list's URL says them. */
const answerClasses = { '2xx': 2, '3xx': 3, '4xx': 4, '5xx': 5, none: 0 } as const satisfies Record<string, AnswerClass>

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
export const readAsked = (get: Get): Asked => ({
  state: oneIn(get, 'state', states),
  webhook: textIn(get, 'webhook', /^whk_[0-9a-z]{26}$/),
  type: textIn(get, 'type', shapes.eventType),
  site: textIn(get, 'site', shapes.slug),
  since: oneIn(get, 'since', spanNames),
  answer: oneIn(get, 'answer', ['2xx', '3xx', '4xx', '5xx', 'none']),
  q: textIn(get, 'q', shapes.id),
})

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
