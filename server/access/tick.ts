import { forgetWhatIsOver, isAnythingOver } from '../../db/queries/leftovers.ts'
import { HOUR } from '../lib/clock.ts'
import type { Engine } from '../webhooks/engine.ts'
import { sealAudit } from './audit.ts'
import { followEndedKeys } from './key-end.ts'

/** What has to be done about people now and then: end what keys left that are too old, seal the audit log, forget old tries, ended sessions and links that were never opened. */
export async function tickAccess(engine: Engine): Promise<void> {
  await followEndedKeys(engine)
  await sealAudit(engine)
  await forgetOld(engine)
}

async function forgetOld({ db, clock }: Engine): Promise<void> {
  const over = { tries: clock() - HOUR, now: clock() }
  if (await isAnythingOver(db, over)) await db.commit(forgetWhatIsOver(db, over))
}
