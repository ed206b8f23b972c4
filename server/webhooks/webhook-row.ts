import type { Webhook } from '../../db/queries/webhooks.ts'
import type { Origin, WebhookTable } from '../../db/schema.ts'
import type { Owner } from '../lib/actor.ts'
import type { DeliveryPlan } from './batch-policy.ts'
import type { Condition } from './condition.ts'
import type { WebhookDraft } from './draft.ts'
import { MASK } from './redact.ts'
import { signingOf } from './sign.ts'

/** A stored webhook as a draft, to read and to compare: its secrets are left out or masked. */
export const draftOf = (webhook: Webhook): WebhookDraft => ({
  name: webhook.name,
  description: webhook.description,
  url: webhook.url,
  allEvents: webhook.all_events === 1,
  events: webhook.events,
  format: webhook.format,
  condition: webhook.condition === null ? null : (JSON.parse(webhook.condition) as Condition),
  sites: JSON.parse(webhook.sites) as string[],
  ordered: webhook.ordered === 1,
  ratePerSecond: webhook.rate_per_second,
  delivery: JSON.parse(webhook.delivery) as DeliveryPlan,
  auth: webhook.auth,
  username: webhook.username,
  password: null,
  token: null,
  signing: webhook.signing === null ? null : signingOf(webhook.signing),
  secret: null,
  headers: headerNames(webhook).map((name) => [name, MASK]),
  timeoutSeconds: webhook.timeout_seconds,
  retrySchedule: JSON.parse(webhook.retry_schedule) as number[],
  active: webhook.state !== 'retired',
})

/** The columns that somebody chose. */
export const draftColumns = (draft: WebhookDraft) => ({
  name: draft.name,
  description: draft.description,
  url: draft.url,
  all_events: draft.allEvents ? 1 : 0,
  format: draft.format,
  condition: draft.condition === null ? null : JSON.stringify(draft.condition),
  sites: JSON.stringify(draft.sites),
  ordered: draft.ordered ? 1 : 0,
  rate_per_second: draft.ratePerSecond,
  delivery: JSON.stringify(draft.delivery),
  auth: draft.auth,
  username: draft.username,
  signing: draft.signing === null ? null : JSON.stringify(draft.signing),
  headers: JSON.stringify(draft.headers.map(([name]) => name)),
  timeout_seconds: draft.timeoutSeconds,
  retry_schedule: JSON.stringify(draft.retrySchedule),
})

/** A webhook that nothing has happened to yet. */
export const newRow = (
  draft: WebhookDraft,
  who: {
    readonly id: string
    readonly owner: Owner
    readonly by: string
    readonly now: number
    readonly publicKey: string | null
    readonly state: WebhookTable['state']
    readonly state_reason: string | null
    readonly origin?: Origin
    readonly integration?: string
  },
): Omit<WebhookTable, 'number'> => ({
  id: who.id,
  owner: who.owner,
  origin: who.origin ?? 'admin',
  integration: who.integration ?? 'manual',
  ...draftColumns(draft),
  public_key: who.publicKey,
  state: who.state,
  state_reason: who.state_reason,
  revision: 1,
  consecutive_failures: 0,
  failing_since: null,
  last_delivered_at: null,
  last_delivery_at: null,
  breaker_until: null,
  breaker_step: 0,
  breaker_streak: 0,
  created_at: who.now,
  created_by: who.by,
  updated_at: who.now,
})

/** The names of a webhook's own headers, as they were written. */
export const headerNames = (webhook: Pick<Webhook, 'headers'>): string[] => JSON.parse(webhook.headers) as string[]
