import type { Queue } from '@cloudflare/workers-types'
import { nextDue } from '../../db/queries/dispatch.ts'
import { MINUTE, SECOND } from '../lib/clock.ts'
import type { Engine } from '../webhooks/engine.ts'

/** Has the Worker look again when the next delivery is due. */
export type WakeWhenDue = (engine: Pick<Engine, 'db' | 'clock' | 'log'>) => Promise<void>

/**
 * A message only says when to look; what is due stands in the database. The cron finds it there too, up to a minute later,
 * so a message that is lost costs that minute and no delivery. An isolate asks once for the same time.
 */
export function createWake(queue: Pick<Queue, 'send'> | undefined): WakeWhenDue {
  if (!queue) return () => Promise.resolve()
  let asked = 0
  return async ({ db, clock, log }) => {
    const now = clock()
    const due = await nextDue(db, now)
    const isAsked = asked > now && due !== null && asked <= due
    if (due === null || due > now + MINUTE || isAsked) return
    try {
      await queue.send(null, { delaySeconds: Math.ceil((due - now) / SECOND) })
      asked = due
    } catch (error) {
      log.warn('The queue took no message; the cron sends what is due', { error: String(error) })
    }
  }
}
