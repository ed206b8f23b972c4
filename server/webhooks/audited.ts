import type { Webhook } from '../../db/queries/webhooks.ts'
import type { JsonObject } from '../lib/json.ts'
import type { WebhookDraft } from './draft.ts'
import { headerNames } from './webhook-row.ts'
import { signingOf, type Signing } from './sign.ts'

/** What the audit log keeps of a webhook as somebody saves it. Of a secret only that there is a new one. */
export const auditedDraft = (draft: WebhookDraft): JsonObject => ({
  name: draft.name,
  url: new URL(draft.url).host,
  events: draft.allEvents ? 'all' : draft.events,
  format: draft.format,
  auth: draft.auth,
  ...choices(
    draft.signing,
    draft.headers.map(([name]) => name),
  ),
  active: draft.active,
  ...(draft.password === null ? {} : { password: 'new' }),
  ...(draft.token === null ? {} : { token: 'new' }),
  ...(draft.secret === null ? {} : { secret: 'new' }),
})

/** What the audit log keeps of a webhook as it was. */
export const auditedWebhook = (webhook: Webhook): JsonObject => ({
  name: webhook.name,
  url: new URL(webhook.url).host,
  events: webhook.all_events === 1 ? 'all' : webhook.events,
  format: webhook.format,
  auth: webhook.auth,
  ...choices(webhook.signing === null ? null : signingOf(webhook.signing), headerNames(webhook)),
  state: webhook.state,
})

/** Only where they were made: most webhooks have none of them. */
const choices = (signing: Signing | null, headers: readonly string[]): JsonObject => ({
  ...(signing && { signing: [signing.scheme, ...signing.extra] }),
  ...(headers.length > 0 && { headers }),
})
