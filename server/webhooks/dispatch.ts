import {
  claimDue,
  claimHead,
  contentsOf,
  dueWebhooks,
  freeAllLeases,
  giveBackAll,
  giveBackSome,
  webhookRows,
  type ClaimedDelivery,
} from '../../db/queries/dispatch.ts'
import { webhooksRevision } from '../../db/queries/outbox.ts'
import { MINUTE, SECOND } from '../lib/clock.ts'
import { atMost, pause } from '../lib/wait.ts'
import { closeDueBatches } from './batch.ts'
import { slotsOf } from './breaker.ts'
import { createDeliver } from './deliver.ts'
import { createEasy } from './easy.ts'
import type { Engine, HandOver } from './engine.ts'
import { createHandOver } from './hand-over.ts'
import { createPace, type Pace } from './pace.ts'
import { createRate, type Rate } from './rate.ts'
import type { Ready } from './ready.ts'
import { createRecorder } from './record.ts'
import type { SendDeps } from './send.ts'
import { isSending, readyToSend, releaseAll } from './sending.ts'
import { share } from './share.ts'
import { createSlots } from './slots.ts'
import type { Tally } from './tally.ts'
import type { WebhookTable } from '../../db/schema.ts'

export interface DispatchOptions {
  /** Names this process in the leases it takes. */
  readonly owner: string
  /** Attempts under way at once, in all and per webhook: no more than that, whatever the settings say. */
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
  /**
   * Resolves when nothing more may go out now and nothing is under way, or at `deadline` (milliseconds UTC). What only its
   * rate holds back is waited for, unless told not to.
   */
  drain(deadline: number, waits?: boolean): Promise<void>
  /** Frees what died with an earlier process and what was held while sending was off. Once, before the first tick. */
  start(): Promise<void>
  /** Claims nothing more, waits at most `graceMs` for attempts under way, and gives back what was cut. */
  stop(graceMs: number): Promise<void>
  /** When it last ticked, in milliseconds UTC; for /readyz. */
  readonly lastTick: () => number
  readonly inFlight: () => number
  readonly attempts: () => Tally
}

/** How long a claim outlives the attempt's own time-out, so that recording it is never a race with a second sender. */
const LEASE_MARGIN = 30 * SECOND
const LONGEST_ATTEMPT = 30 * SECOND
const LEASE = LONGEST_ATTEMPT + LEASE_MARGIN

