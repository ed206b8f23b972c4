import { sql } from 'kysely'
import { tryCommit, type Db, type Statement } from '../../db/db.ts'
import { must } from '../../db/must.ts'
import { cancelDelivery } from '../../db/queries/cancel.ts'
import { deliveryById, type DeliveryRow } from '../../db/queries/deliveries.ts'
import { settleMembers } from '../../db/queries/dispatch.ts'
import { webhookById } from '../../db/queries/webhooks.ts'
import { withoutMember } from './batch.ts'
import type { Engine } from './engine.ts'

/**
 * Ends a delivery that waits; a batch with all of its events. One event of a closed batch is taken out of it: that batch
 * ends, and the others leave in a new one. Answers whether it still waited; `audit` is written only then.
 */
export async function cancel(engine: Engine, delivery: DeliveryRow, audit: readonly Statement[]): Promise<boolean> {
  const { db } = engine
  const batch = delivery.batch_id ? await deliveryById(db, delivery.batch_id) : undefined
  const statements = batch ? await takeOut(engine, delivery, batch) : end(engine, delivery.id)
  const isEnded = await tryCommit(db, [mustWait(db, delivery.id), ...statements, ...audit])
  if (isEnded) engine.wake()
  return isEnded
}

/** Whether a delivery can be cancelled, as far as one sees. */
export const isWaiting = ({ state }: Pick<DeliveryRow, 'state'>): boolean =>
  state === 'pending' || state === 'retrying' || state === 'held'

const end = ({ db, clock }: Engine, id: string): Statement[] => [
  cancelDelivery(db, id, clock()),
  mustHaveEnded(db, id),
  settleMembers(db, [{ delivery: id }]),
]

async function takeOut(engine: Engine, member: DeliveryRow, batch: DeliveryRow): Promise<Statement[]> {
  const { db, clock } = engine
  const webhook = await webhookById(db, batch.webhook_id)
  return [
    mustWait(db, batch.id),
    cancelDelivery(db, batch.id, clock(), 'One of its events was cancelled. The others go out in a new batch.'),
    mustHaveEnded(db, batch.id),
    cancelDelivery(db, member.id, clock()),
    ...(webhook ? await withoutMember(engine, webhook, batch, member.id) : []),
  ]
}

const waiting = (id: string) =>
  sql`exists (select 1 from delivery where id = ${id} and state in ('pending', 'retrying', 'held'))`

const mustWait = (db: Db, id: string) => must(db, sql`not ${waiting(id)}`)

/** On PostgreSQL somebody may have claimed it between two statements. */
const mustHaveEnded = (db: Db, id: string) =>
  must(db, sql`exists (select 1 from delivery where id = ${id} and due_at is not null)`)
