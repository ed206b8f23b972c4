import {
  addToBuckets,
  addToHours,
  insertAttempts,
  settleMembers,
  updateDeliveries,
  type ClaimedDelivery,
} from '../../db/queries/dispatch.ts'
import type { Statement } from '../../db/db.ts'
import type { WebhookTable } from '../../db/schema.ts'
import { toBase64 } from '../lib/base64.ts'
import { HOUR, SECOND } from '../lib/clock.ts'
import { newId } from '../lib/ids.ts'
import { pause } from '../lib/wait.ts'
import { halve } from './batch.ts'
import { decide, type Decision, type Resume } from './decide.ts'
import type { Engine } from './engine.ts'
import { bucketOf } from './histogram.ts'
import { judge, type Judged } from './judge.ts'
import { writeMail } from './mail.ts'
import { tell } from './tell.ts'
import type { Attempt } from './send.ts'

/** Writes down what attempts brought, many in one commit. */
export interface Recorder {
  /** Resolves when the attempt, the delivery's next state and the figures are durable. */
  attempt(delivery: ClaimedDelivery, webhook: WebhookTable, attempt: Attempt): Promise<void>
  /** A claimed delivery that can never be sent: what it was for is gone. */
  abandon(delivery: ClaimedDelivery, reason: string): void
  /** A claimed delivery that cannot be sent for now, through no fault of its receiver. No attempt is counted. */
  hold(delivery: ClaimedDelivery, reason: string): Promise<void>
  flushed(): Promise<void>
}

interface Entry {
  readonly delivery: ClaimedDelivery
  readonly webhook: WebhookTable | null
  readonly attempt: Attempt | null
  readonly decision: Omit<Decision, 'state'> & { readonly state: Decision['state'] | 'cancelled' }
  readonly done: PromiseWithResolvers<void>
}

const MOST_AT_ONCE = 128
const RETRY_AFTER = SECOND

/**
 * While one commit is on its way, the attempts that end gather for the next one: idle, each is written at once; busy,
 * many share a commit. A commit that fails is tried again until the lease would run out anyway: nothing is forgotten.
 */
export function createRecorder(engine: Engine, owner: string): Recorder {
  let waiting: Entry[] = []
  let flushing: Promise<void> | null = null

  function add(entry: Entry): Promise<void> {
    waiting.push(entry)
    flushing ??= flush().finally(() => (flushing = null))
    return entry.done.promise
  }

  async function flush(): Promise<void> {
    while (waiting.length > 0) {
      const entries = waiting.splice(0, MOST_AT_ONCE)
      try {
        await commitWithPatience(() => statementsFor(engine, owner, entries))
        for (const entry of entries) entry.done.resolve()
      } catch (error) {
        for (const entry of entries) entry.done.reject(error)
      }
    }
  }

  async function commitWithPatience(statements: () => Promise<readonly Statement[]>): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        // Lost in a power cut, it would be sent once more; a slot is not kept waiting for the disk.
        await engine.db.commit(await statements(), 'written')
        return
      } catch (error) {
        if (tries === 10) throw error
        engine.log.warn('Attempts could not be recorded; trying again', { error: String(error), tries })
        await pause(RETRY_AFTER)
      }
    }
  }

  return {
    attempt(delivery, webhook, attempt) {
      const decision = decide(
        {
          attempts: delivery.attempts + 1,
          firstAttemptAt: delivery.first_attempt_at ?? attempt.startedAt,
          schedule: attempt.outcome === 'ok' ? [] : (JSON.parse(webhook.retry_schedule) as number[]),
          redelivery: delivery.resume_state === null ? null : { resume: resumeOf(delivery) },
        },
        attempt,
        engine.clock(),
        chanceOf(engine),
      )
      return add({ delivery, webhook, attempt, decision, done: Promise.withResolvers() })
    },
    abandon(delivery, reason) {
      const decision = { state: 'cancelled' as const, dueAt: null, reason, disable: null }
      add({ delivery, webhook: null, attempt: null, decision, done: Promise.withResolvers() }).catch((error: unknown) =>
        engine.log.error('A delivery could not be cancelled', { delivery: delivery.id, error: String(error) }),
      )
    },
    hold(delivery, reason) {
      const decision = { state: 'held' as const, dueAt: null, reason, disable: null }
      return add({ delivery, webhook: null, attempt: null, decision, done: Promise.withResolvers() })
    },
    flushed: () => flushing ?? Promise.resolve(),
  }
}

/** What the schedule had in mind before a person asked for one more attempt; null where it had given up. */
function resumeOf({ resume_state: state, resume_at: dueAt }: ClaimedDelivery): Resume | null {
  if (state === 'pending' || state === 'retrying' || state === 'held' || state === 'delivered') return { state, dueAt }
  return null
}

const chanceOf = ({ random }: Engine): number => (random(1)[0] ?? 0) / 255

