/** One timer for all that waits, because a timer for each costs more than the request it guards. */
interface Wheel {
  /** Runs `late` after `ms`, or up to one tick later. Gives what calls it off. */
  after(ms: number, late: () => void): () => void
}

export function createWheel(tickMs = 25, now: () => number = () => performance.now()): Wheel {
  const slots = new Map<number, Set<() => void>>()
  let timer: NodeJS.Timeout | null = null
  let turned = 0

  const turn = () => {
    const to = Math.floor(now() / tickMs)
    for (; turned <= to; turned++) {
      const slot = slots.get(turned)
      slots.delete(turned)
      for (const late of slot ?? []) late()
    }
    if (slots.size > 0 || timer === null) return
    clearInterval(timer)
    timer = null
  }

  return {
    after(ms, late) {
      if (timer === null) {
        turned = Math.floor(now() / tickMs)
        timer = setInterval(turn, tickMs).unref()
      }
      const at = Math.max(turned, Math.ceil((now() + ms) / tickMs))
      let slot = slots.get(at)
      if (!slot) slots.set(at, (slot = new Set()))
      slot.add(late)
      return () => {
        if (slot.delete(late) && slot.size === 0) slots.delete(at)
      }
    },
  }
}
