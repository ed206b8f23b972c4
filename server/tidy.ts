import { tickAccess } from './access/tick.ts'
import type { Deps } from './deps.ts'
import { MINUTE, SECOND } from './lib/clock.ts'
import { goOn } from './privacy/request.ts'
import { sendFarewells } from './webhooks/farewell.ts'
import { sendMail } from './webhooks/mail.ts'
import { redeliverStep } from './webhooks/redelivery.ts'
import { purge } from './webhooks/retention.ts'
import { moveSites } from './webhooks/site-moves.ts'

type Task = (deps: Deps) => Promise<void>

const purged = new WeakMap<Deps, number>()

/**
 * What has to be done now and then besides sending: listeners that a crash left unheard, the audit chain, what is too
 * old. What waits for others or takes long goes beside it, so that a mail server that is slow holds up nothing else.
 */
export const tidy = async (deps: Deps): Promise<void> =>
  void (await Promise.all([...busy.keys()].map((task) => alone(task, deps))))

async function sweep(deps: Deps): Promise<void> {
  await deps.host.tick(deps.clock())
  await redeliverStep(deps)
  await moveSites(deps)
  await tickAccess(deps)
  if (deps.clock() - (purged.get(deps) ?? 0) >= MINUTE) {
    purged.set(deps, deps.clock())
    await purge(deps)
  }
  deps.db.compact?.()
}

/** A cron comes once a minute, and has the time of a Worker then; a timer comes each second, beside all else. */
const privacy: Task = (deps) => goOn(deps, deps.dispatcher() === 'cron' ? 5 * SECOND : SECOND / 2)

const busy = new Map<Task, WeakSet<Deps>>(
  [sweep, sendMail, sendFarewells, privacy].map((task) => [task, new WeakSet()]),
)

/** Not while it still runs from the last time. */
async function alone(task: Task, deps: Deps): Promise<void> {
  const running = busy.get(task)
  if (!running || running.has(deps)) return
  running.add(deps)
  try {
    await task(deps)
  } catch (error) {
    deps.log.error('Tidying up failed', { error: String(error) })
  } finally {
    running.delete(deps)
  }
}
