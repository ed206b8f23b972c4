import {
  advance,
  failedSince,
  insertRedelivery,
  nextFailed,
  redeliverFailed,
  runningOf,
  runningRedeliveries,
} from '../../db/queries/redeliveries.ts'
import { webhookById } from '../../db/queries/webhooks.ts'
import { tryNow } from '../../db/queries/dispatch.ts'
import type { Db, Statement } from '../../db/db.ts'
import type { RedeliveryTable } from '../../db/schema.ts'
import { newId } from '../lib/ids.ts'
import { msg, type Message } from '../lib/message.ts'
import type { Engine } from './engine.ts'

/** Why what failed at a webhook cannot be sent once more right now; null when it can. */
export async function whyNotStart(db: Db, webhook: { id: string; state: string }): Promise<Message | null> {
  if (webhook.state !== 'active' && webhook.state !== 'failing') {
    return msg('Its webhook is switched off. Activate the webhook first.')
  }
  return (await runningOf(db, webhook.id)) ? msg('Its failed deliveries are already being redelivered.') : null
}

/** Sends again, in steps, what failed at a webhook since a time. The statements start it; `redeliverStep` does the rest. */
export async function startRedelivery(
  engine: Engine,
  webhook: { id: string; owner: string },
  since: number,
  by: string,
): Promise<{ run: RedeliveryTable; statements: readonly Statement[] }> {
  const { total, first, last } = await failedSince(engine.db, webhook.id, since)
  const run: RedeliveryTable = {
    id: newId('red', engine),
    webhook_id: webhook.id,
    owner: webhook.owner,
    after_seq: first - 1,
    until_seq: last,
    total,
    done: 0,
    state: total > 0 ? 'running' : 'finished',
    created_by: by,
    created_at: engine.clock(),
  }
  const statements = [insertRedelivery(engine.db, run), tryNow(engine.db, [webhook.id], engine.clock())]
  return { run, statements }
}

/**
 * Up to so many steps of each redelivery that runs: called by the tick, so that a stop or a crash in between loses nothing.
 * One waits while its webhook is switched off, and goes on when it works again.
 */
export async function goOnRedelivering(engine: Engine, steps: number): Promise<void> {
  for (let step = 0; step < steps; step++) {
    const runs = await runningRedeliveries(engine.db)
    const went = await Promise.all(runs.map((run) => goOn(engine, run)))
    if (!went.includes(true)) return
  }
}

/** One step. Answers whether there can be another one. */
async function goOn(engine: Engine, run: RedeliveryTable): Promise<boolean> {
  const { db } = engine
  const webhook = await webhookById(db, run.webhook_id)
  if (webhook && webhook.state !== 'active' && webhook.state !== 'failing') return false
  const failed = webhook ? await nextFailed(db, run) : []
  const last = failed.at(-1)
  const finished = last === undefined || last.seq >= run.until_seq
  const now = engine.clock()
  const rows = failed.map(({ id }) => ({ id, now }))
  await db.commit([
    ...(rows.length > 0 ? [redeliverFailed(db, rows)] : []),
    advance(db, run, { after: last?.seq ?? run.until_seq, done: run.done + failed.length, finished }),
  ])
  if (failed.length > 0) engine.wake()
  return !finished
}
