import type { Statement } from '../../db/db.ts'
import { MAIN_SITE, siteById, siteFor } from '../../db/queries/sites.ts'
import { isoTime } from '../lib/clock.ts'
import { newId } from '../lib/ids.ts'
import type { JsonObject } from '../lib/json.ts'
import type { Engine } from './engine.ts'
import type { HealthChange } from './judge.ts'
import { recordEvents, type FinishedEvent } from './outbox.ts'

const mainSite = { id: MAIN_SITE, slug: 'main' }

/** An event of the must-use plugin hookline, which we make ourselves. It passes no filter: one could silence the alarm. */
export const ownEvent = (
  engine: Engine,
  type: string,
  data: JsonObject,
  site: { readonly id: string; readonly slug: string } = mainSite,
): FinishedEvent => ({
  id: newId('evt', engine),
  type,
  siteId: site.id,
  siteSlug: site.slug,
  data,
  source: 'hookline',
  key: null,
  fingerprint: '',
  occurredAt: engine.clock(),
  hops: 0,
  trace: null,
  lane: 'realtime',
  rejected: null,
  ordinaryListeners: true,
})

/**
 * Tells of changes of health as the events of the must-use plugin hookline, in the commit that makes them: none is told
 * that did not happen, and none that happened stays untold. Never to the webhook that it is about.
 */
export async function tell(engine: Engine, changes: readonly HealthChange[]): Promise<readonly Statement[]> {
  const statements: Statement[] = []
  for (const { webhook, name, owner, change, reason, failures, since } of changes) {
    engine.log[change === 'recovered' ? 'info' : 'warn'](`Webhook ${change}`, { webhook, reason })
    const site = (await siteById(engine.db, siteFor(owner))) ?? mainSite
    const data = { webhook_id: webhook, name, reason, failures, since: since === null ? null : isoTime(since) }
    const event = { ...ownEvent(engine, `webhook_${change}`, data, site), except: webhook }
    const recording = await recordEvents(engine, [event])
    statements.push(...recording.statements)
  }
  return statements
}
