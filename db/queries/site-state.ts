import { sql, type RawBuilder } from 'kysely'
import { msg } from '../../server/lib/message.ts'
import type { Db, Statement } from '../db.ts'
import type { SiteState, SiteTable } from '../schema.ts'
import { ending } from './cancel.ts'
import { afresh } from './dispatch.ts'
import { webhooksChanged } from './outbox.ts'

/** The reason of a site's webhooks and deliveries while the site is archived. */
export const SITE_ARCHIVED = msg('The site is archived.').text

/** An archived site sends nothing: its webhooks are switched off and what waits is held. */
export const archiveWebhooks = (db: Db, siteId: string): Statement[] => [
  sql`update webhook set state = 'disabled', state_reason = ${SITE_ARCHIVED}, revision = revision + 1
    where owner = ${siteId} and state in ('active', 'failing')`.compile(db.q),
  webhooksChanged(db),
  beginMove(db, siteId),
]

export const wakeWebhooks = (db: Db, siteId: string): Statement[] => [
  sql`update webhook set state = 'active', state_reason = null, revision = revision + 1
    where owner = ${siteId} and state = 'disabled' and state_reason = ${SITE_ARCHIVED}`.compile(db.q),
  webhooksChanged(db),
  beginMove(db, siteId),
]

/** A deleted site's deliveries end; the log keeps them until retention takes them. */
export const retireWebhooks = (db: Db, siteId: string): Statement[] => [
  sql`update webhook set state = 'retired', state_reason = null, revision = revision + 1 where owner = ${siteId}`.compile(
    db.q,
  ),
  webhooksChanged(db),
  beginMove(db, siteId),
]

/** Its deliveries follow in steps, the newest first, as its log may be long. A move that was under way begins anew. */
const beginMove = (db: Db, siteId: string): Statement =>
  db.q.updateTable('site').set({ moving_below: Number.MAX_SAFE_INTEGER }).where('id', '=', siteId)

/** A site whose deliveries have not all followed its state. */
export type MovingSite = Pick<SiteTable, 'id' | 'state'> & { readonly moving_below: number }

export const movingSites = (db: Db): Promise<MovingSite[]> =>
  db.q
    .selectFrom('site')
    .select(['id', 'state', 'moving_below'])
    .where('moving_below', 'is not', null)
    .limit(20)
    .$narrowType<{ moving_below: number }>()
    .execute()

/** As many rows of a site's log are looked at in one step, and those of the same event. */
const STEP = 500

/** Where the next step begins, which ends in front of `moving_below`; null behind the last one. */
export async function nextMove(db: Db, site: MovingSite): Promise<number | null> {
  const next = db.q
    .selectFrom('delivery')
    .select('seq')
    .where('site_id', '=', site.id)
    .where('seq', '<', site.moving_below)
    .orderBy('seq', 'desc')
    .limit(STEP)
  const row = await db.q
    .selectFrom(next.as('next'))
    .select((eb) => eb.fn.min('seq').as('from'))
    .executeTakeFirst()
  return row?.from === null || row?.from === undefined ? null : Number(row.from)
}

/** One step: what its deliveries become, as long as the site is still the one that was read. */
export function moveDeliveries(db: Db, site: MovingSite, from: number | null, now: number): Statement[] {
  const { id, state, moving_below: below } = site
  const same = sql`select 1 from site where id = ${id} and state = ${state} and moving_below = ${below}`
  const move = moves(now)[state]
  return [
    ...(from === null
      ? []
      : [
          sql`update delivery set ${move.set} where site_id = ${id} and seq >= ${from} and seq < ${below}
            and ${move.of} and exists (${same})`.compile(db.q),
        ]),
    sql`update site set moving_below = ${from} where id = ${id} and exists (${same})`.compile(db.q),
  ]
}

const moves = (now: number): Record<SiteState, { set: RawBuilder<unknown>; of: RawBuilder<unknown> }> => ({
  archived: {
    set: sql`state = 'held', due_at = null, reason = ${SITE_ARCHIVED}`,
    of: sql`state in ('pending', 'retrying')`,
  },
  active: {
    set: sql`${afresh(now)}, reason = null`,
    of: sql`state = 'held' and reason = ${SITE_ARCHIVED}`,
  },
  deleted: {
    set: ending(now, 'The site was deleted.'),
    of: sql`state in ('pending', 'retrying', 'held')`,
  },
})
