import type { Webhook } from '../../db/queries/webhooks.ts'
import { siteBySlugOrId } from '../../db/queries/sites.ts'
import type { Deps } from '../deps.ts'
import type { Owner } from '../lib/actor.ts'
import { urlRules } from '../webhooks/address.ts'
import type { DraftRules } from '../webhooks/draft.ts'

/**
 * What a webhook is checked against here: the addresses of this server, and the events of its plugins. One that is
 * stored already may keep its password, and the events that it chose while their plugin was still there.
 */
export const draftRules = (deps: Deps, stored: Webhook | null, sites: NamedSites = new Map()): DraftRules => ({
  address: urlRules(deps),
  isEventType: (name) => deps.host.eventType(name) !== undefined || (stored?.events.includes(name) ?? false),
  siteId: (named) => sites.get(named) ?? chosenSites(stored).find((id) => id === named),
  hasPassword: stored?.auth === 'basic',
})

/** Ids of sites by what somebody called them: slug or id. */
export type NamedSites = ReadonlyMap<string, string>

/** Looks up the sites that an input names. A site's own webhook gets that site's events alone, and can name none. */
export async function namedSites(deps: Deps, owner: Owner, named: unknown): Promise<NamedSites> {
  const names = Array.isArray(named) && owner === 'network' ? named.filter((name) => typeof name === 'string') : []
  const found = new Map<string, string>()
  for (const name of names.slice(0, MOST_SITES)) {
    const site = await siteBySlugOrId(deps.db, name)
    if (site) found.set(name, site.id)
  }
  return found
}
const MOST_SITES = 100

const chosenSites = (stored: Webhook | null): readonly string[] =>
  stored === null ? [] : (JSON.parse(stored.sites) as string[])
