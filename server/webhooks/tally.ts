import type { Outcome } from '../../db/schema.ts'
import { addTo } from '../lib/count.ts'
import { SECOND } from '../lib/clock.ts'

/** The attempts of this process since it started: the figures only grow, until it starts anew. */
export interface Tally {
  readonly outcomes: ReadonlyMap<Outcome, number>
  /** How many took no longer than so many seconds, the quicker ones included. */
  readonly within: readonly (readonly [seconds: number, attempts: number])[]
  /** All of them together took so long. */
  readonly seconds: number
}

const SCALE = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

export function createTally() {
  const outcomes = new Map<Outcome, number>()
  const within = SCALE.map(() => 0)
  let ms = 0
  return {
    note(outcome: Outcome, durationMs: number): void {
      addTo(outcomes, outcome, 1)
      ms += durationMs
      for (let n = SCALE.length - 1; n >= 0 && durationMs <= (SCALE[n] ?? 0) * SECOND; n--)
        within[n] = (within[n] ?? 0) + 1
    },
    read: (): Tally => ({
      outcomes: new Map(outcomes),
      within: SCALE.map((seconds, n) => [seconds, within[n] ?? 0]),
      seconds: ms / SECOND,
    }),
  }
}