async function statementsFor(engine: Engine, owner: string, entries: readonly Entry[]): Promise<Statement[]> {
  const { db } = engine
  const now = engine.clock()
  const attempts = entries.flatMap(({ delivery, attempt }) =>
    attempt
      ? {
          id: newId('att', engine),
          delivery: delivery.id,
          owner,
          number: delivery.attempts + 1,
          started: attempt.startedAt,
          duration: Math.round(attempt.durationMs),
          outcome: attempt.outcome,
          status: attempt.status,
          error: attempt.error,
          request_headers: JSON.stringify(attempt.requestHeaders),
          response_headers: JSON.stringify(attempt.responseHeaders),
          response_body: toBase64(attempt.body),
          truncated: attempt.truncated ? 1 : 0,
          redelivery: delivery.resume_state === null ? 0 : 1,
          url: attempt.url,
          format: attempt.format,
        }
      : [],
  )
  const halved = new Map<string, NonNullable<Awaited<ReturnType<typeof halve>>>>()
  for (const { delivery, webhook, attempt } of entries) {
    if (!webhook || !isTooLarge(delivery, attempt)) continue
    const halves = await halve(engine, webhook, { id: delivery.id, attempts: delivery.attempts + 1 })
    if (halves) halved.set(delivery.id, halves)
  }
  const final = entries.map(({ delivery, attempt, decision: decided }) => {
    const halves = halved.get(delivery.id)
    const decision = halves ? { state: 'cancelled' as const, dueAt: null, reason: halves.reason } : decided
    return { delivery, attempt, decision }
  })
  const decisions = final.map(({ delivery, attempt, decision }) => ({
    delivery: delivery.id,
    owner,
    number: delivery.attempts + 1,
    count: delivery.attempts + (attempt ? 1 : 0),
    state: decision.state,
    due: decision.dueAt,
    outcome: attempt?.outcome ?? null,
    status: attempt?.status ?? null,
    reason: decision.reason,
    started: attempt?.startedAt ?? null,
    finished: decision.dueAt === null && decision.state !== 'held' ? now : null,
  }))
  const counted = entries.filter(({ attempt }) => attempt)
  const batches = entries
    .filter(({ delivery }) => delivery.type === 'batch')
    .map(({ delivery }) => ({ delivery: delivery.id }))
  const { statements, changes } = await judge(engine, counted.flatMap(judgedOf))
  return [
    ...(attempts.length > 0 ? [insertAttempts(db, attempts)] : []),
    ...statements,
    updateDeliveries(db, decisions),
    ...[...halved.values()].flatMap((halves) => halves.statements),
    ...(batches.length > 0 ? [settleMembers(db, batches)] : []),
    ...(counted.length > 0 ? [addToHours(db, hoursOf(counted)), addToBuckets(db, bucketsOf(counted))] : []),
    ...(await tell(engine, changes)),
    ...writeMail(engine, changes),
  ]
}

/** A batch is halved once, and not when a person asked for the same bytes again. */
const isTooLarge = (delivery: ClaimedDelivery, attempt: Attempt | null): boolean =>
  attempt?.status === 413 && delivery.type === 'batch' && delivery.half_of === null && delivery.resume_state === null

const judgedOf = ({ delivery, attempt, decision }: Entry): Judged[] =>
  attempt === null
    ? []
    : [
        {
          webhook: delivery.webhook_id,
          outcome: attempt.outcome,
          status: attempt.status,
          at: attempt.startedAt,
          disable: decision.disable,
        },
      ]

const hourOf = ({ attempt }: Entry) => Math.floor((attempt?.startedAt ?? 0) / HOUR) * HOUR

/** Per webhook and hour: attempts that delivered, and attempts that did not. */
function hoursOf(entries: readonly Entry[]): object[] {
  return [...Map.groupBy(entries, (entry) => `${entry.delivery.webhook_id} ${hourOf(entry)}`).values()].flatMap(
    (list) => {
      const [first] = list
      if (!first) return []
      const delivered = list.filter(({ attempt }) => attempt?.outcome === 'ok').length
      return { webhook: first.delivery.webhook_id, hour: hourOf(first), delivered, failed: list.length - delivered }
    },
  )
}

/** Per webhook and hour: how many attempts took how long. */
function bucketsOf(entries: readonly Entry[]): object[] {
  const rows = new Map<string, { webhook: string; hour: number; bucket: number; attempts: number }>()
  for (const entry of entries) {
    const [webhook, hour] = [entry.delivery.webhook_id, hourOf(entry)]
    const bucket = bucketOf(entry.attempt?.durationMs ?? 0)
    const key = `${webhook} ${hour} ${bucket}`
    const row = rows.get(key)
    if (row) row.attempts++
    else rows.set(key, { webhook, hour, bucket, attempts: 1 })
  }
  return [...rows.values()]
}
