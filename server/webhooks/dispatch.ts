import {
  claimDue,
  claimHead,
  dueWebhooks,
  freeAllLeases,
  giveBack,
  parcels,
  webhooksById,
  type ClaimedDelivery,
  type Parcel,
} from '../../db/queries/dispatch.ts'
import { keepBody } from '../../db/queries/outbox.ts'
import type { JsonObject } from '../lib/json.ts'
import { MINUTE, SECOND } from '../lib/clock.ts'
import { closeDueBatches } from './batch.ts'
import { slotsOf } from './breaker.ts'
import type { Engine } from './engine.ts'
import { aboutFormat, formatMissing, makeBody } from './make-body.ts'
import { createPace, type Pace } from './pace.ts'
import { createRate, type Rate } from './rate.ts'
import { createRecorder } from './record.ts'
import { sendAttempt, type Attempt, type SendDeps } from './send.ts'
import { isSending, readyToSend, releaseAll } from './sending.ts'
import { share } from './share.ts'
import { createSecrets } from './webhook-secrets.ts'
import type { WebhookTable } from '../../db/schema.ts'

export interface DispatchOptions {
  /** Names this process in the leases it takes. */
  readonly owner: string
  /** Attempts under way at once, in all and per webhook. */
  readonly concurrency?: number
  readonly perWebhook?: number
  /** Whether no other process uses the database: then, at start, every lease there is belongs to the dead. */
  readonly alone: boolean
  /** What is remembered of requests that went out; handed in where dispatchers follow each other in one isolate. */
  readonly rate?: Rate
  readonly pace?: Pace
}

/** Takes what is due and sends it, fair between webhooks. Both runtimes call the same `tick`. */
export interface Dispatcher {
  /** Claims what fits into free slots and starts sending it. Resolves when the claims are on their way, not when they ended. */
  tick(): Promise<void>
  /** Resolves when nothing more may go out now and nothing is under way, or at `deadline` (milliseconds UTC). */
  drain(deadline: number): Promise<void>
  /** Frees what died with an earlier process and what was held while sending was off. Once, before the first tick. */
  start(): Promise<void>
  /** Claims nothing more, waits at most `graceMs` for attempts under way, and gives back what was cut. */
  stop(graceMs: number): Promise<void>
  /** When it last ticked, in milliseconds UTC; for /readyz. */
  readonly lastTick: () => number
  readonly inFlight: () => number
}

/** How long a claim outlives the attempt's own time-out, so that recording it is never a race with a second sender. */
const LEASE_MARGIN = 30 * SECOND
const LONGEST_ATTEMPT = 30 * SECOND

