/** How many attempts a webhook may begin. */
interface Share {
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
    /** How many a webhook may have under way. */
    readonly most: (webhook: string) => number
    /** Slow webhooks together get no more than `freeForSlow`, so that the others always find a slot. */
    readonly isSlow: (webhook: string) => boolean
    readonly freeForSlow: number
    readonly after: string
  },
): readonly Share[] {
  const turns = [...due.filter((id) => id > now.after), ...due.filter((id) => id <= now.after)]
  const slots = new Map<string, number>()
  const most = new Map(turns.map((webhook) => [webhook, now.most(webhook)]))
  let free = now.free
  let freeForSlow = now.freeForSlow
  for (let level = 0; level < Math.max(0, ...most.values()); level++) {
    for (const webhook of turns) {
      if (free === 0) break
      const given = slots.get(webhook) ?? 0
      if (level >= (most.get(webhook) ?? 0) || (now.flying.get(webhook) ?? 0) + given > level) continue
      if (now.isSlow(webhook) && freeForSlow-- <= 0) continue
      slots.delete(webhook) // so that the last served stands last
      slots.set(webhook, given + 1)
      free--
    }
  }
  return [...slots].map(([webhook, slots]) => ({ webhook, slots }))
}
