import type { Clock } from '../lib/clock.ts'

export type Ran<T> =
  | { readonly ok: true; readonly value: T; readonly ms: number }
  | { readonly ok: false; readonly error: unknown; readonly ms: number }

/**
 * Runs somebody else's code and waits at most `limit` milliseconds. Never throws. JavaScript cannot be stopped from
 * outside: at the end of its time the signal is aborted and nobody waits any longer, but the code may go on.
 */
export function within<T>(limit: number, clock: Clock, work: (signal: AbortSignal) => T | Promise<T>): Promise<Ran<T>> {
  const started = clock()
  const abort = new AbortController()
  // By hand, because `Promise.race` takes as long as many a handler.
  const { promise, resolve } = Promise.withResolvers<Ran<T>>()
  const end = (ran: Ran<T>) => {
    clearTimeout(timer)
    resolve(ran)
  }
  const done = (value: T) => end({ ok: true, value, ms: clock() - started })
  const failed = (error: unknown) => end({ ok: false, error, ms: clock() - started })
  const timer = setTimeout(() => {
    const error = new Error(`It took longer than ${limit} ms.`)
    abort.abort(error)
    failed(error)
  }, limit)
  const run = async () => work(abort.signal)
  run().then(done, failed)
  return promise
}
