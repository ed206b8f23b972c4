import { tryCommit } from '../../db/db.ts'
import type { DeliveryRow } from '../../db/queries/deliveries.ts'
import { mustBeRedelivered, mustNotBeRedelivered, redeliver } from '../../db/queries/redeliveries.ts'
import { tryNow } from '../../db/queries/dispatch.ts'
import { auditEntries } from '../access/audit.ts'
import type { Deps } from '../deps.ts'
import type { Actor } from '../lib/actor.ts'
import { msg, type Message } from '../lib/message.ts'
import { isWaiting } from '../webhooks/cancel.ts'

/** Why a delivery cannot be sent once more right now; null when it can. */
export function whyNotRedeliver(delivery: DeliveryRow): Message | null {
  if (delivery.erased_at !== null) return msg('Its data was erased. Nothing is left that could be sent.')
  if (delivery.test === 1) return msg('This was a test event. Send a new test instead.')
  if (delivery.webhook_state === null) return msg('The webhook of this delivery was deleted.')
  if (delivery.webhook_state === 'disabled' || delivery.webhook_state === 'retired') {
    return msg('Its webhook is switched off. Activate the webhook first.')
  }
  if (delivery.guard !== null) return msg('A guard holds this event. It goes out when the guard lets it pass.')
  if (delivery.batch_id !== null && isWaiting(delivery) && (delivery.state !== 'held' || delivery.batch_id !== '')) {
    return msg('It goes out with its batch.')
  }
  if (delivery.state === 'delivering') return msg('It is on its way right now.')
  return delivery.resume_state === null ? null : msg('It is already being redelivered.')
}

/** One more attempt, now. Answers why there can be none; null when it was put on its way. */
export async function redeliverOne(deps: Deps, actor: Actor, delivery: DeliveryRow): Promise<Message | null> {
  const refused = whyNotRedeliver(delivery)
  if (refused) return refused
  // Somebody else can have been quicker since the delivery was read.
  return (await redeliverMany(deps, actor, [delivery])) > 0 ? null : msg('It is already being redelivered.')
}

/** As many as fit into one batch of D1, with the entries of the audit log. */
const AT_ONCE = 40

/**
 * One more attempt of each that can have one. Answers how many that were. Each stands in front of all that waits, so that
 * the oldest comes last.
 */
export async function redeliverMany(deps: Deps, actor: Actor, deliveries: readonly DeliveryRow[]): Promise<number> {
  const possible = deliveries
    .filter((delivery) => whyNotRedeliver(delivery) === null)
    .toSorted((one, other) => other.seq - one.seq)
  let count = 0
  for (let i = 0; i < possible.length; i += AT_ONCE) {
    const some = possible.slice(i, i + AT_ONCE)
    if (await redeliverAll(deps, actor, some)) count += some.length
    // One of them cannot go any more, which is no reason to leave out the others.
    else if (some.length > 1) for (const one of some) count += (await redeliverAll(deps, actor, [one])) ? 1 : 0
  }
  if (count > 0) deps.wake()
  return count
}

/** All of these or none, with their entries of the audit log. Answers whether they went. */
function redeliverAll(deps: Deps, actor: Actor, deliveries: readonly DeliveryRow[]): Promise<boolean> {
  const { db, clock } = deps
  const ids = deliveries.map(({ id }) => id)
  const entries = deliveries.map(({ id, webhook_owner: owner }) => ({
    action: 'delivery.redelivered',
    target: id,
    owner: owner ?? 'network',
  }))
  const webhooks = [...new Set(deliveries.map(({ webhook_id: webhook }) => webhook))]
  return tryCommit(db, [
    ...auditEntries(deps, actor, entries),
    mustNotBeRedelivered(db, ids),
    ...ids.map((id) => redeliver(db, id, clock())),
    mustBeRedelivered(db, ids),
    tryNow(db, webhooks, clock()),
  ])
}
