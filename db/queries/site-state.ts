import { sql } from 'kysely'
import { msg } from '../../server/lib/message.ts'
import type { Db, Statement } from '../db.ts'
import { afresh } from './dispatch.ts'
import { webhooksChanged } from './outbox.ts'

/** The reason of a site's webhooks and deliveries while the site is archived. */
export const SITE_ARCHIVED = msg('The site is archived.').text

/** An archived site sends nothing: its webhooks are switched off and what waits is held. */
export const archiveWebhooks = (db: Db, siteId: string): Statement[] => [
  sql`update webhook set state = 'disabled', state_reason = ${SITE_ARCHIVED}, revision = revision + 1
    where owner = ${siteId} and state in ('active', 'failing')`.compile(db.q),
  sql`update delivery set state = 'held', due_at = null, reason = ${SITE_ARCHIVED}
    where site_id = ${siteId} and state in ('pending', 'retrying')`.compile(db.q),
  webhooksChanged(db),
]

export const wakeWebhooks = (db: Db, siteId: string, now: number): Statement[] => [
  sql`update webhook set state = 'active', state_reason = null, revision = revision + 1
    where owner = ${siteId} and state = 'disabled' and state_reason = ${SITE_ARCHIVED}`.compile(db.q),
  sql`update delivery set ${afresh(now)}, reason = null
    where site_id = ${siteId} and state = 'held' and reason = ${SITE_ARCHIVED}`.compile(db.q),
  webhooksChanged(db),
]

/** A deleted site's deliveries end; the log keeps them until retention takes them. */
export const cancelDeliveriesOf = (db: Db, siteId: string, now: number): Statement[] => [
  sql`update delivery set state = 'cancelled', due_at = null, finished_at = ${now}, reason = 'The site was deleted.'
    where site_id = ${siteId} and state in ('pending', 'retrying', 'held')`.compile(db.q),
  sql`update webhook set state = 'retired', state_reason = null, revision = revision + 1 where owner = ${siteId}`.compile(
    db.q,
  ),
  webhooksChanged(db),
]
