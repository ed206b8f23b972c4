import type { JsonObject } from '../lib/json.ts'
import { planFields } from '../webhooks/batch-policy.ts'
import { formatFields, type WebhookDraft } from '../webhooks/draft.ts'
import type { WebhookEntry } from './file.ts'

/** What somebody chose of a webhook, as a file holds it. `slugOf`: the slug of a site's id. */
export function webhookFields(draft: WebhookDraft, slugOf: (id: string) => string): Omit<WebhookEntry, 'owner'> {
  return {
    name: draft.name,
    description: draft.description,
    url: draft.url,
    all_events: draft.allEvents,
    events: [...draft.events].sort(),
    ...formatFields(draft.format),
    condition: draft.condition as JsonObject | null,
    sites: draft.sites.map(slugOf).sort(),
    ordered: draft.ordered,
    rate_per_second: draft.ratePerSecond,
    delivery: planFields(draft.delivery),
    auth: { type: draft.auth, ...(draft.auth === 'basic' && { username: draft.username }) },
    signing: draft.signing && { scheme: draft.signing.scheme, extra: [...draft.signing.extra] },
    headers: draft.headers.map(([name]) => name),
    timeout_seconds: draft.timeoutSeconds,
    retry_schedule: [...draft.retrySchedule],
    active: draft.active,
  }
}
