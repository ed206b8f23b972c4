import type { Statement } from '../../db/db.ts'
import { delayFarewell, deleteFarewell, dueFarewells, insertFarewell } from '../../db/queries/hooks.ts'
import type { Webhook } from '../../db/queries/webhooks.ts'
import { HOUR, MINUTE, SECOND } from '../lib/clock.ts'
import type { Engine } from './engine.ts'
import { isZapier } from './presets.ts'
import { isSending } from './sending.ts'

const WAITS = [MINUTE, 10 * MINUTE, HOUR]
const TIMEOUT = 10 * SECOND

/**
 * Notes, in the commit that deletes a REST hook, that its builder is to be told: else its automation would look alive and
 * never run again. Only Zapier listens for that (a DELETE of the hook's address pauses the Zap and mails its owner); others
 * would take the request for an event.
 */
export const sayFarewell = (
  engine: Engine,
  { id, url, origin }: Pick<Webhook, 'id' | 'url' | 'origin'>,
): readonly Statement[] =>
  origin === 'rest_hook' && isZapier(url)
    ? [insertFarewell(engine.db, { webhook_id: id, url, due_at: engine.clock() })]
    : []

/**
 * Tells those that are still to be told: each until it has answered anything below 500, at most four times. While sending is
 * off nobody is: a copy must not switch off what belongs to the original.
 */
export async function sendFarewells(engine: Engine): Promise<void> {
  const { db, clock, log } = engine
  const due = await dueFarewells(db, clock())
  if (due.length === 0 || !(await isSending(engine))) return
  for (const { webhook_id: id, url, tries } of due) {
    const { status, outcome } = await engine.post({
      method: 'DELETE',
      url,
      headers: [['user-agent', `Hookline/${engine.version} (+${engine.publicUrl()})`]],
      body: '',
      timeoutMs: TIMEOUT,
    })
    const told = status !== null && status < 500
    const wait = WAITS[tries]
    if (!told)
      log.warn('A builder could not be told that its hook was deleted', { webhook: id, outcome, tries: tries + 1 })
    await db.commit([told || wait === undefined ? deleteFarewell(db, id) : delayFarewell(db, id, clock() + wait)])
  }
}
