import { isoTime } from '../lib/clock.ts'
import type { Engine } from '../webhooks/engine.ts'
import { sealAudit } from './audit.ts'
import { purgeThrottle } from './throttle.ts'

/** What has to be done about people now and then: seal the audit log, forget old tries and ended sessions. */
export async function tickAccess(engine: Engine): Promise<void> {
  await sealAudit(engine)
  await purgeThrottle(engine)
  await engine.db.commit([engine.db.q.deleteFrom('session').where('expiresAt', '<', isoTime(engine.clock()))])
}
