import type { Db } from '../../db/db.ts'
import { deliveryById, type DeliveryRow } from '../../db/queries/deliveries.ts'
import { eventById, type EventRow } from '../../db/queries/events.ts'
import { redeliveryById } from '../../db/queries/redeliveries.ts'
import { webhookById, type Webhook } from '../../db/queries/webhooks.ts'
import type { RedeliveryTable } from '../../db/schema.ts'
import type { Owner } from '../lib/actor.ts'
import { notFound } from '../lib/errors.ts'
import { isId } from '../lib/ids.ts'

/*
 * Things by their ids, as their owner sees them; the network sees every site's too. What belongs to somebody else is not
 * there: `not_found`.
 */

export const ownWebhook = async (db: Db, owner: Owner, id: string): Promise<Webhook> =>
  there(isId('whk', id) && (await webhookById(db, id, owner)))

export const ownEvent = async (db: Db, owner: Owner, id: string): Promise<EventRow> =>
  there(isId('evt', id) && (await eventById(db, id, owner)))

export const ownDelivery = async (db: Db, owner: Owner, id: string): Promise<DeliveryRow> =>
  there(isDelivery(id) && (await deliveryById(db, id, owner)))

/** Whether a text may be the id of a delivery, or of a batch, which is one. */
export const isDelivery = (id: string): boolean => isId('dlv', id) || isId('bat', id)

export async function ownRedelivery(db: Db, owner: Owner, id: string): Promise<RedeliveryTable> {
  const run = there(isId('red', id) && (await redeliveryById(db, id)))
  return there((owner === 'network' || run.owner === owner) && run)
}

function there<Row>(row: Row | false | undefined): Row {
  if (!row) throw notFound()
  return row
}
