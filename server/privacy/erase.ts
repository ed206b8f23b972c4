import { tryCommit } from '../../db/db.ts'
import { deliveryById } from '../../db/queries/deliveries.ts'
import {
  deleteRecord,
  eraseAttempt,
  eraseBatch,
  eraseCapture,
  eraseEvent,
  eraseFault,
  eraseMailError,
  eraseSourceLog,
  waitingMembers,
} from '../../db/queries/erase.ts'
import { rowsOf, places, type PlaceName, type Row } from '../../db/queries/privacy-places.ts'
import { cancel } from '../webhooks/cancel.ts'
import type { Engine } from '../webhooks/engine.ts'
import { MASK } from '../webhooks/redact.ts'
import { readPacked } from './find.ts'
import type { Match } from './match.ts'

/** What stands where a sentence was that held the address. English, as those sentences are. */
const ERASED = 'Erased, as a person asked for it.'

/** Where nothing is erased: what people set up themselves, and the audit log, whose rows are kept. */
const kept = [
  'user',
  'webhook',
  'source',
  'bin',
  'api_key',
  'site',
  'setting',
  'plugin_state',
  'plugin_site',
  'audit',
] as const satisfies readonly PlaceName[]
export const isKept = (place: PlaceName): boolean => kept.some((one) => one === place)

/** Whom it is about. */
export interface Whose {
  readonly address: string
  readonly match: Match
}

/**
 * Erases what a row holds; doing it twice does no harm. False while something of it is on its way and may come back: then it
 * has to be tried again a little later.
 */
export async function erase(engine: Engine, place: PlaceName, row: Row, whose: Whose): Promise<boolean> {
  const { db, clock } = engine
  const id = String(row['id'])
  switch (place) {
    case 'event':
      return eraseOneEvent(engine, row, whose)
    case 'body':
      return eraseBody(engine, String(row['owner_id']), whose)
    case 'attempt':
      await db.commit([eraseAttempt(db, id, attemptWithout(row, whose.match, clock()))])
      return true
    case 'capture':
      await db.commit([eraseCapture(db, id, clock())])
      return true
    case 'source_log':
      await db.commit([eraseSourceLog(db, id, JSON.stringify({ detail: { text: ERASED }, errors: [] }))])
      return true
    case 'plugin_record':
      await db.commit(
        deleteRecord(
          db,
          places.plugin_record.key.map((column) => String(row[column])),
        ),
      )
      return true
    case 'plugin_fault':
      await db.commit([eraseFault(db, id, ERASED)])
      return true
    case 'mail':
      await db.commit([eraseMailError(db, id, String(row['user_id']), ERASED)])
      return true
    default:
      // A new place has to be erased above, or kept for a reason.
      place satisfies (typeof kept)[number]
      return true
  }
}

/** False where a delivery of it is on its way right now. */
async function eraseOneEvent(engine: Engine, row: Row, { address, match }: Whose): Promise<boolean> {
  const { db, clock } = engine
  const id = String(row['id'])
  for (const member of await waitingMembers(db, id)) {
    const delivery = await deliveryById(db, member)
    if (delivery && !(await cancel(engine, delivery, []))) return false
  }
  const { idempotency_key: key, rejected } = row
  const event = {
    id,
    // A key names one event of a site: its own id cannot be that of another one.
    key: typeof key === 'string' && match.isIn(key) ? id : asText(key),
    rejected: typeof rejected === 'string' && match.isIn(rejected) ? ERASED : asText(rejected),
  }
  return tryCommit(db, eraseEvent(db, event, address, clock()))
}

/** A body is of an event, which goes as a whole then, or of a batch. */
async function eraseBody(engine: Engine, owner: string, whose: Whose): Promise<boolean> {
  const { db, clock } = engine
  const [event] = await rowsOf(db, places.event, places.event.texts, [[owner]])
  if (event) return eraseOneEvent(engine, event, whose)
  return tryCommit(db, eraseBatch(db, owner, clock()))
}

function attemptWithout(row: Row, { isIn }: Match, now: number) {
  const masked = (json: string): string =>
    JSON.stringify((JSON.parse(json) as [string, string][]).map(([name, value]) => [name, isIn(value) ? MASK : value]))
  const { url, error } = row
  return {
    request_headers: masked(String(row['request_headers'])),
    response_headers: masked(String(row['response_headers'])),
    ...(typeof url === 'string' && isIn(url) && { url: `${URL.parse(url)?.origin ?? ''}/${MASK}` }),
    ...(typeof error === 'string' && isIn(error) && { error: ERASED }),
    ...(isIn(readPacked(row['response_body'])) && { response_body: '', erased_at: now }),
  }
}

const asText = (value: Row[string] | undefined): string | null => (typeof value === 'string' ? value : null)
