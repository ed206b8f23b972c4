import type { Log } from '../../server/lib/log.ts'

const nothing = () => {}

/** A log for tests that do not look at it. */
export const quiet: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing }
