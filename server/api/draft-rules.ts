import type { Deps } from '../deps.ts'
import { urlRules } from '../webhooks/address.ts'
import type { DraftRules } from '../webhooks/draft.ts'

/** What a webhook is checked against here: the addresses of this server, and the events of its plugins. */
export const draftRules = (deps: Deps, hasPassword: boolean): DraftRules => ({
  address: urlRules(deps),
  isEventType: (name) => deps.host.eventType(name) !== undefined,
  hasPassword,
})
