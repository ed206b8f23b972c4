import { tickAccess } from './access/tick.ts'
import type { Deps } from './deps.ts'
import { MINUTE, SECOND } from './lib/clock.ts'
import { goOn } from './privacy/request.ts'
import { sendFarewells } from './webhooks/farewell.ts'
import { sendMail } from './webhooks/mail.ts'
import { goOnRedelivering } from './webhooks/redelivery.ts'
import { purge } from './webhooks/retention.ts'
import { moveSites } from './webhooks/site-moves.ts'

type Task = (deps: Deps) => Promise<void>

/**
 * What has to be done now and then besides sending: listeners that a crash left unheard, the audit chain, what is too
 * old. What waits for others or takes long goes beside it, so that a mail server that is slow holds up nothing else.
 */
export async function tidy(deps: Deps): Promise<void> {
  await Promise.all([sweep, sendMail, sendFarewells, privacy].map((task) => alone(task, deps)))
}

/** One after the other. Where one fails, the next has its turn all the same. */
async function sweep(deps: Deps): Promise<void> {
  for (const task of [host, redelivery, moveSites, tickAccess, retention]) await attempt(task, deps)
  deps.db.compact?.()
}

const host: Task = (deps) => deps.host.tick(deps.clock())

/** A cron comes once a minute only, and has to do more at once. */
const redelivery: Task = (deps) => goOnRedelivering(deps, deps.dispatcher() === 'cron' ? 20 : 1)

const purged = new WeakMap<Deps, number>()

/** Once a minute; at each call while there is more to go than one run takes, so that a busy log does not grow on. */
const retention: Task = async (deps) => {
  const now = deps.clock()
  if (now - (purged.get(deps) ?? 0) < MINUTE) return
  purged.set(deps, now)
  if (await purge(deps)) purged.delete(deps)
}

/** A cron comes once a minute, and has the time of a Worker then; a timer comes each second, beside all else. */
const privacy: Task = (deps) => goOn(deps, deps.dispatcher() === 'cron' ? 5 * SECOND : SECOND / 2)

const running = new WeakMap<Deps, Set<Task>>()

/** Not while it still runs from the last time. */
async function alone(task: Task, deps: Deps): Promise<void> {
  const others = running.get(deps) ?? new Set()
  running.set(deps, others)
  if (others.has(task)) return
  others.add(task)
  await attempt(task, deps)
  others.delete(task)
}

async function attempt(task: Task, deps: Deps): Promise<void> {
  try {
    await task(deps)
  } catch (error) {
    deps.log.error('Tidying up failed', { task: task.name, error: String(error) })
  }
}
