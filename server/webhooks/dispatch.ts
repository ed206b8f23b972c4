import {
  claimDue,
  claimHead,
  dueWebhooks,
  freeAllLeases,
  giveBackAll,
  giveBackSome,
  parcels,
  webhooksById,
  type ClaimedDelivery,
} from '../../db/queries/dispatch.ts'
import { keepBody, webhooksRevision } from '../../db/queries/outbox.ts'
import type { JsonObject } from '../lib/json.ts'
import { MINUTE, SECOND } from '../lib/clock.ts'
import { closeDueBatches } from './batch.ts'
import { slotsOf } from './breaker.ts'
import type { Born, Engine, HandOver, Lease } from './engine.ts'
import { aboutFormat, formatMissing, makeBody } from './make-body.ts'
import { createPace, type Pace } from './pace.ts'
import { createRate, type Rate } from './rate.ts'
import { createReady, type Ready } from './ready.ts'
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
  /** How many deliveries may be claimed before there is a slot for them, so that no slot waits for the database. */
  readonly ahead?: number
  /** Whether no other process uses the database: then, at start, every lease there is belongs to the dead. */
  readonly alone: boolean
  /** What is remembered of requests that went out; handed in where dispatchers follow each other in one isolate. */
  readonly rate?: Rate
  readonly pace?: Pace
}

/** Takes what is due and sends it, fair between webhooks. Both runtimes call the same `tick`. */
export interface Dispatcher extends HandOver {
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

/** Whose receiver answers so soon, on the average, may have deliveries waiting in memory. In milliseconds. */
const QUICK = 250
/** How long a claim outlives the attempt's own time-out, so that recording it is never a race with a second sender. */
const LEASE_MARGIN = 30 * SECOND
const LONGEST_ATTEMPT = 30 * SECOND
const LEASE = LONGEST_ATTEMPT + LEASE_MARGIN

export function createDispatcher(engine: Engine & SendDeps, options: DispatchOptions): Dispatcher {
  const { db, clock, log } = engine
  const { owner } = options
  const concurrency = options.concurrency ?? 64
  const perWebhook = options.perWebhook ?? 10
  const ahead = options.ahead ?? 0
  const record = createRecorder(engine, owner)
  const secrets = createSecrets(engine)
  const ready = createReady()
  const flying = new Map<string, number>()
  const rate = options.rate ?? createRate()
  const pace = options.pace ?? createPace()
  /** Webhooks without limits of their own that took all they got so far, as they stand at `revision`. */
  const easy = new Map<string, WebhookTable>()
  /** Webhooks that have more in the database than the last look could take. */
  const behind = new Set<string>()
  /** Failures that are not recorded yet. */
  const failing = new Map<string, number>()
  /** Leases that were promised since the last look, and not taken up yet. */
  const promised = new Map<string, number>()
  let revision = -1
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
    promised.clear()
    if (!(await readyToSend(engine))) return giveBackReady()
    await forgetWhatChanged()
    if (inFlight + ready.size() >= concurrency + ahead) return
    await closeDueBatches(engine)
    const now = clock()
    const due = await dueWebhooks(db, now)
    behind.clear()
    if (due.length === 0) return
    const webhooks = new Map((await webhooksById(db, due)).map((webhook) => [webhook.id, webhook]))
    for (const webhook of webhooks.values()) {
      if (isEasy(webhook) && !failing.has(webhook.id)) easy.set(webhook.id, webhook)
      else easy.delete(webhook.id)
    }
    const ours = new Map(flying)
    for (const [id, waiting] of ready.counts()) add(ours, id, waiting)
    const free = concurrency + ahead - inFlight - ready.size()
    const shares = share(due, {
      flying: ours,
      free,
      most: (id) => mostOf(webhooks.get(id), ours.get(id) ?? 0, now),
      isSlow: pace.isSlow,
      freeForSlow: Math.floor(concurrency / 2) - pace.slowOf(ours),
      after: lastServed,
    })
    lastServed = shares.at(-1)?.webhook ?? lastServed
    const claim = { now, lease: now + LEASE, owner }
    const results = await db.commit(
      shares.map(({ webhook, slots }) =>
        webhooks.get(webhook)?.ordered === 1
          ? claimHead(db, { ...claim, webhook })
          : claimDue(db, { ...claim, webhook, limit: slots }),
      ),
      'written',
    )
    const given = new Map(shares.map(({ webhook, slots }, n) => [webhook, slots - (results[n]?.rows.length ?? 0)]))
    const isSpent = shares.reduce((sum, { slots }) => sum + slots, 0) === free
    for (const id of due) if (given.has(id) ? easy.has(id) && given.get(id) === 0 : isSpent) behind.add(id)
    const claimed = results.flatMap((result) => result.rows as unknown as ClaimedDelivery[])
    if (claimed.length > 0) await getReady(claimed, webhooks, claim.lease)
  }

  /** How many deliveries of a webhook may be ours: what its breaker, its rate and its order leave of the usual ten. */
  function mostOf(webhook: WebhookTable | undefined, ours: number, now: number): number {
    if (!webhook) return perWebhook // its deliveries are cancelled, which takes a claim
    const { id, breaker_until: until, breaker_step: step, breaker_streak: streak } = webhook
    if (easy.has(id)) return perWebhook + aheadOf(id)
    const most = slotsOf({ until, step, streak }, now, webhook.ordered === 1 ? 1 : perWebhook)
    if (webhook.rate_per_second === null) return most
    return Math.min(most, ours + rate.free(id, webhook.rate_per_second, now))
  }