export function createDispatcher(engine: Engine & SendDeps, options: DispatchOptions): Dispatcher {
  const { db, clock, log } = engine
  const concurrency = options.concurrency ?? 64
  const perWebhook = options.perWebhook ?? 10
  const record = createRecorder(engine, options.owner)
  const secrets = createSecrets(engine)
  const flying = new Map<string, number>()
  const rate = options.rate ?? createRate()
  const pace = options.pace ?? createPace()
  let inFlight = 0
  let begun = 0
  let lastServed = ''
  let stopping = false
  let lastTick = clock()
  let running: Promise<void> | null = null
  let again = false
  const idle: (() => void)[] = []

  /** One tick at a time; asking during one makes sure that another follows. */
  function tick(): Promise<void> {
    if (stopping) return Promise.resolve()
    if (running) {
      again = true
      return running
    }
    running = claimAndSend()
      .catch((error: unknown) => log.error('The dispatcher could not claim', { error: String(error) }))
      .finally(() => {
        running = null
        lastTick = clock()
        if (again) {
          again = false
          void tick()
        } else settle()
      })
    return running
  }

  async function claimAndSend(): Promise<void> {
    if (inFlight >= concurrency || !(await readyToSend(engine))) return
    await closeDueBatches(engine)
    const now = clock()
    const due = await dueWebhooks(db, now)
    if (due.length === 0) return
    const webhooks = new Map((await webhooksById(db, due)).map((webhook) => [webhook.id, webhook]))
    const shares = share(due, {
      flying,
      free: concurrency - inFlight,
      most: (id) => mostOf(webhooks.get(id), now),
      isSlow: pace.isSlow,
      freeForSlow: Math.floor(concurrency / 2) - pace.slowOf(flying),
      after: lastServed,
    })
    if (shares.length === 0) return
    lastServed = shares.at(-1)?.webhook ?? lastServed
    const claim = { now, lease: now + LONGEST_ATTEMPT + LEASE_MARGIN, owner: options.owner }
    const results = await db.commit(
      shares.map(({ webhook, slots }) =>
        webhooks.get(webhook)?.ordered === 1
          ? claimHead(db, { ...claim, webhook })
          : claimDue(db, { ...claim, webhook, limit: slots }),
      ),
    )
    const claimed = results.flatMap((result) => result.rows as unknown as ClaimedDelivery[])
    if (claimed.length > 0) await sendAll(claimed, webhooks)
  }

  /** How many attempts a webhook may have under way: what its breaker, its rate and its order leave of the usual ten. */
  function mostOf(webhook: WebhookTable | undefined, now: number): number {
    if (!webhook) return perWebhook // its deliveries are cancelled, which takes a claim
    const { id, breaker_until: until, breaker_step: step, breaker_streak: streak } = webhook
    const most = slotsOf({ until, step, streak }, now, webhook.ordered === 1 ? 1 : perWebhook)
    if (webhook.rate_per_second === null) return most
    return Math.min(most, (flying.get(id) ?? 0) + rate.free(id, webhook.rate_per_second, now))
  }

  async function sendAll(claimed: readonly ClaimedDelivery[], byId: ReadonlyMap<string, WebhookTable>): Promise<void> {
    const carried = await parcels(
      db,
      claimed.map(({ id }) => id),
    )
    for (const delivery of claimed) {
      const webhook = byId.get(delivery.webhook_id)
      const parcel = carried.get(delivery.id)
      if (!webhook || !parcel) {
        record.abandon(delivery, webhook ? 'The event was erased.' : 'The webhook was deleted.')
        continue
      }
      count(webhook.id, 1)
      if (webhook.rate_per_second !== null) rate.take(webhook.id, webhook.rate_per_second, clock())
      void send(delivery, webhook, parcel)
        .catch((error: unknown) =>
          log.error('An attempt could not be recorded', { delivery: delivery.id, error: String(error) }),
        )
        .finally(() => {
          count(webhook.id, -1)
          void tick()
        })
    }
  }

  async function send(delivery: ClaimedDelivery, webhook: WebhookTable, parcel: Parcel): Promise<void> {
    const { payload, occurred_at: occurredAt, site_slug: site } = parcel
    const event = { id: delivery.event_id, type: delivery.type, site }
    let { body } = parcel
    if (body === null && payload !== null && occurredAt !== null) {
      // In a format of a plugin, or one that nobody wanted when the event happened.
      const made = await makeBody(engine, webhook.format, {
        ...event,
        occurredAt,
        data: JSON.parse(payload) as JsonObject,
      })
      if (!made.ok) return record.hold(delivery, made.why)
      body = made.text
      await db.commit([keepBody(db, { event: event.id, format: webhook.format, text: body })])
    }
    if (body === null) return record.abandon(delivery, 'The event was erased.')
    const format = parcel.body_format ?? webhook.format
    if (!aboutFormat(engine, format)) return record.hold(delivery, formatMissing(format))
    const attempt: Attempt = await sendAttempt(engine, {
      delivery: delivery.id,
      event: { ...event, hops: parcel.hops },
      webhook,
      secrets: await secrets.of(webhook),
      body,
      format,
      number: delivery.attempts + 1,
      test: delivery.test === 1,
      redelivery: delivery.resume_state !== null,
    })
    pace.note(webhook.id, attempt.durationMs)
    await record.attempt(delivery, webhook, attempt)
  }

  function count(webhook: string, by: number): void {
    inFlight += by
    if (by > 0) begun++
    const now = (flying.get(webhook) ?? 0) + by
    if (now === 0) flying.delete(webhook)
    else flying.set(webhook, now)
    settle()
  }

  function settle(): void {
    if (inFlight > 0 || running) return
    for (const resolve of idle.splice(0)) resolve()
  }

  const whenIdle = (): Promise<void> =>
    inFlight === 0 && !running ? Promise.resolve() : new Promise((resolve) => idle.push(resolve))

  return {
    tick,
    lastTick: () => lastTick,
    inFlight: () => inFlight,

    async drain(deadline) {
      while (clock() < deadline) {
        const before = begun
        await tick()
        await whenIdle()
        if (begun === before) return
      }
    },

    async start() {
      if (options.alone) await db.commit([freeAllLeases(db, clock())])
      if (await isSending(engine)) await releaseAll(engine)
    },

    async stop(graceMs) {
      stopping = true
      const grace = new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(graceMs, MINUTE))
        void whenIdle().then(() => {
          clearTimeout(timer)
          resolve()
        })
      })
      await grace
      await record.flushed()
      await db.commit([giveBack(db, options.owner, clock())])
    },
  }
}
