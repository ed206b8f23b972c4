import type { Db, Statement } from '../../db/db.ts'
import { releaseHeld } from '../../db/queries/dispatch.ts'
import { beforeEvents, SENDING_OFF } from '../../db/queries/outbox.ts'
import { clearSetting, clearSettingFrom, setSetting, setting, settings } from '../../db/queries/settings.ts'
import { fail } from '../lib/errors.ts'
import type { Engine } from './engine.ts'

/*
 * One switch for all sending, besides DELIVERY=off. While it is off, new deliveries are held (the outbox asks in its own
 * commit), and nothing is claimed. Switched on, it is `resuming` until all that was held went back to work, in steps, so
 * that a crash in between leaves nothing behind.
 */
type Switch = 'on' | 'off' | 'resuming'

type Deps = Pick<Engine, 'config' | 'db' | 'clock'>

const switchOf = async ({ db }: Pick<Engine, 'db'>): Promise<Switch> => (await setting(db, 'sending')) as Switch

/** Whether anything may go out: nobody started with DELIVERY=off, and nobody switched it off since. */
export const isSending = async (engine: Pick<Engine, 'config' | 'db'>): Promise<boolean> =>
  engine.config.delivery && (await switchOf(engine)) !== 'off'

/** Throws `conflict` while nothing may go out. */
export async function mustSend(engine: Pick<Engine, 'config' | 'db'>): Promise<void> {
  if (!engine.config.delivery) {
    throw fail('conflict', 'Sending is switched off (DELIVERY=off), and that goes for test events too.')
  }
  if ((await switchOf(engine)) !== 'off') return
  throw fail('conflict', 'Sending is switched off, and that goes for test events too. Switch it on under Health first.')
}

/** The statements that switch it: every event of a later commit sees them. Who switches it on says that no copy is meant. */
export const switchSending = ({ db }: Pick<Engine, 'db'>, on: boolean): Statement[] => [
  beforeEvents(db),
  setSetting(db, 'sending', (on ? 'resuming' : 'off') satisfies Switch),
  ...(on ? [clearSetting(db, 'copy')] : []),
]

/** How many attempts may be under way at once: in all, and at one webhook. */
export interface Limits {
  readonly concurrency: number
  readonly perWebhook: number
}

/**
 * What a tick may begin; null while nothing may go out. After it was switched on, each one also lets the next ones of what
 * was held go.
 */
export async function readyToSend(engine: Deps): Promise<Limits | null> {
  if (!engine.config.delivery) return null
  const now = await settings(engine.db, ['sending', 'attempts_at_once', 'attempts_per_webhook'])
  const state = now.sending as Switch
  if (state === 'resuming' && (await release(engine)) === 0) await engine.db.commit([endResuming(engine.db)])
  if (state === 'off') return null
  return { concurrency: Number(now.attempts_at_once), perWebhook: Number(now.attempts_per_webhook) }
}

/** All of it, in steps, at the start of a process that may send again. */
export async function releaseAll(engine: Deps): Promise<void> {
  while ((await release(engine)) > 0);
}

async function release({ db, clock }: Deps): Promise<number> {
  const [result] = await db.commit([releaseHeld(db, SENDING_OFF, clock())])
  return result?.changes ?? 0
}

/** Only if nobody switched it off meanwhile. */
const endResuming = (db: Db) => clearSettingFrom(db, 'sending', 'resuming' satisfies Switch)
