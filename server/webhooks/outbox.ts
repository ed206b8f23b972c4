import type { Result, Statement } from '../../db/db.ts'
import {
  eventsByKey,
  insertBodies,
  insertDeliveries,
  insertEvents,
  mustMatch,
  raiseEventCounter,
} from '../../db/queries/outbox.ts'
import { insertHolds } from '../../db/queries/guards.ts'
import { fail } from '../lib/errors.ts'
import { newId } from '../lib/ids.ts'
import type { JsonObject } from '../lib/json.ts'
import type { Born, Engine, HandOver } from './engine.ts'
import { formatOf, renderBody } from './formats.ts'
import { formatNetwork } from './network.ts'
import { findSubscribers, isBatched, type Lane } from './subscribers.ts'

/** An event that was validated and filtered: nothing about it is decided any more. */
export interface FinishedEvent {
  readonly id: string
  readonly type: string
  readonly siteId: string
  readonly siteSlug: string
  readonly data: JsonObject
  readonly source: string
  /** Makes it idempotent within the site: the same key again stores nothing. */
  readonly key: string | null
  /** Tells the same body from another one under the same key; empty without a key. */
  readonly fingerprint: string
  readonly occurredAt: number
  readonly hops: number
  readonly test: boolean
  /** What its type says of itself; a webhook may gather all that it gets. */
  readonly lane: Lane
  /** Why a filter refused it: it is stored, and nobody gets it. */
  readonly rejected: string | null
  /** The guard that is closed: what is delivered waits until it opens. */
  readonly hold?: Hold | null
  /** Whether any plugin listens: if so, the event waits to be marked as heard. */
  readonly ordinaryListeners: boolean
  /** A webhook that must not get it: the one that it is about. */
  readonly except?: string
}

/** Why an event's deliveries are held, and when to ask its guard again. */
export interface Hold {
  readonly handler: string
  readonly reason: string
  readonly dueAt: number
}

export interface Recorded {
  readonly id: string
  readonly deliveries: number
  readonly duplicate: boolean
}

/** Statements for somebody's commit, and how to read what they did. */
export interface Recording {
  readonly statements: readonly Statement[]
  /** Once, after the commit: what was stored is on its way from then on. */
  read(results: readonly Result[]): readonly Recorded[]
}

/**
 * The statements that store events with one delivery for each webhook that wants them, and the exact bytes to send.
 * All of it shares the caller's commit: when that is durable, so is every delivery.
 * `read` throws `idempotency_mismatch` when a key was used before with another body. With `handOver`, it has to be called.
 */
export async function recordEvents(
  engine: Engine,
  events: readonly FinishedEvent[],
  handOver?: HandOver,
): Promise<Recording> {
  const { db } = engine
  const now = engine.clock()
  const off = engine.config.delivery ? 0 : 1
  const network = await formatNetwork(engine)
  const { revision, wantedBy } = await findSubscribers(db)
  const deliveries: object[] = []
  const leased = new Map<string, Born>()
  const bodies: object[] = []
  for (const event of events) {
    const wanting = event.rejected === null && !event.test ? await wantedBy(event) : []
    const guard = event.hold?.reason ?? null
    const texts = new Map<string, string>()
    for (const format of new Set(wanting.map((webhook) => webhook.format))) {
      const found = formatOf(format)
      // What a plugin makes is made when it is sent: nobody who emits waits for a format, or fails by it.
      if (!found) continue
      const text = renderBody(found.format, { ...event, site: event.siteSlug }, network, found.options)
      texts.set(format, text)
      bodies.push({ event: event.id, format, text })
    }
    for (const subscriber of wanting) {
      const id = newId('dlv', engine)
      const { id: webhook, format } = subscriber
      const batched = isBatched(subscriber, event.lane)
      const body = texts.get(format)
      const isPlain = body !== undefined && !batched && guard === null
      const lease = isPlain ? (handOver?.lease(webhook, revision) ?? null) : null
      const { owner = null, until = null } = lease ?? {}
      deliveries.push({ id, event: event.id, webhook, off, batched: batched ? 1 : 0, guard, owner, lease: until })
      if (lease && isPlain) leased.set(id, { id, webhookId: webhook, lease, event, createdAt: now, format, body })
    }
  }
  const stored = events.map((event, n) => ({
    id: event.id,
    behind: events.length - 1 - n,
    type: event.type,
    site: event.siteId,
    payload: JSON.stringify(event.data),
    source: event.source,
    test: event.test ? 1 : 0,
    hops: event.hops,
    key: event.key,
    fingerprint: event.fingerprint,
    rejected: event.rejected,
    occurred: event.occurredAt,
    created: now,
    heard: event.ordinaryListeners ? null : now,
  }))
  const holds = events.flatMap(({ id, hold }) =>
    hold ? [{ event: id, handler: hold.handler, reason: hold.reason, due: hold.dueAt }] : [],
  )
  const keyed = events.filter((event) => event.key !== null)
  const statements: Statement[] = []
  if (events.length > 1 && keyed.length > 0) {
    // Several are all or nothing: one key with another body ends the whole commit, with DbError `constraint`.
    const keys = keyed.map(({ siteId, key, fingerprint }) => ({ site: siteId, key, fingerprint }))
    statements.push(mustMatch(db, keys))
  }
  statements.push(raiseEventCounter(db, [{ events: stored.length }]))
  statements.push(insertEvents(db, stored))
  const deliveriesAt = deliveries.length > 0 ? statements.push(insertDeliveries(db, deliveries)) - 1 : null
  if (bodies.length > 0) statements.push(insertBodies(db, bodies))
  if (holds.length > 0) statements.push(insertHolds(db, holds))
  const keysAt =
    keyed.length > 0
      ? statements.push(
          eventsByKey(
            db,
            keyed.map(({ siteId, key }) => ({ site: siteId, key })),
          ),
        ) - 1
      : null

  const read = (results: readonly Result[]): Recorded[] => {
    const rows = deliveriesAt === null ? [] : (results[deliveriesAt]?.rows ?? [])
    const made = new Map<string, number>()
    for (const row of rows) made.set(String(row.event_id), (made.get(String(row.event_id)) ?? 0) + 1)
    const born = rows.flatMap((row) => (row.state === 'delivering' ? (leased.get(String(row.id)) ?? []) : []))
    if (born.length > 0) handOver?.take(born)
    if (born.length < rows.length) engine.wake()
    const byKey = new Map(keyed.map((event, n) => [event, rowOf(keysAt === null ? undefined : results[keysAt], n)]))
    const claimed = new Set<string>()
    return events.map((event) => {
      const row = byKey.get(event)
      if (!row) return { id: event.id, deliveries: made.get(event.id) ?? 0, duplicate: false }
      if (row.fingerprint !== event.fingerprint) throw mismatch(event.key)
      const duplicate = row.id !== event.id || claimed.has(row.id)
      claimed.add(row.id)
      return { id: row.id, deliveries: row.deliveries, duplicate }
    })
  }
  return { statements, read }
}

const mismatch = (key: string | null) =>
  fail(
    'idempotency_mismatch',
    'The idempotency key {key} was used before with another body. Take a new key for a new event.',
    {
      key: key ?? '',
    },
  )

function rowOf(result: Result | undefined, n: number) {
  const row = result?.rows.find((one) => Number(one.n) === n)
  if (!row) throw new Error('The database did not answer for an event that it just stored.')
  return { id: String(row.id), fingerprint: String(row.fingerprint), deliveries: Number(row.deliveries) }
}
