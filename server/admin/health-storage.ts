import type { Latency } from '../../db/latency.ts'
import { databaseBytes } from '../../db/queries/health.ts'
import { setting } from '../../db/queries/settings.ts'
import type { BackupState, Deps } from '../deps.ts'
import { DAY } from '../lib/clock.ts'
import type { Translator } from '../web/i18n.ts'
import type { Check } from './health-checks.ts'

const OLD = 7 * DAY
/** Whoever emits an event waits for the disk; a healthy one takes a few milliseconds, D1 some fifty. */
const SLOW = 250
/** Of fewer commits, one in twenty says nothing. */
const ENOUGH = 20

/** The database: its size, how quickly it takes what is written, and when it was backed up. */
export async function storageChecks(deps: Deps, t: Translator): Promise<Check[]> {
  const { db } = deps
  const [bytes, days] = await Promise.all([databaseBytes(db), setting(db, 'keep_days_events')])
  return [databaseCheck(t, bytes, Number(days)), ...writesCheck(t, deps.writes?.() ?? null), backupCheck(deps, t)]
}

function databaseCheck(t: Translator, bytes: number | null, days: number): Check {
  const kept = t('Events and deliveries go after {days} days.', { days })
  const size = bytes === null ? t('It does not tell its size here.') : t('It takes {size}.', { size: t.bytes(bytes) })
  return {
    id: 'database',
    topic: t('Storage'),
    rank: 'good',
    title: t('The database answers'),
    text: `${size} ${kept}`,
  }
}

function writesCheck(t: Translator, latency: Latency | null): Check[] {
  if (latency === null || latency.count < ENOUGH) return []
  const { count } = latency
  const check = { id: 'writes', topic: t('Storage') }
  const took = t('Of the last {count} writes, half took at most {half}, and 95% at most {most}.', {
    count,
    half: t.duration(latency.p50),
    most: t.duration(latency.p95),
  })
  if (latency.p95 <= SLOW) return [{ ...check, rank: 'good', title: t('The database writes quickly'), text: took }]
  const todo = t('Every event waits for that. Give the database a faster disk, or less beside it that writes.')
  return [{ ...check, rank: 'recommended', title: t('The database writes slowly'), text: `${took} ${todo}` }]
}

function backupCheck({ backups, clock, db }: Deps, t: Translator): Check {
  if (backups) return fileCheck(t, backups.state(), clock())
  const check = { id: 'backup', topic: t('Storage'), rank: 'good' as const }
  if (db.dialect.name === 'postgres') {
    const text = t('Hookline cannot see them: have pg_dump or your provider make one a day, and try to restore one.')
    return { ...check, title: t('Backups are made by PostgreSQL'), text }
  }
  const text = t('Time Travel of D1 brings back any minute of the last 30 days (7 on the free plan).')
  return { ...check, title: t('Backups are made by Cloudflare'), text }
}

function fileCheck(t: Translator, { last, failed }: BackupState, now: number): Check {
  const check = { id: 'backup', topic: t('Storage'), rank: 'recommended' as const }
  const link = { href: '#h-backups', text: t('Go to Backups') }
  if (failed !== null) {
    const text = t('It said: {error}', { error: failed })
    return { ...check, title: t('The last backup failed'), text, link }
  }
  const todo = t('Make one below, or have one made every day, and keep a copy of it on another machine.')
  if (last === null) return { ...check, title: t('There is no backup'), text: todo, link }
  const made = t('The last one was made {time}.', { time: t.ago(last.at, now) })
  if (now - last.at > OLD) return { ...check, title: t('The last backup is old'), text: `${made} ${todo}`, link }
  const text = t('Keep a copy of it on another machine, and APP_SECRET somewhere else: that is in no backup.')
  return { ...check, rank: 'good', title: t('There is a recent backup'), text: `${made} ${text}` }
}