export function createDispatcher(engine: Engine & SendDeps, options: DispatchOptions): Dispatcher {
  const { db, clock, log } = engine
  const { owner } = options
  /** As the last look found them: none before the first one. */
  const limits = { concurrency: 0, perWebhook: 0 }
  const ahead = options.ahead ?? 0
  const record = createRecorder(engine, owner)
  const rate = options.rate ?? createRate()
  const pace = options.pace ?? createPace()
  const easy = createEasy({ pace, limits, ahead })
  const deliveries = createDeliver(engine, record)
  const slots = createSlots({
    limits,
    pace,
    clock,
    deliver,
    isInTime: ({ until }) => until - clock() >= LONGEST_ATTEMPT,
    late: giveBack,
    freed(webhook) {
      if (running) freed.add(webhook)
      else if (isWorthALook(webhook)) void tick()
      settle()
    },
  })
  /** Enough to make a look worth while. */
  const hasRoom = (): boolean => slots.size() < limits.concurrency + ahead && slots.waiting() <= ahead / 2
  /** The last look found more than all slots could take. */
  let isCrowded = false
  /** Webhooks whose attempts ended while a look was on its way. */
  const freed = new Set<string>()
  /** Of a webhook that is easy and not behind, there is nothing to be found. */
  const isWorthALook = (webhook: string): boolean =>
    !easy.has(webhook) || ((isCrowded || easy.isBehind(webhook)) && hasRoom())
  /** When the next of those may go out that only their rate holds back; null when there are none. */
  let heldUntil: number | null = null
  let revision = -1
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
        const more = again || [...freed].some(isWorthALook)
        again = false
        freed.clear()
        if (more) void tick()
        else settle()
      })
    return running
  }

  async function claimAndSend(): Promise<void> {
    easy.forgetPromises()
    heldUntil = null
    const allowed = await readyToSend(engine)
    if (!allowed) return giveBack(slots.drop())
    limits.concurrency = Math.min(allowed.concurrency, options.concurrency ?? Infinity)
    limits.perWebhook = Math.min(allowed.perWebhook, options.perWebhook ?? Infinity)
    await forgetWhatChanged()
    if (slots.size() >= limits.concurrency + ahead) return void (isCrowded = true)
    await closeDueBatches(engine)
    const now = clock()
    const due = await dueWebhooks(db, now)
    if (due.length === 0) {
      isCrowded = false
      return easy.setBehind([])
    }
    const webhooks = new Map((await webhookRows(db, due)).map((webhook) => [webhook.id, webhook]))
    easy.look(webhooks.values())
    heldUntil = rate.nextTurn(webhooks.values(), now)
    const ours = slots.counts()
    const free = limits.concurrency + ahead - slots.size()
    const shares = share(due, {
      flying: ours,
      free,
      most: (id) => mostOf(webhooks.get(id), ours.get(id) ?? 0, now),
      isSlow: slots.isSlow,
      freeForSlow: slots.freeForSlow(ours),
      after: lastServed,
    })
    lastServed = shares.at(-1)?.webhook ?? lastServed
    const claim = { now, lease: now + LEASE, owner }
    const results = await db.commit(
      shares.map(({ webhook, slots: limit }) =>
        webhooks.get(webhook)?.ordered === 1
          ? claimHead(db, { ...claim, webhook })
          : claimDue(db, { ...claim, webhook, limit }),
      ),
      'written',
    )
    const unused = new Map(shares.map((one, n) => [one.webhook, one.slots - (results[n]?.rows.length ?? 0)]))
    easy.setBehind(due.filter((id) => easy.has(id) && !unused.get(id)))
    isCrowded = shares.reduce((sum, { slots }) => sum + slots, 0) === free
    // What is still ours was due because the clock jumped over the end of its lease, which is a new one now.
    const claimed = results
      .flatMap((result) => result.rows as unknown as ClaimedDelivery[])
      .filter(({ id }) => !slots.has(id))
    if (claimed.length > 0) await getReady(claimed, webhooks, claim.lease)
  }

  /** How many deliveries of a webhook may be ours: what its breaker, its rate and its order leave of the usual ten. */
  function mostOf(webhook: WebhookTable | undefined, ours: number, now: number): number {
    if (!webhook) return limits.perWebhook // its deliveries are cancelled, which takes a claim
    const { id, breaker_until: until, breaker_step: step, breaker_streak: streak } = webhook
    if (easy.has(id)) return easy.most(id)
    const most = slotsOf({ until, step, streak }, now, webhook.ordered === 1 ? 1 : limits.perWebhook)
    if (webhook.rate_per_second === null) return most
    return Math.min(most, ours + rate.free(id, webhook.rate_per_second, now))
  }

  async function getReady(
    claimed: readonly ClaimedDelivery[],
    byId: ReadonlyMap<string, WebhookTable>,
    until: number,
  ): Promise<void> {
    const carried = await contentsOf(
      db,
      claimed.map(({ id }) => id),
    )
    const list: Ready[] = []
    for (const delivery of claimed) {
      const webhook = byId.get(delivery.webhook_id)
      const contents = carried.get(delivery.id)
      if (!webhook || !contents) {
        record.abandon(delivery, webhook ? 'The event was erased.' : 'The webhook was deleted.')
        continue
      }
      if (webhook.rate_per_second !== null) rate.take(webhook.id, webhook.rate_per_second, clock())
      list.push({ delivery, webhook, contents, until })
    }
    slots.add(list)
  }

  async function deliver(ready: Ready): Promise<void> {
    const { delivery, webhook } = ready
    try {
      const attempt = await deliveries.attempt(ready)
      if (!attempt) return
      pace.note(webhook.id, attempt.durationMs)
      const recorded = record.attempt(delivery, webhook, attempt)
      if (attempt.outcome === 'ok') return await recorded
      // What waits for it goes back, to be claimed with care.
      giveBack(slots.drop(webhook.id))
      await easy.leave(webhook.id, recorded)
    } catch (error) {
      log.error('An attempt could not be recorded', { delivery: delivery.id, error: String(error) })
    }
  }

  /** What is in memory was read before somebody changed a webhook. */
  async function forgetWhatChanged(): Promise<void> {
    const now = await webhooksRevision(db)
    if (now === revision) return
    revision = now
    easy.forget()
    giveBack(slots.drop())
  }

  /** They were never tried. If this fails, their leases end by themselves. */
  function giveBack(ids: readonly string[]): void {
    if (ids.length === 0) return
    db.commit([giveBackSome(db, owner, ids)], 'written').then(
      () => void tick(),
      (error: unknown) => log.error('Deliveries could not be given back', { error: String(error) }),
    )
  }

  function settle(): void {
    if (slots.size() > 0 || running) return
    for (const resolve of idle.splice(0)) resolve()
  }

  const whenIdle = (): Promise<void> =>
    slots.size() === 0 && !running ? Promise.resolve() : new Promise((resolve) => idle.push(resolve))

  return {
    ...createHandOver({
      lease: () => ({ owner, until: clock() + LEASE }),
      knows: (known) => known === revision,
      isStopping: () => stopping,
      easy,
      slots,
      limits,
      sign: deliveries.sign,
      giveBack,
    }),
    tick,
    lastTick: () => lastTick,
    inFlight: slots.inFlight,
    attempts: deliveries.attempts,

    async drain(deadline, waits = true) {
      while (clock() < deadline) {
        const before = slots.begun()
        await tick()
        await whenIdle()
        if (slots.begun() !== before) continue
        if (!waits || heldUntil === null || heldUntil >= deadline) return
        await pause(heldUntil - clock())
      }
    },

    async start() {
      if (options.alone) await db.commit([freeAllLeases(db, clock())])
      if (await isSending(engine)) await releaseAll(engine)
    },

    async stop(graceMs) {
      stopping = true
      slots.drop()
      await atMost(Math.min(graceMs, MINUTE), whenIdle())
      await record.flushed()
      await db.commit([giveBackAll(db, owner, clock())])
    },
  }
}
