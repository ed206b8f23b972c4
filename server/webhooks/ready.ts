import type { ClaimedDelivery, Parcel } from '../../db/queries/dispatch.ts'
import type { WebhookTable } from '../../db/schema.ts'

/** A delivery that is leased to us, with all that sending it takes. */
export interface Ready {
  readonly delivery: ClaimedDelivery
  readonly webhook: WebhookTable
  readonly parcel: Parcel
  /** When its lease ends, in milliseconds UTC. */
  readonly until: number
}

/** What memory has room for: rows, and characters of their bodies. */
const MOST = 2000
const MOST_TEXT = 16 * 1024 * 1024

/** What waits for a slot: a line for each webhook, and whose turn it is. */
export function createReady() {
  const lines = new Map<string, Ready[]>()
  let size = 0
  let text = 0

  const forget = (gone: readonly Ready[]): readonly Ready[] => {
    size -= gone.length
    for (const { parcel } of gone) text -= parcel.body?.length ?? 0
    return gone
  }

  return {
    size: () => size,
    of: (webhook: string): number => lines.get(webhook)?.length ?? 0,
    isFull: () => size >= MOST || text >= MOST_TEXT,
    counts: (): [webhook: string, count: number][] => [...lines].map(([webhook, line]) => [webhook, line.length]),

    add(item: Ready): void {
      const line = lines.get(item.webhook.id)
      if (line) line.push(item)
      else lines.set(item.webhook.id, [item])
      size++
      text += item.parcel.body?.length ?? 0
    },

    /** The next of the webhook with the fewest attempts under way; among equals the turn goes round. */
    next(flying: ReadonlyMap<string, number>, may: (webhook: string) => boolean): Ready | null {
      let chosen: string | null = null
      let fewest = Infinity
      for (const webhook of lines.keys()) {
        const under = flying.get(webhook) ?? 0
        if (under >= fewest || !may(webhook)) continue
        chosen = webhook
        fewest = under
        if (under === 0) break
      }
      const line = chosen === null ? undefined : lines.get(chosen)
      const item = line?.shift()
      if (chosen === null || !line || !item) return null
      lines.delete(chosen)
      if (line.length > 0) lines.set(chosen, line)
      forget([item])
      return item
    },

    /** Takes out the whole line of a webhook, or all lines. */
    drop(webhook?: string): readonly Ready[] {
      const gone = webhook === undefined ? [...lines.values()].flat() : (lines.get(webhook) ?? [])
      if (webhook === undefined) lines.clear()
      else lines.delete(webhook)
      return forget(gone)
    },
  }
}
