import type { Db } from './db.ts'

/** How long commits took lately, in milliseconds: half of them no longer than `p50`, all but one in twenty than `p95`. */
export interface Latency {
  readonly p50: number
  readonly p95: number
  /** Of how many commits. */
  readonly count: number
}

/** So many of the last commits are remembered, in this process alone. */
const KEPT = 500

/**
 * The same database, and how long its commits take from the call until they are durable: with their time in the queue,
 * because whoever emits an event waits for that too.
 */
export function measured(db: Db, now: () => number): { readonly db: Db; readonly latency: () => Latency | null } {
  const took = new Float64Array(KEPT)
  let count = 0
  return {
    db: {
      ...db,
      commit(list, lasting = 'flushed') {
        const began = now()
        const committed = db.commit(list, lasting)
        if (lasting === 'written') return committed
        const note = () => void (took[count++ % KEPT] = now() - began)
        committed.then(note, () => {})
        return committed
      },
    },
    latency() {
      if (count === 0) return null
      const sorted = took.slice(0, Math.min(count, KEPT)).sort()
      const at = (share: number) => sorted[Math.ceil(sorted.length * share) - 1] ?? 0
      return { p50: at(0.5), p95: at(0.95), count: sorted.length }
    },
  }
}
