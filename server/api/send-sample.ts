import { siteById, siteFor } from '../../db/queries/sites.ts'
import { limitTests } from '../access/limits.ts'
import type { Deps } from '../deps.ts'
import type { Actor, Owner } from '../lib/actor.ts'
import { fail, invalid } from '../lib/errors.ts'
import { msg } from '../lib/message.ts'
import { mustSend } from '../webhooks/sending.ts'
import { sendTest, type Exchange, type TrialWebhook } from '../webhooks/trial.ts'
import type { OpenSecrets } from '../webhooks/webhook-secrets.ts'

/** What to send as a test, and as whom. */
export interface Sample {
  readonly webhook: TrialWebhook
  readonly secrets: OpenSecrets
  /** The name of an event type that there is, as `sampleType` gives it. */
  readonly type: string
  /** Whose webhook it is; a test of the network's comes from the main site. */
  readonly owner: Owner
}

/** Sends the sample of an event type as a test, once. Throws `conflict` while sending is off, `too_many_requests` beyond ten a minute. */
export async function sendSample(
  deps: Deps,
  actor: Actor,
  { webhook, secrets, type, owner }: Sample,
): Promise<Exchange> {
  const site = await siteById(deps.db, siteFor(owner))
  if (!site) throw fail('conflict', 'The site of this webhook is no longer there.')
  await mustSend(deps)
  await limitTests(deps, actor.id)
  const sample = deps.host.eventType(type)?.sample ?? {}
  return sendTest(deps, webhook, secrets, { type, sample, site, source: `test:${actor.id}` })
}

/** The event type to test with: the wanted one (an empty choice wants none), else the first chosen, else the first there is. Throws `invalid`. */
export function sampleType(deps: Deps, wanted: unknown, chosen: readonly string[]): string {
  const name = wanted || chosen[0] || deps.host.eventTypes()[0]?.name
  if (typeof name === 'string' && deps.host.eventType(name)) return name
  throw invalid([
    {
      path: 'event',
      message: msg('No plugin here sends an event called {event}.', { event: String(name).slice(0, 80) }),
    },
  ])
}
