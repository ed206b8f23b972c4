import { copyOf, type JsonObject } from '../lib/json.ts'
import { baseContext, happening, readPart } from './context.ts'
import type { Core } from './core.ts'
import { noteSuccess, recordFault } from './fault.ts'
import type { Filtered } from './host.ts'
import type { Ordered } from './loaded.ts'
import { snapshot } from './payload.ts'
import { isRejection, type Point, type Rejection } from './points.ts'
import type { Standing } from './standing.ts'
import { run } from './run.ts'
import type { Ran } from './within.ts'
import { mayRun } from './upgrade.ts'

/**
 * Hands a value from filter to filter. One that throws, takes too long, gives back nothing, or something that `check`
 * throws at, leaves a fault, and the value passes as it was before.
 */
export async function applyFilters(
  core: Core,
  point: Point<JsonObject>,
  start: JsonObject,
  about: About,
  check: (value: JsonObject) => void,
): Promise<Omit<Filtered, 'held'>> {
  let value = start
  for (const filter of core.filters.get(point.name) ?? []) {
    if (!about.standing.runs(filter.slug) || about.standing.isMuted(filter.id)) continue
    const ran = await runFilter(core, filter, value, about, check)
    if (!ran.ok) continue
    if (isRejection(ran.value)) return { value, rejected: ran.value.reason }
    value = ran.value
  }
  return { value, rejected: null }
}

/** What filters are told of beside the value: for whom, and which event. */
export interface About {
  readonly standing: Standing
  readonly event: { readonly id: string; readonly type: string; readonly occurredAt: number }
}

/** Runs one filter; what it does wrong is a fault. */
export async function runFilter(
  core: Core,
  filter: Ordered,
  value: JsonObject,
  { standing, event }: About,
  check: (value: JsonObject) => void,
): Promise<Ran<JsonObject | Rejection>> {
  const { engine, limits } = core
  const plugin = core.plugins.get(filter.slug)
  if (plugin?.state !== 'ready' || !(await mayRun(core, plugin, standing))) {
    return { ok: false, error: new Error(`${filter.slug} could not be brought up to date for this site.`), ms: 0 }
  }
  const ran = await run(core, filter, limits.filter, async (signal) => {
    const ctx = {
      ...baseContext(core, plugin, standing, signal),
      event: happening(event),
      ...(await readPart(core, plugin, standing)),
    }
    // A copy: a filter that changes it in place and then throws has changed nothing.
    const given = await filter.run(copyOf(value), ctx)
    if (isRejection(given)) return given
    if (given === undefined)
      throw new Error('The filter gave back nothing. It has to return the value, or reject(reason).')
    const next = snapshot(given, standing.mostBytes)
    check(next)
    return next
  })
  if (!ran.ok) {
    await recordFault(core, {
      handler: filter,
      site: standing.site.id,
      event,
      error: ran.error,
      ms: ran.ms,
      quiet: true,
    })
  } else await noteSuccess(engine, standing, filter)
  return ran
}
