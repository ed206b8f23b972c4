import type { Webhook } from '../../db/queries/webhooks.ts'
import { sitesBySlugOrId } from '../../db/queries/sites.ts'
import type { Deps } from '../deps.ts'
import type { Owner } from '../lib/actor.ts'
import { urlRules } from '../webhooks/address.ts'
import type { DraftRules } from '../webhooks/draft.ts'
import { headerNames } from '../webhooks/webhook-row.ts'
import { formatOf, type FormatSummary } from '../webhooks/formats.ts'
import { SECRETS_MISSING } from '../webhooks/lifecycle.ts'
import { openSecrets } from '../webhooks/webhook-secrets.ts'

/**
 * What a webhook is checked against here: the addresses of this server, the events of its plugins, and the sites that the
 * input names. One that is stored already may keep its secrets, and what it chose while it was still there.
 */
export async function draftRules(
  deps: Deps,
  owner: Owner,
  stored: Webhook | null,
  input: { readonly sites?: unknown },
): Promise<DraftRules> {
  const [sites, headers, formats] = await Promise.all([
    namedSites(deps, owner, input.sites),
    storedHeaders(deps, stored),
    choosableFormats(deps, owner, stored),
  ])
  // Imported without its secrets, it has nothing to keep.
  const isIncomplete = stored?.state_reason === SECRETS_MISSING
  const chosen = stored === null ? [] : (JSON.parse(stored.sites) as string[])
  return {
    address: urlRules(deps),
    isEventType: (name) => deps.host.eventType(name) !== undefined || (stored?.events.includes(name) ?? false),
    formats,
    siteId: (named) => sites.get(named) ?? chosen.find((id) => id === named),
    has: isIncomplete
      ? { password: false, token: false }
      : { password: stored?.auth === 'basic', token: stored?.auth === 'bearer' },
    headers,
  }
}

/** The formats of plugins that can be chosen; a webhook keeps its own although the plugin does not run any more. */
export async function choosableFormats(
  deps: Deps,
  owner: Owner,
  stored: Pick<Webhook, 'format'> | null,
): Promise<readonly FormatSummary[]> {
  const offered = await deps.host.formats.offeredTo(owner)
  if (stored === null || formatOf(stored.format) || offered.some(({ name }) => name === stored.format)) return offered
  const missing = { name: stored.format, title: stored.format, contentType: '' }
  return [...offered, deps.host.formats.about(stored.format) ?? missing]
}

/** Looks up the sites that an input names by slug or id. A site's own webhook gets that site's events alone, and can name none. */
async function namedSites(deps: Deps, owner: Owner, named: unknown): Promise<Map<string, string>> {
  const names = Array.isArray(named) && owner === 'network' ? named.filter((name) => typeof name === 'string') : []
  const sites = await sitesBySlugOrId(deps.db, names.slice(0, MOST_SITES))
  return new Map(sites.flatMap(({ id, slug }) => [[id, id] as const, [slug, id] as const]))
}
const MOST_SITES = 100

async function storedHeaders(deps: Deps, stored: Webhook | null): Promise<Map<string, string>> {
  if (stored === null || headerNames(stored).length === 0) return new Map()
  const { headers } = await openSecrets(deps, stored.id)
  return new Map(headers.map(([name, value]) => [name.toLowerCase(), value]))
}
