import type { ClaimedDelivery, Contents } from '../../db/queries/dispatch.ts'
import type { WebhookTable } from '../../db/schema.ts'
import type { Born } from './engine.ts'
import type { Signed } from './send.ts'

/** A delivery that is leased to us, with all that sending it takes. */
export interface Ready {
  readonly delivery: ClaimedDelivery
  readonly webhook: WebhookTable
  readonly contents: Contents
  /** When its lease ends, in milliseconds UTC. */
  readonly until: number
  /** Its headers, where they were made ahead. */
  readonly signed?: Promise<Signed | null>
}

/** A delivery that comes straight from its commit, as if it had been claimed and read. */
export function readyFrom(born: Born, webhook: WebhookTable): Ready {
  const { id, event, body, format, lease } = born
  const delivery: ClaimedDelivery = {
    id,
    event_id: event.id,
    webhook_id: webhook.id,
    site_id: event.siteId,
    type: event.type,
    attempts: 0,
    created_at: born.createdAt,
    first_attempt_at: null,
    resume_state: null,
    resume_at: null,
    half_of: null,
  }
  const known = { hops: event.hops, trace: event.trace, site_slug: event.siteSlug, body, body_format: format }
  return { delivery, webhook, contents: { id, payload: null, occurred_at: null, ...known }, until: lease.until }
}

/** What memory has room for: rows, and characters of their bodies. */
const MOST = 2000
const MOST_TEXT = 16 * 1024 * 1024

/** What waits for a slot: a line for each webhook, and whose turn it is. */
export function createReady() {
  const lines = new Map<string, Ready[]>()
  let size = 0
  let text = 0

  const forget = (gone: readonly Ready[]): void => {
    size -= gone.length
    for (const { contents } of gone) text -= contents.body?.length ?? 0
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
      text += item.contents.body?.length ?? 0
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

    /** Takes out the whole line of a webhook, or all lines. Gives the ids of the deliveries. */
    drop(webhook?: string): readonly string[] {
      const gone = webhook === undefined ? [...lines.values()].flat() : (lines.get(webhook) ?? [])
      if (webhook === undefined) lines.clear()
      else lines.delete(webhook)
      forget(gone)
      return gone.map(({ delivery }) => delivery.id)
    },
  }
}
