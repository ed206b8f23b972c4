import type { Core } from './core.ts'
import type { Handler } from './loaded.ts'
import { within, type Ran } from './within.ts'

/** Runs a handler, watched and counted, and waits at most `limit` milliseconds. Never throws. */
export async function run<T>(
  core: Core,
  handler: Handler,
  limit: number,
  work: (signal: AbortSignal) => T | Promise<T>,
): Promise<Ran<T>> {
  const ran = await core.watch.attend(handler, () => within(limit, core.engine.clock, work))
  const { runs, faults, totalMs, worstMs } = core.tallies.get(handler.id) ?? NEVER
  core.tallies.set(handler.id, {
    runs: runs + 1,
    faults: faults + (ran.ok ? 0 : 1),
    totalMs: totalMs + ran.ms,
    worstMs: Math.max(worstMs, ran.ms),
  })
  return ran
}

const NEVER = { runs: 0, faults: 0, totalMs: 0, worstMs: 0 }

/**
 * The same for code that runs by itself after a start: were it to take the process down, it would do so again and again.
 * Of several that ran at the end of the last process one was it; they run one after the other until it is found.
 */
export async function marked<T>(core: Core, { slug, id }: Handler, work: () => Promise<T>): Promise<T> {
  const alone = core.suspects.has(slug)
  const before = core.line.last
  const { promise, resolve } = Promise.withResolvers<void>()
  if (alone) {
    core.line.last = promise
    await before
  }
  const end = core.watch.mark({ slug, doing: id })
  try {
    return await work()
  } finally {
    end()
    resolve()
  }
}
