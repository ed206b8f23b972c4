import type { FieldError } from '../lib/errors.ts'
import { msg } from '../lib/message.ts'
import type { C } from '../web/env.ts'

const MOST_HOPS = 3

/** How often an event went round before it came here, as its sender says; null where that is too often, or no number. */
export function claimedHops(c: C): number | null {
  const hops = Number(c.req.header('hookline-hops') ?? 0)
  return Number.isInteger(hops) && hops >= 0 && hops <= MOST_HOPS ? hops : null
}

export const loop: FieldError = {
  path: 'hookline-hops',
  message: msg('This event went round more than 3 times. Some receiver sends it back here: break the loop.'),
}
