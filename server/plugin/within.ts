import type { Clock } from '../lib/clock.ts'

export type Ran<T> =
  | { readonly ok: true; readonly value: T; readonly ms: number }
  | { readonly ok: false; readonly error: unknown; readonly ms: number }

/**
 * Runs somebody else's code and waits at most `limit` milliseconds. Never throws. JavaScript cannot be stopped from
 * outside: at the end of its time the signal is aborted and nobody waits any longer, but the code may go on.
 */
export async function within<T>(
  limit: number,
  clock: Clock,
  work: (signal: AbortSignal) => T | Promise<T>,
): Promise<Ran<T>> {
  const started = clock()
  const abort = new AbortController()
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    const error = new Error(`It took longer than ${limit} ms.`)
    abort.abort(error)
    reject(error)
  }, limit)
  try {
    const value = await Promise.race([(async () => work(abort.signal))(), late])
    return { ok: true, value, ms: clock() - started }
  } catch (error) {
    return { ok: false, error, ms: clock() - started }
  } finally {
    clearTimeout(timer)
  }
}
