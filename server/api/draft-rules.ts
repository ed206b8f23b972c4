import type { Webhook } from '../../db/queries/webhooks.ts'
import type { Deps } from '../deps.ts'
import { urlRules } from '../webhooks/address.ts'
import type { DraftRules } from '../webhooks/draft.ts'

/**
 * What a webhook is checked against here: the addresses of this server, and the events of its plugins. One that is
 * stored already may keep its password, and the events that it chose while their plugin was still there.
 */
export const draftRules = (deps: Deps, stored: Webhook | null): DraftRules => ({
  address: urlRules(deps),
  isEventType: (name) => deps.host.eventType(name) !== undefined || (stored?.events.includes(name) ?? false),
  hasPassword: stored?.auth === 'basic',
})
