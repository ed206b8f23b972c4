import { AppError, fail } from '../lib/errors.ts'
import type { Clock, Random } from '../lib/clock.ts'
import { newId } from '../lib/ids.ts'
import type { Log } from '../lib/log.ts'

/**
 * Makes an answer of whatever was thrown. An expected failure stays what it is; anything else is logged under a new
 * fault id, which is all that the answer tells.
 */
export function asAppError(deps: { log: Log; clock: Clock; random: Random }, thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown
  const fault = newId('flt', deps)
  const error = thrown instanceof Error ? thrown : new Error(String(thrown))
  deps.log.error('A request failed.', { fault, error: error.message, stack: error.stack })
  return fail('internal', 'Something broke on our side. Tell the operator this fault id: {fault}.', { fault })
}
