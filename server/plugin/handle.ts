import { isConstraint } from '../../db/db.ts'
import type { Core, Stored } from './core.ts'
import { afterSuccess, recordFault } from './fault.ts'
import type { Handler } from './loaded.ts'
import { prepare } from './prepare.ts'
import type { Standing } from './standing.ts'
import { openUnit, type Unit } from './unit.ts'
import { run } from './run.ts'

type Handled<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly fault: string }

interface Handling<T> {
  readonly handler: Handler
  readonly standing: Standing
  readonly limit: number
  /** The event that it listens to. */
  readonly event?: Stored
  /** Whether anybody can make it run: then its faults count once a minute, as those that an event causes do. */
  readonly byStrangers?: boolean
  run(unit: Unit, signal: AbortSignal): T | Promise<T>
  /** Whether what it queued shall be committed. */
  keeps?(value: T): boolean
}

/**
 * Runs a handler as one unit of work: when it succeeds, all it queued is committed at once; else nothing is. If the
 * commit meets a record that `add` wanted to be new, somebody else was faster, and the handler runs once more to see it.
 *
 * What the handler does wrong is a fault. Throws what is not its doing: AppError of what it emitted (an archived site,
 * an inactive plugin), DbError of the commit.
 */
export async function handle<T>(core: Core, handling: Handling<T>): Promise<Handled<T>> {
  const { handler, standing, event } = handling
  const fault = async (error: unknown, ms: number): Promise<Handled<T>> => {
    const about = event ? { id: event.id, type: event.type } : null
    const quiet = event !== undefined || handling.byStrangers === true
    return {
      ok: false,
      fault: await recordFault(core, { handler, site: standing.site.id, event: about, error, ms, quiet }),
    }
  }
  for (let again = true; ; again = false) {
    const unit = openUnit()
    const ran = await run(core, handler, handling.limit, (signal) => handling.run(unit, signal))
    unit.close()
    if (!ran.ok) return fault(ran.error, ran.ms)
    try {
      await commit(core, handling.keeps?.(ran.value) === false ? openUnit() : unit, handling)
      return { ok: true, value: ran.value }
    } catch (error) {
      if (!isConstraint(error)) throw error
      if (!again) return fault(new Error('It adds a record that is there already.', { cause: error }), ran.ms)
    }
  }
}

async function commit(
  core: Core,
  unit: Unit,
  { handler, standing, event }: Omit<Handling<unknown>, 'run' | 'keeps'>,
): Promise<void> {
  const { db } = core.engine
  const after = afterSuccess(db, standing, handler)
  const writes = unit.statements(db)
  // Most handlers that hear an event leave nothing to be written.
  if (writes.length + unit.emissions.length + after.length === 0) return
  const prepared = await prepare(core, unit.emissions, event ? event.chain + 1 : 0)
  const stored = db.commit([...writes, ...prepared.statements, ...after])
  prepared.meanwhile()
  const results = await stored
  prepared.finish(results.slice(writes.length, writes.length + prepared.statements.length))
}
