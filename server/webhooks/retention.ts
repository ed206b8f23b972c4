import {
  attemptsBetween,
  deleteAudit,
  deleteEvents,
  deleteLeftovers,
  deleteOldestHour,
  deleteRecordsOf,
  deleteSiteRow,
  forgetAnswers,
  oldestAudit,
  oldestDeletedSite,
  oldestEvents,
  STEP,
} from '../../db/queries/retention.ts'
import { deleteOldCaptures } from '../../db/queries/bins.ts'
import { forgetRequests } from '../../db/queries/privacy.ts'
import { setSetting, setting, settings } from '../../db/queries/settings.ts'
import { DAY, HOUR } from '../lib/clock.ts'
import { idBefore } from '../lib/ids.ts'
import { inTurn } from '../lib/in-turn.ts'
import type { Engine } from './engine.ts'

/** Steps of 500 rows in one run: what is left waits for the next one. */
const MOST_STEPS = 20

/** An address that somebody searched for is personal data itself. */
const ADDRESS_KEPT = 7 * DAY

/** How long an uploaded set-up waits to be imported. */
export const IMPORT_FILE_LIFETIME = HOUR

/** Where the audit chain starts now: the number and hash of the last entry that was purged. */
export interface AuditBase {
  readonly seq: number
  readonly hash: string
}

/** What is older than its kind is kept goes, in small steps. Resolves with whether there may be more to go. */
export async function purge({ db, clock, log }: Pick<Engine, 'db' | 'clock' | 'log'>): Promise<boolean> {
  const kept = await settings(db, ['keep_days_events', 'keep_days_answers', 'keep_days_audit', 'keep_days_captures'])
  const before = (days: string) => clock() - Number(days) * DAY
  const events = before(kept.keep_days_events)
  const over = { events, unsaved: clock() - DAY, imports: clock() - IMPORT_FILE_LIFETIME, now: clock() }
  let steps = 0
  const inSteps = (step: () => Promise<boolean>) => async () => {
    while (steps < MOST_STEPS && (await step())) steps++
  }
  await inTurn(log, {
    events: inSteps(() => purgeEvents(db, clock(), events)),
    hours: inSteps(() => purgeHour(db, events)),
    answers: inSteps(() => purgeAnswers(db, before(kept.keep_days_answers))),
    sites: inSteps(() => purgeSites(db, events)),
    audit: inSteps(() => purgeAudit(db, before(kept.keep_days_audit))),
    captures: () => db.commit([deleteOldCaptures(db, before(kept.keep_days_captures))]),
    leftovers: () => db.commit(deleteLeftovers(db, over)),
    requests: () => db.commit(forgetRequests(db, { ended: clock() - ADDRESS_KEPT, made: events }, STEP)),
  })
  return steps === MOST_STEPS
}

/** Up to which number old events were looked at, beginning at the first of them at this time. */
interface Lap {
  readonly to: number
  readonly since: number
}

/** Events that stay behind because something of them is open are looked at again this often. */
const LAP = HOUR

/**
 * Goes on from where it stopped, so that old events that are still open are in nobody's way, however many they are; and now
 * and then begins anew, for those that have ended since.
 */
async function purgeEvents(db: Engine['db'], now: number, before: number): Promise<boolean> {
  const lap = JSON.parse(await setting(db, 'events_purged')) as Lap
  const range = await oldestEvents(db, lap.to, before)
  if (!range && (lap.to === 0 || now < lap.since + LAP)) return false
  const next: Lap = range ? { to: range.to, since: lap.to === 0 ? now : lap.since } : { to: 0, since: now }
  await db.commit([...(range ? deleteEvents(db, range) : []), setSetting(db, 'events_purged', JSON.stringify(next))])
  return true
}

/** Goes on from where it stopped: rows that were emptied already are never looked at again. */
async function purgeAnswers(db: Engine['db'], before: number): Promise<boolean> {
  const done = await setting(db, 'answers_forgotten')
  const ids = await attemptsBetween(db, done, idBefore('att', before))
  const [first, last] = [ids[0], ids.at(-1)]
  if (first === undefined || last === undefined) return false
  await db.commit([forgetAnswers(db, first, last), setSetting(db, 'answers_forgotten', last)])
  return true
}

async function purgeHour(db: Engine['db'], before: number): Promise<boolean> {
  const results = await db.commit(deleteOldestHour(db, before))
  return results.some(({ changes }) => changes > 0)
}

/** A site that was deleted goes when nothing in the log can be of it any more. */
async function purgeSites(db: Engine['db'], before: number): Promise<boolean> {
  const site = await oldestDeletedSite(db, before)
  if (site === null) return false
  const results = await db.commit(deleteRecordsOf(db, site))
  if (results.every(({ changes }) => changes === 0)) await db.commit(deleteSiteRow(db, site))
  return true
}

async function purgeAudit(db: Engine['db'], before: number): Promise<boolean> {
  const last = await oldestAudit(db, before)
  if (last)
    await db.commit([deleteAudit(db, last.seq), setSetting(db, 'audit_base', JSON.stringify(last satisfies AuditBase))])
  return last !== null
}
