import { tickAccess } from './access/tick.ts'
import type { Deps } from './deps.ts'
import { MINUTE } from './lib/clock.ts'
import { redeliverStep } from './webhooks/redelivery.ts'
import { purge } from './webhooks/retention.ts'

const busy = new WeakSet<Deps>()
const purged = new WeakMap<Deps, number>()

/** What has to be done now and then besides sending: listeners that a crash left unheard, the audit chain, what is too old. */
export async function tidy(deps: Deps): Promise<void> {
  if (busy.has(deps)) return
  busy.add(deps)
  try {
    await deps.host.tick(deps.clock())
    await redeliverStep(deps)
    await tickAccess(deps)
    if (deps.clock() - (purged.get(deps) ?? 0) >= MINUTE) {
      purged.set(deps, deps.clock())
      await purge(deps)
    }
  } catch (error) {
    deps.log.error('Tidying up failed', { error: String(error) })
  } finally {
    busy.delete(deps)
  }
}
