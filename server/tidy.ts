import { tickAccess } from './access/tick.ts'
import type { Deps } from './deps.ts'

const busy = new WeakSet<Deps>()

/** What has to be done now and then besides sending: listeners that a crash left unheard, the audit chain, old tries. */
export async function tidy(deps: Deps): Promise<void> {
  if (busy.has(deps)) return
  busy.add(deps)
  try {
    await deps.host.tick(deps.clock())
    await tickAccess(deps)
  } catch (error) {
    deps.log.error('Tidying up failed', { error: String(error) })
  } finally {
    busy.delete(deps)
  }
}
