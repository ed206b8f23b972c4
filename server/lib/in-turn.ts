import type { Log } from './log.ts'

/**
 * Does things that have nothing to do with each other, one after the other. Where one fails, its name goes into the log,
 * and the next has its turn all the same.
 */
export async function inTurn(log: Log, tasks: Readonly<Record<string, () => Promise<unknown>>>): Promise<void> {
  for (const [task, run] of Object.entries(tasks)) {
    try {
      await run()
    } catch (error) {
      log.error('Tidying up failed', { task, error: String(error) })
    }
  }
}
