import {
  cronClock,
  endRun,
  handOut,
  hasRuns,
  setClock,
  sitesForCron,
  startClock,
  takeClock,
  takeRuns,
} from '../../db/queries/plugin-cron.ts'
import { isOnAnywhere, pluginStates } from '../../db/queries/plugins.ts'
import { setting } from '../../db/queries/settings.ts'
import { MINUTE, SECOND } from '../lib/clock.ts'
import { AppError } from '../lib/errors.ts'
import { baseContext, writePart } from './context.ts'
import type { Core } from './core.ts'
import { recordFault } from './fault.ts'
import { handle } from './handle.ts'
import type { CronHandler, Ready } from './loaded.ts'
import { marked } from './run.ts'
import { nextRun } from './schedule.ts'
import { isOnForAll } from './standing.ts'
import { mayRun } from './upgrade.ts'

const AT_ONCE = 8
/** Sites that one look of one cron hands out runs for. */
const MOST_HANDED_OUT = 500
/** How long a claim outlives the handler's time, so that ending a run is never a race with a second process. */
const LEASE_MARGIN = 30 * SECOND
/** How long after a tick runs are still begun without another: a Worker that is done with its request shall end. */
const KEEN_FOR = 20 * SECOND

interface Cron {
  readonly plugin: Ready
  readonly handler: CronHandler
  /** When to look into the database again: at the next time of its pattern, or at once while runs are left. */
  lookAt: number
}

/**
 * Runs what is due for every site where its plugin runs. A clock per cron, not per site, strikes; then it hands out runs
 * to the sites in slices, and every process takes some. So nothing is written for a site before it is its turn.
 */
export function ticking(core: () => Core) {
  let crons: Cron[] | null = null
  const running = new Set<Promise<void>>()
  let looking: Promise<void> | null = null
  let keenUntil = 0
  let first = 0

  const all = (): Cron[] =>
    (crons ??= core().ready.flatMap((plugin) => plugin.crons.map((handler) => ({ plugin, handler, lookAt: 0 }))))

  /** Hands out and takes runs, a fair share for each cron, beginning with another one each time. */
  const look = async (): Promise<void> => {
    const { clock } = core().engine
    const due = all().filter(({ lookAt }) => lookAt <= clock())
    first = (first + 1) % Math.max(1, due.length)
    for (const [i, cron] of [...due.slice(first), ...due.slice(0, first)].entries()) {
      const free = AT_ONCE - running.size
      if (free > 0) await advance(core(), cron, Math.ceil(free / (due.length - i)), begin)
    }
  }
  const begin = (run: () => Promise<void>) => {
    const work = run()
      .catch((error: unknown) =>
        core().engine.log.error('A cron was cut short; it runs again.', { error: String(error) }),
      )
      .finally(() => {
        running.delete(work)
        if (core().engine.clock() < keenUntil) void start()
      })
    running.add(work)
  }
  const start = (): Promise<void> =>
    (looking ??= look()
      .catch((error: unknown) => core().engine.log.error('Crons could not be looked at.', { error: String(error) }))
      .finally(() => (looking = null)))

  return {
    /** Begins what is due. Resolves when it is under way. */
    async tick(now: number): Promise<void> {
      if (core().safeMode || all().length === 0) return
      keenUntil = now + KEEN_FOR
      await start()
    },
    /** Runs one for one site now, whatever its time; for tests of plugins. */
    async runNow(slug: string, name: string, site: string): Promise<void> {
      const cron = all().find(({ handler }) => handler.slug === slug && handler.name === name)
      if (!cron) throw new Error(`${slug} has no cron ${name}.`)
      await runOne(core(), cron, site)
    },
    async settled(): Promise<void> {
      await looking
      for (; running.size > 0; await looking) await Promise.all(running)
    },
  }
}

