import { HOUR, isoTime } from '../lib/clock.ts'
import type { Engine } from '../webhooks/engine.ts'
import { sealAudit } from './audit.ts'
import { followEndedKeys } from './key-end.ts'

/** What has to be done about people now and then: end what keys left that are too old, seal the audit log, forget old tries, ended sessions and links that were never opened. */
export async function tickAccess(engine: Engine): Promise<void> {
  await followEndedKeys(engine)
  await sealAudit(engine)
  await forgetOld(engine)
}

/** Looks before it deletes: most of the time there is nothing, and a write costs more than a look. */
async function forgetOld({ db, clock }: Engine): Promise<void> {
  const oldest = clock() - HOUR
  const ended = isoTime(clock())
  const [tries, sessions, links] = await Promise.all([
    db.q.selectFrom('throttle').select('key').where('at', '<', oldest).limit(1).execute(),
    db.q.selectFrom('session').select('id').where('expiresAt', '<', ended).limit(1).execute(),
    db.q.selectFrom('one_time_link').select('hash').where('until', '<=', clock()).limit(1).execute(),
  ])
  if (tries.length + sessions.length + links.length === 0) return
  await db.commit([
    db.q.deleteFrom('throttle').where('at', '<', oldest),
    db.q.deleteFrom('session').where('expiresAt', '<', ended),
    db.q.deleteFrom('one_time_link').where('until', '<=', clock()),
  ])
}
