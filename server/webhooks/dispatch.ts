import {
  claimDue,
  dueWebhooks,
  freeAllLeases,
  giveBack,
  parcels,
  releaseHeld,
  webhooksById,
  type ClaimedDelivery,
} from '../../db/queries/dispatch.ts'
import { MINUTE, SECOND } from '../lib/clock.ts'
import type { Engine } from './engine.ts'
import { renderMissing, SENDING_OFF } from './outbox.ts'
import { createRecorder } from './record.ts'
import { sendAttempt, type Attempt, type SendDeps } from './send.ts'
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
}

/** Takes what is due and sends it, fair between webhooks. Both runtimes call the same `tick`. */
export interface Dispatcher {
  /** Claims what fits into free slots and starts sending it. Resolves when the claims are on their way, not when they ended. */
  tick(): Promise<void>
  /** Resolves when nothing is due and nothing is under way, or at `deadline` (milliseconds UTC). */
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
  let inFlight = 0
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
    if (!engine.config.delivery || inFlight >= concurrency) return
    const now = clock()
    const shares = share(await dueWebhooks(db, now), {
      flying,
      free: concurrency - inFlight,
      perWebhook,
      after: lastServed,
    })
    lastServed = shares.at(-1)?.webhook ?? lastServed
    const lease = now + LONGEST_ATTEMPT + LEASE_MARGIN
    const results = await db.commit(
      shares.map(({ webhook, slots }) => claimDue(db, { webhook, limit: slots, now, lease, owner: options.owner })),
    )
    const claimed = results.flatMap((result) => result.rows as unknown as ClaimedDelivery[])
    if (claimed.length > 0) await sendAll(claimed)
  }

  async function sendAll(claimed: readonly ClaimedDelivery[]): Promise<void> {
    const [carried, webhooks] = await Promise.all([
      parcels(
        db,
        claimed.map(({ id }) => id),
      ),
      webhooksById(db, [...new Set(claimed.map((delivery) => delivery.webhook_id))]),
    ])
    const byId = new Map(webhooks.map((webhook) => [webhook.id, webhook]))
    for (const delivery of claimed) {
      const webhook = byId.get(delivery.webhook_id)
      const parcel = carried.get(delivery.id)
      if (!webhook || !parcel) {
        record.abandon(delivery, webhook ? 'The event was erased.' : 'The webhook was deleted.')
        continue
      }
      count(webhook.id, 1)
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

  async function send(
    delivery: ClaimedDelivery,
    webhook: WebhookTable,
    parcel: { payload: string; occurred_at: number; hops: number; site_slug: string; body: string | null },
  ): Promise<void> {
    const body =
      parcel.body ??
      (await renderMissing(engine, { ...parcel, id: delivery.event_id, type: delivery.type }, webhook.format))
    const attempt: Attempt = await sendAttempt(engine, {
      delivery: delivery.id,
      event: { id: delivery.event_id, type: delivery.type, site: parcel.site_slug, hops: parcel.hops },
      webhook,
      secrets: await secrets.of(webhook),
      body,
      number: delivery.attempts + 1,
      test: delivery.test === 1,
      redelivery: delivery.resume_state !== null,
    })
    await record.attempt(delivery, webhook, attempt)
  }

  function count(webhook: string, by: number): void {
    inFlight += by
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
        await tick()
        if (inFlight === 0 && (await dueWebhooks(db, clock())).length === 0) return
        await whenIdle()
      }
    },

    async start() {
      if (options.alone) await db.commit([freeAllLeases(db, clock())])
      if (!engine.config.delivery) return
      for (let freed = 1; freed > 0;) {
        const [result] = await db.commit([releaseHeld(db, SENDING_OFF, clock())])
        freed = result?.changes ?? 0
      }
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
