import { createWebhook } from '../../server/webhooks/lifecycle.ts'
import { plainDraft, type WebhookDraft } from '../../server/webhooks/draft.ts'
import { newId } from '../../server/lib/ids.ts'
import { insertSite } from '../../db/queries/sites.ts'
import type { Deps } from '../../server/deps.ts'

/** Makes a site of this slug and name, and gives its id. */
export async function makeSite(deps: Deps, slug: string): Promise<string> {
  const id = newId('sit', deps)
  await deps.db.commit([insertSite(deps.db, { id, slug, name: slug, created_at: deps.clock() })])
  return id
}

/** Makes an active webhook for `payment_received` and `payment_failed` and gives its id. */
export async function makeWebhook(
  deps: Deps,
  draft: Partial<WebhookDraft> & { readonly url: string },
  owner = 'network',
): Promise<string> {
  const id = newId('whk', deps)
  const whole: WebhookDraft = {
    ...plainDraft,
    name: 'Order desk',
    // Not all of them: people who log in were created, and that is an event too.
    events: ['payment_received', 'payment_failed'],
    timeoutSeconds: 5,
    retrySchedule: [60, 300],
    ...draft,
  }
  const change = await createWebhook(deps, whole, { id, owner, by: 'usr_test', room: null }, { handedOut: true })
  await deps.db.commit(change.statements)
  return id
}

/** Emits an event of the payments plugin (or any other) on a site and gives its id. */
export async function emitSample(
  deps: Deps,
  { type = 'payment_received', site = 'sit_main', data }: { type?: string; site?: string; data?: object } = {},
): Promise<string> {
  const sample = deps.host.eventType(type)?.sample ?? {}
  const [emitted] = await deps.host.emit([{ type, site, data: { ...sample, ...data }, source: 'plugin:test' }])
  await deps.host.settled()
  return emitted?.id ?? ''
}
