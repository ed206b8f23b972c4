import { tryCommit, type Statement } from '../../db/db.ts'
import { guardOf } from '../../db/queries/guards.ts'
import { eventById, type EventRow } from '../../db/queries/events.ts'
import { mustBeWhole } from '../../db/queries/erase.ts'
import { insertDelivery } from '../../db/queries/one-delivery.ts'
import type { Webhook } from '../../db/queries/webhooks.ts'
import { fail } from '../lib/errors.ts'
import { newId } from '../lib/ids.ts'
import type { Engine } from './engine.ts'

/**
 * Delivers an event to a webhook that did not get it: one that was made later, or that chose other events then. The body
 * is made at sending where no other webhook had its format. Throws `conflict` where there is nothing to send.
 */
export async function replay(
  engine: Engine,
  event: EventRow,
  webhook: Webhook,
  audit: readonly Statement[],
): Promise<string> {
  if (event.test === 1) throw fail('conflict', 'This was a test event. Send a new test instead.')
  if (webhook.state !== 'active' && webhook.state !== 'failing') {
    throw fail('conflict', 'Its webhook is switched off. Activate the webhook first.')
  }
  if (event.erased_at !== null) throw erased()
  if ((await guardOf(engine.db, event.id)) !== null) {
    throw fail('conflict', 'A guard holds this event. It goes out when the guard lets it pass.')
  }
  const id = newId('dlv', engine)
  const now = engine.clock()
  const delivery = insertDelivery(engine.db, event.id, {
    id,
    event_id: event.id,
    webhook_id: webhook.id,
    site_id: event.site_id,
    type: event.type,
    test: 0,
    state: 'pending',
    attempts: 0,
    due_at: now,
    created_at: now,
  })
  if (!(await tryCommit(engine.db, [...mustBeWhole(engine.db, event.id), ...audit, delivery]))) {
    if ((await eventById(engine.db, event.id))?.erased_at !== null) throw erased()
    throw fail('conflict', 'This webhook has a delivery of this event already. Redeliver that one.')
  }
  engine.wake()
  return id
}

const erased = () => fail('conflict', 'Its data was erased. Nothing is left that could be sent.')