  /** How many may wait for a slot besides: what its receiver takes in a second, if it is quick. */
  function aheadOf(webhook: string): number {
    const average = pace.of(webhook)
    if (ahead === 0 || average === null || average > QUICK) return 0
    return Math.min(ahead, Math.floor((perWebhook * SECOND) / Math.max(average, 1)))
  }

  async function getReady(
    claimed: readonly ClaimedDelivery[],
    byId: ReadonlyMap<string, WebhookTable>,
    until: number,
  ): Promise<void> {
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
      if (webhook.rate_per_second !== null) rate.take(webhook.id, webhook.rate_per_second, clock())
      ready.add({ delivery, webhook, parcel, until })
    }
    begin()
  }

  /** Fills the free slots, each for the webhook with the fewest attempts under way. */
  function begin(): void {
    while (inFlight < concurrency) {
      const next = ready.next(flying, mayBegin)
      if (!next) return settle()
      const { delivery, webhook } = next
      if (next.until - clock() < LONGEST_ATTEMPT) {
        giveBack([delivery.id])
        continue
      }
      count(webhook.id, 1)
      void send(next)
        .catch((error: unknown) =>
          log.error('An attempt could not be recorded', { delivery: delivery.id, error: String(error) }),
        )
        .finally(() => {
          count(webhook.id, -1)
          begin()
          // Of a webhook that is easy and not behind, there is nothing to be found.
          if (!easy.has(webhook.id) || (behind.size > 0 && ready.size() <= ahead / 2)) void tick()
        })
    }
  }

  const mayBegin = (webhook: string): boolean =>
    (flying.get(webhook) ?? 0) < perWebhook &&
    !(pace.isSlow(webhook) && pace.slowOf(flying) >= Math.floor(concurrency / 2))

  async function send({ delivery, webhook, parcel }: Ready): Promise<void> {
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
    if (attempt.outcome === 'ok') return record.attempt(delivery, webhook, attempt)
    stepBack(webhook.id)
    add(failing, webhook.id, 1)
    await record.attempt(delivery, webhook, attempt).finally(() => add(failing, webhook.id, -1))
  }

  /** It is not easy any more: what waits for it goes back, to be claimed with care. */
  function stepBack(webhook: string): void {
    easy.delete(webhook)
    giveBack(idsOf(ready.drop(webhook)))
  }

  /** What is in memory was read before somebody changed a webhook. */
  async function forgetWhatChanged(): Promise<void> {
    const now = await webhooksRevision(db)
    if (now === revision) return
    revision = now
    easy.clear()
    giveBackReady()
  }

  const giveBackReady = (): void => giveBack(idsOf(ready.drop()))

  /** They were never tried. If this fails, their leases end by themselves. */
  function giveBack(ids: readonly string[]): void {
    if (ids.length === 0) return
    db.commit([giveBackSome(db, owner, ids)], 'written').then(
      () => void tick(),
      (error: unknown) => log.error('Deliveries could not be given back', { error: String(error) }),
    )
  }

  function lease(webhook: string, known: number): Lease | null {
    if (known !== revision || !easy.has(webhook) || behind.has(webhook) || pace.isSlow(webhook)) return null
    const ours = (flying.get(webhook) ?? 0) + ready.of(webhook) + (promised.get(webhook) ?? 0)
    if (stopping || ready.isFull() || ours >= perWebhook + aheadOf(webhook)) {
      // What comes after it may not overtake it.
      behind.add(webhook)
      return null
    }
    add(promised, webhook, 1)
    return { owner, until: clock() + LEASE }
  }

  function take(born: readonly Born[]): void {
    const strays: string[] = []
    for (const { id, webhookId, lease, event, createdAt, format, body } of born) {
      if (promised.has(webhookId)) add(promised, webhookId, -1)
      const delivery: ClaimedDelivery = {
        id,
        event_id: event.id,
        webhook_id: webhookId,
        site_id: event.siteId,
        type: event.type,
        test: 0,
        attempts: 0,
        created_at: createdAt,
        first_attempt_at: null,
        resume_state: null,
        resume_at: null,
        half_of: null,
      }
      const known = { hops: event.hops, site_slug: event.siteSlug, body, body_format: format }
      const parcel = { id, payload: null, occurred_at: null, ...known }
      const webhook = stopping ? undefined : easy.get(webhookId)
      if (webhook) ready.add({ delivery, webhook, parcel, until: lease.until })
      else strays.push(id)
    }
    giveBack(strays)
    begin()
  }

  function count(webhook: string, by: number): void {
    inFlight += by
    if (by > 0) begun++
    add(flying, webhook, by)
    settle()
  }

  function settle(): void {
    if (inFlight > 0 || ready.size() > 0 || running) return
    for (const resolve of idle.splice(0)) resolve()
  }

  const whenIdle = (): Promise<void> =>
    inFlight === 0 && ready.size() === 0 && !running ? Promise.resolve() : new Promise((resolve) => idle.push(resolve))

  return {
    tick,
    lease,
    take,
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
      ready.drop()
      const grace = new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(graceMs, MINUTE))
        void whenIdle().then(() => {
          clearTimeout(timer)
          resolve()
        })
      })
      await grace
      await record.flushed()
      await db.commit([giveBackAll(db, owner, clock())])
    },
  }
}

const isEasy = (webhook: WebhookTable): boolean =>
  webhook.state === 'active' &&
  webhook.ordered === 0 &&
  webhook.rate_per_second === null &&
  webhook.breaker_until === null &&
  webhook.breaker_streak === 0

const idsOf = (list: readonly Ready[]): string[] => list.map(({ delivery }) => delivery.id)

/** Counts in a map that keeps nothing at zero. */
function add(counts: Map<string, number>, key: string, by: number): void {
  const now = (counts.get(key) ?? 0) + by
  if (now === 0) counts.delete(key)
  else counts.set(key, now)
}
