/** How many attempts a webhook may begin. */
export interface Share {
  readonly webhook: string
  readonly slots: number
}

/**
 * Shares out free slots, one by one, to whichever webhook has the fewest attempts on the wire: a busy or slow one never
 * starves the others. Among equals the turn goes round, from the one that stands behind `after`. The last in the list is
 * the last that was served.
 */
export function share(
  due: readonly string[],
  now: {
    readonly flying: ReadonlyMap<string, number>
    readonly free: number
    readonly perWebhook: number
    readonly after: string
  },
): readonly Share[] {
  const turns = [...due.filter((id) => id > now.after), ...due.filter((id) => id <= now.after)]
  const slots = new Map<string, number>()
  let free = now.free
  for (let level = 0; level < now.perWebhook; level++) {
    for (const webhook of turns) {
      if (free === 0) break
      const given = slots.get(webhook) ?? 0
      if ((now.flying.get(webhook) ?? 0) + given > level) continue
      slots.delete(webhook) // so that the last served stands last
      slots.set(webhook, given + 1)
      free--
    }
  }
  return [...slots].map(([webhook, slots]) => ({ webhook, slots }))
}
