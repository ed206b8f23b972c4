import type { Webhook } from '../../db/queries/webhooks.ts'
import { isoTime } from '../lib/clock.ts'
import type { JsonObject } from '../lib/json.ts'
import { planFields, type DeliveryPlan } from '../webhooks/batch-policy.ts'
import type { WebhookInput } from '../webhooks/draft.ts'
import { formatFields } from '../webhooks/formats.ts'
import { headerNames } from '../webhooks/webhook-row.ts'
import { MASK } from '../webhooks/redact.ts'
import type { Signing } from '../webhooks/sign.ts'
import { isObject } from '../lib/json.ts'

/** A webhook as the API shows it: of secrets, only that they are there. */
export const show = (webhook: Webhook) => ({
  id: webhook.id,
  ...choicesOf(webhook),
  auth: { type: webhook.auth, ...(webhook.auth === 'basic' ? { username: webhook.username } : {}) },
  ...(webhook.public_key === null ? {} : { public_key: webhook.public_key }),
  state: webhook.state,
  state_reason: webhook.state_reason,
  owner: webhook.owner,
  origin: webhook.origin,
  last_delivered_at: webhook.last_delivered_at === null ? null : isoTime(webhook.last_delivered_at),
  created_at: isoTime(webhook.created_at),
  updated_at: isoTime(webhook.updated_at),
})

/** The stored webhook in the words of the API, so that a patch is the same check as a whole webhook. */
export const inputOf = (webhook: Webhook) =>
  ({
    ...choicesOf(webhook),
    auth: { type: webhook.auth, username: webhook.username, password: null, token: null },
  }) satisfies WebhookInput

/** What somebody chose. */
const choicesOf = (webhook: Webhook) => ({
  name: webhook.name,
  description: webhook.description,
  url: webhook.url,
  all_events: webhook.all_events === 1,
  events: [...webhook.events],
  ...formatFields(webhook.format),
  condition: webhook.condition === null ? null : (JSON.parse(webhook.condition) as JsonObject),
  sites: JSON.parse(webhook.sites) as string[],
  ordered: webhook.ordered === 1,
  rate_per_second: webhook.rate_per_second,
  delivery: planFields(JSON.parse(webhook.delivery) as DeliveryPlan),
  signing: webhook.signing === null ? null : signingFields(JSON.parse(webhook.signing) as Signing),
  headers: Object.fromEntries(headerNames(webhook).map((name) => [name, MASK])),
  timeout_seconds: webhook.timeout_seconds,
  retry_schedule: JSON.parse(webhook.retry_schedule) as number[],
  active: webhook.state !== 'retired',
})

const signingFields = ({ scheme, extra }: Signing) => ({ scheme, extra: [...extra] })

/**
 * What a patch makes of a webhook. Within `auth`, `signing`, `headers` and `delivery` it may name single fields; a header
 * that is null goes. What excludes what the patch names goes too: choosing events ends "all events", another authentication
 * than Signature ends its signing, None ends any, times of the day end "every so many minutes".
 */
export function patched(current: Webhook, patch: JsonObject): JsonObject {
  const stored = inputOf(current)
  const { auth, signing, headers, delivery } = patch
  const merged: Record<string, JsonObject> = {}
  if (isObject(auth)) merged['auth'] = { ...stored.auth, ...auth }
  if (isObject(signing)) merged['signing'] = { ...stored.signing, ...signing }
  if (isObject(headers)) merged['headers'] = mergeHeaders(stored.headers, headers)
  if (isObject(delivery)) {
    const other = 'at' in delivery ? { every_minutes: null } : 'every_minutes' in delivery ? { at: null } : {}
    merged['delivery'] = { ...stored.delivery, ...other, ...delivery }
  }
  const type = isObject(auth) ? auth['type'] : undefined
  const endsSigning = type === 'none' || (current.auth === 'signature' && type !== undefined && type !== 'signature')
  return {
    ...stored,
    ...(patch['all_events'] === true ? { events: [] } : {}),
    ...('events' in patch ? { all_events: false } : {}),
    ...('format' in patch && patch['format'] !== stored.format ? { timestamp: 'milliseconds' } : {}),
    ...(endsSigning ? { signing: null } : {}),
    ...patch,
    ...merged,
  }
}

/** Names are the same whatever their case. */
function mergeHeaders(stored: JsonObject, patch: JsonObject): JsonObject {
  const named = new Set(Object.keys(patch).map((name) => name.toLowerCase()))
  const kept = Object.entries(stored).filter(([name]) => !named.has(name.toLowerCase()))
  return Object.fromEntries([...kept, ...Object.entries(patch).filter(([, value]) => value !== null)])
}
