import { sql, type CompiledQuery } from 'kysely'
import type { Db } from '../db.ts'
import { must } from '../must.ts'
import type { Origin } from '../schema.ts'
import { withEvents, type Webhook } from './webhooks.ts'

// Written out: a bound value would not use the index of REST hooks.
const restHook = sql.lit<Origin>('rest_hook')

const hooks = (db: Db, url: string, event: string) =>
  db.q
    .selectFrom('webhook')
    .innerJoin('webhook_event', 'webhook_event.webhook_id', 'webhook.id')
    .selectAll('webhook')
    .where('webhook.origin', '=', restHook)
    .where('webhook.url', '=', url)
    .where('webhook_event.event_type', '=', event)

/** The REST hook of this owner that sends this event to this address. */
export async function hookFor(db: Db, owner: string, url: string, event: string): Promise<Webhook | undefined> {
  const rows = await hooks(db, url, event).where('webhook.owner', '=', owner).limit(1).execute()
  return (await withEvents(db, rows))[0]
}

/** Breaks the commit when there is such a hook already: a second one would start every automation twice. */
export const mustBeOnlyHook = (db: Db, owner: string, url: string, event: string): CompiledQuery =>
  must(db, sql`exists ${hooks(db, url, event).where('webhook.owner', '=', owner)}`)

/** REST hooks, newest first, after the cursor's position; `owner` null means every owner's. */
export async function hooksAfter(
  db: Db,
  asked: {
    readonly owner: string | null
    readonly url: string | null
    readonly after: string | null
    readonly limit: number
  },
): Promise<Webhook[]> {
  let query = db.q.selectFrom('webhook').selectAll().where('origin', '=', restHook)
  if (asked.owner !== null) query = query.where('owner', '=', asked.owner)
  if (asked.url !== null) query = query.where('url', '=', asked.url)
  if (asked.after !== null) query = query.where('id', '<', asked.after)
  return withEvents(db, await query.orderBy('id', 'desc').limit(asked.limit).execute())
}

/** The builder of a hook that is deleted here is told so, in a while. */
export const insertFarewell = (
  db: Db,
  row: { readonly webhook_id: string; readonly url: string; readonly due_at: number },
) =>
  db.q
    .insertInto('farewell')
    .values({ ...row, tries: 0 })
    .onConflict((conflict) => conflict.doNothing())

export const dueFarewells = (db: Db, now: number) =>
  db.q.selectFrom('farewell').selectAll().where('due_at', '<=', now).orderBy('due_at').limit(20).execute()

export const delayFarewell = (db: Db, webhookId: string, due: number) =>
  db.q
    .updateTable('farewell')
    .set((eb) => ({ due_at: due, tries: eb('tries', '+', 1) }))
    .where('webhook_id', '=', webhookId)

export const deleteFarewell = (db: Db, webhookId: string) =>
  db.q.deleteFrom('farewell').where('webhook_id', '=', webhookId)
