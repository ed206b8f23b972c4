import type { DeliveryRow } from '../../db/queries/deliveries.ts'
import type { EventRow } from '../../db/queries/events.ts'
import { stopRedelivery } from '../../db/queries/redeliveries.ts'
import type { Webhook } from '../../db/queries/webhooks.ts'
import type { RedeliveryTable } from '../../db/schema.ts'
import { auditEntry } from '../access/audit.ts'
import type { Deps } from '../deps.ts'
import type { Actor } from '../lib/actor.ts'
import { flush } from '../webhooks/batch.ts'
import { cancel } from '../webhooks/cancel.ts'
import { replay } from '../webhooks/replay.ts'

/** What the pages and the API do to deliveries, each with its row of the audit log in the same commit. */

/** Ends a delivery that waits; false where it no longer does. */
export const cancelOne = (deps: Deps, actor: Actor, delivery: DeliveryRow): Promise<boolean> => {
  const { id: target, webhook_owner: owner } = delivery
  const audit = auditEntry(deps, actor, { action: 'delivery.cancelled', target, owner: owner ?? 'network' })
  return cancel(deps, delivery, audit)
}

/** Sends a webhook's events that wait for a batch before its time, and answers how many those are. */
export const flushNow = (deps: Deps, actor: Actor, webhook: Webhook): Promise<number> =>
  flush(deps, webhook, auditEntry(deps, actor, { action: 'webhook.flushed', target: webhook.id, owner: webhook.owner }))

/** Delivers an event to a webhook that did not get it, and answers the id of that delivery. Throws `conflict` as `replay` does. */
export const replayTo = (deps: Deps, actor: Actor, event: EventRow, webhook: Webhook): Promise<string> => {
  const { id, owner } = webhook
  const entry = { action: 'event.replayed', target: event.id, owner, after: { webhook: id } }
  return replay(deps, event, webhook, auditEntry(deps, actor, entry))
}

/** Stops sending again what failed; what was put on its way already goes out. */
export async function stopRun(deps: Deps, actor: Actor, { id, owner }: RedeliveryTable): Promise<void> {
  const audit = auditEntry(deps, actor, { action: 'redelivery.stopped', target: id, owner })
  await deps.db.commit([...audit, stopRedelivery(deps.db, id)])
}