async function advance(
  core: Core,
  cron: Cron,
  share: number,
  begin: (run: () => Promise<void>) => void,
): Promise<void> {
  const { db, clock } = core.engine
  const { slug, name: id } = cron.handler
  const now = clock()
  const handing = await strike(core, cron)
  const sites = await takeRuns(db, { slug, id }, now, now + core.limits.cron + LEASE_MARGIN, share)
  for (const site of sites) begin(() => runOne(core, cron, site))
  if (handing.more || sites.length === share) cron.lookAt = now
  // A run that another process took, or died with, is looked after once a minute.
  else cron.lookAt = (await hasRuns(db, { slug, id })) ? Math.min(handing.next, now + MINUTE) : handing.next
}

/** Hands out runs if the clock strikes. `more`: not all sites had their turn. `next`: when it strikes again. */
async function strike(core: Core, { plugin, handler }: Cron): Promise<{ more: boolean; next: number }> {
  const { db, clock } = core.engine
  const key = { slug: handler.slug, id: handler.name }
  const now = clock()
  const known = await cronClock(db, key)
  const next = nextRun(handler.pattern, now, await setting(db, 'time_zone', 'UTC'))
  if (!known) {
    if (!(await isWanted(core, plugin))) return { more: false, next: Math.min(next, now + MINUTE) }
    await db.commit([startClock(db, key, next)])
    return { more: false, next }
  }
  // The pattern or the time zone may have changed since: then it strikes earlier.
  if (known.due_at > now && known.due_at <= next) return { more: false, next: known.due_at }
  if (known.due_at > next) {
    await db.commit([setClock(db, key, { dueAt: next, after: '' })])
    return { more: false, next }
  }
  const [taken] = await db.commit([takeClock(db, key, now, now + MINUTE)])
  if (taken?.changes !== 1) return { more: false, next: now + MINUTE }
  const state = (await pluginStates(db)).find(({ slug }) => slug === handler.slug)
  const paused = state !== undefined && state.paused_at !== null
  const only = !isOnForAll(plugin, state)
  const sites = paused ? [] : await sitesForCron(db, key, known.after_site, only, MOST_HANDED_OUT)
  const more = sites.length === MOST_HANDED_OUT
  const goesOn = more ? { dueAt: known.due_at, after: sites.at(-1) ?? '' } : { dueAt: next, after: '' }
  await db.commit([handOut(db, key, sites, known.due_at), setClock(db, key, goesOn)])
  return { more, next }
}

/** Whether a plugin is on anywhere. Where it is not, nothing of it is written down, so that nothing is left of it. */
const isWanted = async ({ engine: { db } }: Core, plugin: Ready): Promise<boolean> => {
  const state = (await pluginStates(db)).find(({ slug }) => slug === plugin.slug)
  return isOnForAll(plugin, state) || isOnAnywhere(db, plugin.slug)
}

/** Runs for one site; its row goes in the same commit as what the handler writes, or by itself if there is nothing to commit. */
async function runOne(core: Core, { plugin, handler }: Cron, site: string): Promise<void> {
  const { db } = core.engine
  const end = endRun(db, { slug: handler.slug, id: handler.name }, site)
  const standing = await core.standings.at(site)
  const wanted = standing?.site.state === 'active' && !standing.isMuted(handler.id)
  if (!wanted || !(await mayRun(core, plugin, standing))) {
    await db.commit([end])
    return
  }
  try {
    const handled = await marked(core, handler, () =>
      handle(core, {
        handler,
        standing,
        limit: core.limits.cron,
        run: async (unit, signal) => {
          unit.write([end])
          await handler.run({
            ...baseContext(core, plugin, standing, signal),
            ...(await writePart(core, plugin, standing, { unit, signal })),
          })
        },
      }),
    )
    if (!handled.ok) await db.commit([end])
  } catch (error) {
    // It emitted what could not be taken. A database that fails is not its doing: then the run waits for its lease.
    if (!(error instanceof AppError)) throw error
    await recordFault(core, { handler, site, event: null, error, ms: 0 })
    await db.commit([end])
  }
}
