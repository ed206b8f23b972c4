import { tryCommit, type Statement } from '../../db/db.ts'
import {
  closeBatch,
  contentsOf,
  gathered,
  gatheredIn,
  gatheringWebhooks,
  holdLoose,
  rebatch,
  type Gathered,
  type NewBatch,
} from '../../db/queries/batches.ts'
import { webhookRows } from '../../db/queries/dispatch.ts'
import { setting } from '../../db/queries/settings.ts'
import { MAIN_SITE } from '../../db/queries/sites.ts'
import type { WebhookTable } from '../../db/schema.ts'
import { newId } from '../lib/ids.ts'
import type { JsonObject } from '../lib/json.ts'
import { closesAt, fill, isFull, type DeliveryPlan } from './batch-policy.ts'
import type { Engine } from './engine.ts'
import { makeBatch } from './make-body.ts'

/** Closes the batches whose time has come, or that are full. Called by every tick, which goes on where one cannot be closed. */
export async function closeDueBatches(engine: Engine): Promise<void> {
  const ids = await gatheringWebhooks(engine.db)
  if (ids.length === 0) return
  const timeZone = await setting(engine.db, 'time_zone')
  for (const webhook of await webhookRows(engine.db, ids)) {
    if (webhook.state !== 'active' && webhook.state !== 'failing') continue
    try {
      await closeWhatIsDue(engine, webhook, timeZone)
    } catch (error) {
      engine.log.error('A batch could not be closed', { webhook: webhook.id, error: String(error) })
    }
  }
}

async function closeWhatIsDue(engine: Engine, webhook: WebhookTable, timeZone: string): Promise<void> {
  const plan = JSON.parse(webhook.delivery) as DeliveryPlan
  const isTime = ([first]: readonly Gathered[]) =>
    first !== undefined && closesAt(plan, first.created_at, timeZone) <= engine.clock()
  await close(engine, webhook, plan, (group) => isFull(group, plan.maxEvents) || isTime(group))
}

/** *Flush now*: closes everything that waits of one webhook. Answers how many events that were; `audit` goes with the first. */
export const flush = (engine: Engine, webhook: WebhookTable, audit: readonly Statement[]): Promise<number> =>
  close(engine, webhook, JSON.parse(webhook.delivery) as DeliveryPlan, () => true, audit)

async function close(
  engine: Engine,
  webhook: WebhookTable,
  plan: DeliveryPlan,
  isDue: (group: readonly Gathered[]) => boolean,
  audit: readonly Statement[] = [],
): Promise<number> {
  const waiting = await gathered(engine.db, webhook.id)
  const groups = fill(waiting, plan.maxEvents)
  // All but the last one are full: what comes next did not fit.
  const due = groups.filter((group, n) => n < groups.length - 1 || isDue(group))
  let closed = 0
  for (const group of due) {
    if (await closeOne(engine, webhook, group, closed === 0 ? audit : [])) closed += group.length
  }
  if (closed > 0) engine.wake()
  return closed
}

/** False when another process closed it in this moment; what it left is seen in the next tick. */
async function closeOne(
  engine: Engine,
  webhook: WebhookTable,
  group: readonly Gathered[],
  also: readonly Statement[],
): Promise<boolean> {
  const { db } = engine
  const batch = await batchOf(engine, webhook, group)
  return tryCommit(db, [...(batch.ok ? closeBatch(db, batch.batch) : holdLoose(db, group, batch.why)), ...also])
}

/**
 * A batch that its receiver found too large goes out again in two halves, each under its own id; a half is not halved once
 * more. The statements follow those that record the attempt. Null where it has but one event.
 */
export async function halve(
  engine: Engine,
  webhook: WebhookTable,
  batch: { readonly id: string; readonly attempts: number },
): Promise<{ statements: readonly Statement[]; reason: string } | null> {
  const events = await gatheredIn(engine.db, batch.id)
  if (events.length < 2) return null
  const middle = Math.ceil(events.length / 2)
  const halves = [events.slice(0, middle), events.slice(middle)]
  const tried = await Promise.all(halves.map((half) => batchOf(engine, webhook, half, batch.id)))
  const made = tried.flatMap((half) => (half.ok ? half.batch : []))
  if (made.length < tried.length) return null
  const ids = made.map(({ id }) => id).join(' and ')
  return {
    statements: made.flatMap((half) => rebatch(engine.db, half, batch)),
    reason: `The receiver found the batch too large (413). Its events go out in two halves: ${ids}.`,
  }
}

/** What is left of a batch when one of its events was cancelled goes out under a new id. */
export async function withoutMember(
  engine: Engine,
  webhook: WebhookTable,
  batch: { readonly id: string; readonly attempts: number },
  member: string,
): Promise<readonly Statement[]> {
  const rest = (await gatheredIn(engine.db, batch.id)).filter(({ id }) => id !== member)
  if (rest.length === 0) return []
  const next = await batchOf(engine, webhook, rest)
  return next.ok ? rebatch(engine.db, next.batch, batch) : holdLoose(engine.db, rest, next.why)
}

async function batchOf(
  engine: Engine,
  webhook: WebhookTable,
  group: readonly Gathered[],
  halfOf: string | null = null,
): Promise<{ readonly ok: true; readonly batch: NewBatch } | { readonly ok: false; readonly why: string }> {
  const id = newId('bat', engine)
  const now = engine.clock()
  const members = group.map((one) => one.id)
  const contents = await contentsOf(engine.db, members)
  const events = members.flatMap((member) => {
    const one = contents.get(member)
    if (!one) return [] // erased in this moment: then the batch does not close, and the next look finds the others
    const data = JSON.parse(one.payload) as JsonObject
    return { id: one.event_id, type: one.type, occurredAt: one.occurred_at, site: one.site_slug, data }
  })
  const made = await makeBatch(engine, webhook.format, events, { id, closedAt: now })
  if (!made.ok) return made
  const sites = new Set(group.map((one) => one.site_id))
  const [site = MAIN_SITE] = sites.size === 1 ? sites : []
  const seq = group.at(-1)?.seq ?? 0
  const { format } = webhook
  return { ok: true, batch: { id, webhook: webhook.id, site, seq, format, text: made.text, now, members, halfOf } }
}
