import { sql } from 'kysely'
import type { Db } from '../db.ts'
import type { WebhookState } from '../schema.ts'

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

/** The webhooks of an owner (null: of all) that want an event type, by name. Retired ones want nothing. */
export function listenersTo(
  db: Db,
  type: string,
  { owner, limit }: { owner: string | null; limit: number },
): Promise<{ id: string; name: string; state: WebhookState }[]> {
  const query = db.q
    .selectFrom('webhook')
    .select(['id', 'name', 'state'])
    .where('state', '<>', sql.lit('retired'))
    .where((eb) =>
      eb.or([
        eb('all_events', '=', 1),
        eb('id', 'in', db.q.selectFrom('webhook_event').select('webhook_id').where('event_type', '=', type)),
      ]),
    )
    .orderBy('name')
    .limit(limit)
  return (owner === null ? query : query.where('owner', '=', owner)).execute()
}
