import type { Handler } from './loaded.ts'

/** Code of a plugin that runs: `doing` is the id of a handler, or `load` while the plugin is imported and registers. */
export interface Mark {
  readonly slug: string
  readonly doing: string
}

/** Keeps watch over the code of plugins, in a runtime whose process it can take down. */
export interface Watch {
  /** What an earlier process was doing when it ended without a word. */
  readonly left: readonly Mark[]
  /** Writes down, where a crash does not erase it, what is about to run. Answers with what takes that back. */
  mark(mark: Mark): () => void
  /** Runs code so that an error of it that nobody catches can be told from one of ours. */
  attend<T>(handler: Handler, run: () => T): T
}

export const noWatch: Watch = { left: [], mark: () => () => {}, attend: (_, run) => run() }

/** How often a handler ran here since this process began, and for how long, in milliseconds. */
export interface Tally {
  readonly runs: number
  readonly faults: number
  readonly totalMs: number
  readonly worstMs: number
}
