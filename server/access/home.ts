import { setSetting, setting } from '../../db/queries/settings.ts'
import { HOOKLINE } from '../lib/actor.ts'
import { HOUR } from '../lib/clock.ts'
import { copyOf, markCopy, type Copy } from '../webhooks/copy.ts'
import type { Engine } from '../webhooks/engine.ts'
import { switchSending } from '../webhooks/sending.ts'
import { auditEntry } from './audit.ts'

/** Where a database ran last, as it says itself. */
interface Home {
  /** What tells this database from a copy of it; null where the runtime knows nothing of the kind. */
  readonly place: string | null
  /** PUBLIC_URL; null while it is unset. */
  readonly url: string | null
  /** When it was stopped properly; null while it runs, and after a crash. */
  readonly stopped: number | null
}

/** Who starts a copy right after the original was stopped is moving it. */
const MOVE = HOUR

/** What a database is that ran at `before` and is started at `now`: itself (null), one that was moved, or a copy. */
export function judgeHome(before: Home, now: Home, time: number): Pick<Copy, 'kind' | 'url'> | null {
  const changed = before.url !== null && now.url !== null && before.url !== now.url
  const url = changed && before.url !== null ? { url: before.url } : null
  if (before.place !== null && now.place !== null) {
    if (before.place === now.place) return null
    const isMove = before.stopped !== null && time - before.stopped <= MOVE
    return { kind: isMove ? 'moved' : 'copied', ...url }
  }
  return changed ? { kind: 'moved', ...url } : null
}

type Deps = Pick<Engine, 'config' | 'db' | 'clock' | 'random' | 'log'>

/**
 * Finds out, before anything is sent, whether this database is a copy that somebody made by hand, and notes where it runs
 * now. A copy would send again what the original has sent since, so it holds all sending until a person switches it on:
 * what waits can still go, what went twice cannot be taken back.
 */
export async function settleHome(deps: Deps, place: string | null): Promise<void> {
  const { db, config, clock, log } = deps
  const known = await setting(db, 'home')
  const now: Home = { place, url: config.publicUrl, stopped: null }
  const text = JSON.stringify(now)
  if (known === text) return
  const verdict = known === '' ? null : judgeHome(JSON.parse(known) as Home, now, clock())
  const home = setSetting(db, 'home', text)
  if (verdict === null) return void (await db.commit([home]))
  const isHeld = verdict.kind === 'copied'
  const copy = await copyOf(db)
  await db.commit([
    home,
    // One that waits for its person already goes on waiting as what it is.
    ...(isHeld || copy === null ? [markCopy(db, { ...verdict, since: clock() })] : []),
    ...(isHeld ? switchSending(deps, false) : []),
    ...(isHeld ? auditEntry(deps, HOOKLINE, { action: 'sending.stopped', target: 'network', owner: 'network' }) : []),
  ])
  if (isHeld) log.warn('This is a copy of a database that ran in another place: sending is off until it is switched on')
}

/**
 * To be the last that a process writes, whether it served or could not: whoever starts a copy soon after is moving the
 * database. Says nothing of a copy that did not come to be at home here.
 */
export async function noteStop({ db, clock }: Pick<Engine, 'db' | 'clock'>, place: string | null): Promise<void> {
  const home = JSON.parse((await setting(db, 'home')) || 'null') as Home | null
  if (home?.place !== place) return
  await db.commit([setSetting(db, 'home', JSON.stringify({ ...home, stopped: clock() } satisfies Home))])
}
