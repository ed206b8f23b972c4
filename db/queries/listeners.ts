import { sql } from 'kysely'
import type { Db } from '../db.ts'

/** How many webhooks of an owner (null: of all) want each event type, and how many want all. Retired ones want nothing. */
export async function countListeners(
  db: Db,
  owner: string | null,
): Promise<{ readonly ofAll: number; readonly byType: ReadonlyMap<string, number> }> {
  const wanting = () => {
    const query = db.q.selectFrom('webhook').where('webhook.state', '<>', sql.lit('retired'))
    return owner === null ? query : query.where('webhook.owner', '=', owner)
  }
  const [all, rows] = await Promise.all([
    wanting()
      .where('all_events', '=', 1)
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow(),
    wanting()
      .where('all_events', '=', 0)
      .innerJoin('webhook_event', 'webhook_event.webhook_id', 'webhook.id')
      .select(['event_type', (eb) => eb.fn.countAll<number>().as('count')])
      .groupBy('event_type')
      .execute(),
  ])
  return { ofAll: Number(all.count), byType: new Map(rows.map((row) => [row.event_type, Number(row.count)])) }
}
