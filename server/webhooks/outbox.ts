import type { Result, Statement } from '../../db/db.ts'
import {
  eventsByKey,
  insertBodies,
  insertDeliveries,
  insertEvents,
  madeOtherwise,
  mustMatch,
  raiseEventCounter,
} from '../../db/queries/outbox.ts'
import { insertHolds } from '../../db/queries/guards.ts'
import { addTo } from '../lib/count.ts'
import { fail } from '../lib/errors.ts'
import { newId } from '../lib/ids.ts'
import type { JsonObject } from '../lib/json.ts'
import type { Trace } from '../lib/trace.ts'
import type { Born, Engine, HandOver } from './engine.ts'
import { formatOf, renderBody } from './formats.ts'
import { formatNetwork } from './network.ts'
import { isBatched, whoWants, type Lane } from './who-wants.ts'

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
  /** The trace that it belongs to; null without one. */
  readonly trace: Trace | null
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
interface Recording {
  readonly statements: readonly Statement[]
  /** What can be done for it while its commit is on its way. */
  meanwhile(): void
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
  const { rows, bodies, planned, revision } = await planDeliveries(engine, events, handOver)
  const now = engine.clock()
  const holds = events.flatMap(({ id, hold }) =>
    hold ? [{ event: id, handler: hold.handler, reason: hold.reason, due: hold.dueAt }] : [],
  )
  const keyed = events.filter((event) => event.key !== null)
  const statements: Statement[] = []
  const add = (statement: Statement): number => statements.push(statement) - 1
  if (events.length > 1 && keyed.length > 0) {
    // Several are all or nothing: one key with another body ends the whole commit, with DbError `constraint`.
    add(
      mustMatch(
        db,
        keyed.map(({ siteId, key, fingerprint }) => ({ site: siteId, key, fingerprint })),
      ),
    )
  }
  add(raiseEventCounter(db, [{ events: events.length }]))
  add(
    insertEvents(
      db,
      events.map((event, n) => rowOf(event, events.length - 1 - n, now)),
    ),
  )
  let otherwiseAt: number | null = null
  if (rows.length > 0) {
    add(insertDeliveries(db, rows))
    const about = [...planned.keys()].map((event) => ({ event, revision }))
    otherwiseAt = add(madeOtherwise(db, about))
  }
  if (bodies.length > 0) add(insertBodies(db, bodies))
  if (holds.length > 0) add(insertHolds(db, holds))
  const keysAt =
    keyed.length > 0
      ? add(
          eventsByKey(
            db,
            keyed.map(({ siteId, key }, n) => ({ n, site: siteId, key })),
          ),
        )
      : null

  const read = (results: readonly Result[]): Recorded[] => {
    const byKey = new Map(
      keyed.map((event, n) => [event.id, underKey(keysAt === null ? undefined : results[keysAt], n)]),
    )
    const isStored = ({ id }: FinishedEvent) => (byKey.get(id)?.id ?? id) === id
    const otherwise = otherwiseAt === null ? [] : (results[otherwiseAt]?.rows ?? [])
    const made = otherwise.length > 0 ? madeOf(planned, otherwise) : planned
    const stored = events.filter(isStored).map(({ id }) => made.get(id) ?? nothing)
    const born = stored.flatMap((one) => one.born)
    if (born.length > 0) handOver?.take(born)
    if (stored.some((one) => one.born.length < one.deliveries)) engine.wake()
    const claimed = new Set<string>()
    return events.map((event) => {
      const row = byKey.get(event.id)
      if (!row) return { id: event.id, deliveries: made.get(event.id)?.deliveries ?? 0, duplicate: false }
      if (row.fingerprint !== event.fingerprint) throw mismatch(event.key)
      const duplicate = row.id !== event.id || claimed.has(row.id)
      claimed.add(row.id)
      return { id: row.id, deliveries: row.deliveries, duplicate }
    })
  }
  const meanwhile = () => {
    for (const { born } of planned.values()) handOver?.expect(born)
  }
  return { statements, meanwhile, read }
}

/**
 * In letters: a request of 4 MiB in each of our six formats and their timestamps, and a third more. They all stand in memory
 * at once, and only Flat can make more of them.
 */
