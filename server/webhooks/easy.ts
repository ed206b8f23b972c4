import type { WebhookTable } from '../../db/schema.ts'
import { SECOND } from '../lib/clock.ts'
import { addTo } from '../lib/count.ts'
import type { Pace } from './pace.ts'
import type { Limits } from './sending.ts'

/** Whose receiver answers so soon, on the average, may have deliveries waiting in memory. In milliseconds. */
const QUICK = 250

/**
 * Webhooks that are well and have no limits of their own: theirs may wait in memory, and new ones need not be claimed.
 * `ahead` is how many may wait for a slot besides.
 */
export function createEasy({
  pace,
  limits,
  ahead,
}: {
  readonly pace: Pace
  readonly limits: Pick<Limits, 'perWebhook'>
  readonly ahead: number
}) {
  /** As they stood at the last look. */
  const rows = new Map<string, WebhookTable>()
  /** They have more in the database than the last look could take. */
  let behind = new Set<string>()
  /** Attempts that failed and are not recorded yet. */
  const failing = new Map<string, number>()
  /** Leases that were promised since the last look, and not taken up yet. */
  const promised = new Map<string, number>()

  /** Besides those under way, what the receiver takes in a second, if it is quick. */
  const most = (webhook: string): number => {
    const average = pace.of(webhook)
    const { perWebhook: usual } = limits
    if (ahead === 0 || average === null || average > QUICK) return usual
    return usual + Math.min(ahead, Math.floor((usual * SECOND) / Math.max(average, 1)))
  }

  return {
    most,
    row: (webhook: string) => rows.get(webhook),
    has: (webhook: string) => rows.has(webhook),
    isBehind: (webhook: string) => behind.has(webhook),
    setBehind: (webhooks: readonly string[]) => void (behind = new Set(webhooks)),

    look(webhooks: Iterable<WebhookTable>): void {
      for (const webhook of webhooks) {
        if (isEasy(webhook) && !failing.has(webhook.id)) rows.set(webhook.id, webhook)
        else rows.delete(webhook.id)
      }
    },
    forget: () => rows.clear(),
    /** An attempt failed: not easy any more, and not again before that is recorded. */
    async leave(webhook: string, recorded: Promise<void>): Promise<void> {
      rows.delete(webhook)
      addTo(failing, webhook, 1)
      await recorded.finally(() => addTo(failing, webhook, -1))
    },

    /** Whether one more may be ours, of which there are `ours`. What comes after a refusal may not overtake it. */
    promise(webhook: string, ours: number): boolean {
      if (!rows.has(webhook) || behind.has(webhook) || pace.isSlow(webhook)) return false
      if (ours + (promised.get(webhook) ?? 0) >= most(webhook)) {
        behind.add(webhook)
        return false
      }
      addTo(promised, webhook, 1)
      return true
    },
    kept(webhook: string): void {
      if (promised.has(webhook)) addTo(promised, webhook, -1)
    },
    /** A commit that fails keeps no promise, and says nothing. */
    forgetPromises: () => promised.clear(),
  }
}

const isEasy = (webhook: WebhookTable): boolean =>
  webhook.state === 'active' &&
  webhook.ordered === 0 &&
  webhook.rate_per_second === null &&
  webhook.breaker_until === null &&
  webhook.breaker_streak === 0

export type Easy = ReturnType<typeof createEasy>
