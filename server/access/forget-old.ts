import { forgetWhatIsOver, isAnythingOver } from '../../db/queries/leftovers.ts'
import { HOUR } from '../lib/clock.ts'
import type { Engine } from '../webhooks/engine.ts'

/** Forgets old tries, ended sessions, and links that were never opened. */
export async function forgetOld({ db, clock }: Pick<Engine, 'db' | 'clock'>): Promise<void> {
  const over = { tries: clock() - HOUR, now: clock() }
  if (await isAnythingOver(db, over)) await db.commit(forgetWhatIsOver(db, over))
}