const MOST_OF_BODIES = 32 * 1024 * 1024

/** The deliveries of an event: how many, and which of them go straight to a slot. */
interface Made {
  readonly deliveries: number
  readonly born: readonly Born[]
}
const nothing: Made = { deliveries: 0, born: [] }

/** Who wants the events, as it is known before the commit, and what is sent to them. */
async function planDeliveries(engine: Engine, events: readonly FinishedEvent[], handOver: HandOver | undefined) {
  const off = engine.config.delivery ? 0 : 1
  const network = await formatNetwork(engine)
  const { revision, wantedBy } = await whoWants(engine.db)
  const createdAt = engine.clock()
  const rows: object[] = []
  const bodies: { readonly event: string; readonly format: string; readonly text: string }[] = []
  let letters = 0
  const planned = new Map<string, Made>()
  for (const event of events) {
    const wanting = event.rejected === null ? await wantedBy(event) : []
    if (wanting.length === 0) continue
    const guard = event.hold?.reason ?? null
    const texts = new Map<string, string>()
    for (const format of new Set(wanting.map((webhook) => webhook.format))) {
      const found = formatOf(format)
      // What a plugin makes is made when it is sent: nobody who emits waits for a format, or fails by it.
      if (!found) continue
      const text = renderBody(found.format, { ...event, site: event.siteSlug }, network, found.options)
      texts.set(format, text)
      bodies.push({ event: event.id, format, text })
      letters += text.length
      if (letters > MOST_OF_BODIES) throw tooMuch()
    }
    const born: Born[] = []
    for (const webhook of wanting) {
      const id = newId('dlv', engine)
      const { id: webhookId, format } = webhook
      const batched = isBatched(webhook, event.lane)
      const body = texts.get(format)
      const isPlain = body !== undefined && !batched && guard === null
      const lease = isPlain ? (handOver?.lease(webhookId, revision) ?? null) : null
      const { owner = null, until = null } = lease ?? {}
      rows.push({ id, event: event.id, webhook: webhookId, off, batched: batched ? 1 : 0, guard, owner, lease: until })
      if (lease && isPlain) born.push({ id, webhookId, lease, event, createdAt, format, body })
    }
    planned.set(event.id, { deliveries: wanting.length, born })
  }
  return { rows, bodies, planned, revision }
}

const tooMuch = () =>
  fail('too_large', 'What is sent of these events has more than {max} MiB together. Send fewer events at a time.', {
    max: MOST_OF_BODIES / 1024 / 1024,
  })

/** What became of the plan where the network was another one when it was carried out; see `madeOtherwise`. */
function madeOf(planned: ReadonlyMap<string, Made>, rows: Result['rows']): ReadonlyMap<string, Made> {
  const states = new Map(rows.map((row) => [row.id, row.state]))
  const counts = new Map<string, number>()
  for (const row of rows) if (row.id !== null) addTo(counts, String(row.event_id), 1)
  return new Map(
    [...planned].map(([event, { born }]) => [
      event,
      { deliveries: counts.get(event) ?? 0, born: born.filter(({ id }) => states.get(id) === 'delivering') },
    ]),
  )
}

const rowOf = (event: FinishedEvent, behind: number, now: number) => ({
  id: event.id,
  behind,
  type: event.type,
  site: event.siteId,
  payload: JSON.stringify(event.data),
  source: event.source,
  test: 0,
  hops: event.hops,
  trace: event.trace,
  key: event.key,
  fingerprint: event.fingerprint,
  rejected: event.rejected,
  occurred: event.occurredAt,
  created: now,
  heard: event.ordinaryListeners ? null : now,
})

const mismatch = (key: string | null) =>
  fail(
    'idempotency_mismatch',
    'The idempotency key {key} was used before with another body. Take a new key for a new event.',
    {
      key: key ?? '',
    },
  )

function underKey(result: Result | undefined, n: number) {
  const row = result?.rows.find((one) => Number(one.n) === n)
  if (!row) throw new Error('The database did not answer for an event that it just stored.')
  return { id: String(row.id), fingerprint: String(row.fingerprint), deliveries: Number(row.deliveries) }
}
