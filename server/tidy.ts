import { sealAudit } from './access/audit.ts'
import { forgetOld } from './access/forget-old.ts'
import { followEndedKeys } from './access/key-end.ts'
import type { Deps } from './deps.ts'
import { MINUTE, SECOND } from './lib/clock.ts'
import { inTurn } from './lib/in-turn.ts'
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

const sweep: Task = async (deps) => {
  await inTurn(deps.log, {
    host: () => deps.host.tick(deps.clock()),
    // A cron comes once a minute only, and has to do more at once.
    redelivery: () => goOnRedelivering(deps, deps.dispatcher() === 'cron' ? 20 : 1),
    siteMoves: () => moveSites(deps),
    endedKeys: () => followEndedKeys(deps),
    audit: () => sealAudit(deps),
    forgetOld: () => forgetOld(deps),
    retention: () => retention(deps),
  })
  deps.db.compact?.()
}

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
  await inTurn(deps.log, { [task.name]: () => task(deps) })
  others.delete(task)
}
