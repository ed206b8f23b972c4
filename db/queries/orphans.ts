import { sql } from 'kysely'
import type { Db } from '../db.ts'

const count = async (db: Db, rows: ReturnType<typeof sql>): Promise<number> => {
  const found = await sql<{ count: number }>`select count(*) as count from ${rows}`.execute(db.q)
  return Number(found.rows[0]?.count ?? 0)
}

/*
 * Rows that lead nowhere, which no commit of ours leaves behind: for `hookline db check`, because each looks at a whole table.
 */

/** Deliveries whose event is gone. A batch is a delivery of no event of its own. */
export const deliveriesWithoutEvent = (db: Db): Promise<number> =>
  count(db, sql`delivery where type <> 'batch' and not exists (select 1 from event where event.id = delivery.event_id)`)

/** Deliveries that wait for a webhook that is gone. Those that ended outlive it. */
export const waitingWithoutWebhook = (db: Db): Promise<number> =>
  count(
    db,
    sql`delivery where state in ('pending', 'retrying', 'delivering', 'held')
      and not exists (select 1 from webhook where webhook.id = delivery.webhook_id)`,
  )

export const attemptsWithoutDelivery = (db: Db): Promise<number> =>
  count(db, sql`attempt where not exists (select 1 from delivery where delivery.id = attempt.delivery_id)`)

export const secretsWithoutWebhook = (db: Db): Promise<number> =>
  count(
    db,
    sql`webhook_secret where webhook_id <> 'unsaved'
      and not exists (select 1 from webhook where webhook.id = webhook_secret.webhook_id)`,
  )

/** Webhooks of a site that is gone. */
export const webhooksWithoutSite = (db: Db): Promise<number> =>
  count(db, sql`webhook where owner <> 'network' and not exists (select 1 from site where site.id = webhook.owner)`)
