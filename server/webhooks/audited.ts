import type { Webhook } from '../../db/queries/webhooks.ts'
import type { JsonObject } from '../lib/json.ts'
import type { WebhookDraft } from './draft.ts'

/** What the audit log keeps of a webhook as somebody saves it. Of a secret only that there is a new one. */
export const auditedDraft = (draft: WebhookDraft): JsonObject => ({
  name: draft.name,
  url: new URL(draft.url).host,
  events: draft.allEvents ? 'all' : draft.events,
  format: draft.format,
  auth: draft.auth,
  active: draft.active,
  ...(draft.password === null ? {} : { password: 'new' }),
  ...(draft.secret === null ? {} : { secret: 'new' }),
})

/** What the audit log keeps of a webhook as it was. */
export const auditedWebhook = (webhook: Webhook): JsonObject => ({
  name: webhook.name,
  url: new URL(webhook.url).host,
  events: webhook.all_events === 1 ? 'all' : webhook.events,
  format: webhook.format,
  auth: webhook.auth,
  state: webhook.state,
})
