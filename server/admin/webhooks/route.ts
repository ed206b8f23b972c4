import type { Webhook } from '../../../db/queries/webhooks.ts'
import type { Deps } from '../../deps.ts'
import type { Translator } from '../../web/i18n.ts'
import { describe } from '../../webhooks/condition.ts'
import { draftOf } from '../../webhooks/webhook-row.ts'
import { shortUrl } from '../../webhooks/redact.ts'
import { authWords, formatWords } from './words.ts'

/** The line of a webhook: what sets it off, what it lets by, how and as what it leaves, and where it goes. */
export function routeOf(deps: Deps, t: Translator, webhook: Webhook) {
  const { allEvents, events, condition, delivery, format, auth } = draftOf(webhook)
  const event = events[0] ?? null
  const lane = allEvents || event === null ? 'realtime' : (deps.host.eventType(event)?.lane ?? 'realtime')
  return {
    event: allEvents ? null : event,
    more: Math.max(0, events.length - 1),
    condition: condition === null ? null : describe(condition, t.say),
    lane: delivery.mode === 'batched' ? 'batched' : lane,
    body: [formatWords(t, deps, format), ...(auth === 'none' ? [] : [authWords(t)[auth]])].join(', '),
    to: shortUrl(webhook.url),
    state: webhook.state,
  }
}
