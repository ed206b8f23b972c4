import { tryCommit } from '../../db/db.ts'
import { archiveWebhooks, retireWebhooks, wakeWebhooks } from '../../db/queries/site-state.ts'
import { insertSite, MAIN_SITE, siteById, updateSite, type Site } from '../../db/queries/sites.ts'
import type { Actor } from '../lib/actor.ts'
import { fail, invalid } from '../lib/errors.ts'
import { msg, type Message } from '../lib/message.ts'
import type { Engine } from '../webhooks/engine.ts'
import { moveSites } from '../webhooks/site-moves.ts'
import { auditEntry } from './audit.ts'
import { wrongName } from './person.ts'

const RESERVED: readonly string[] = ['new', 'admin', 'main', 'api', 'network']
const SLUG = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

export const wrongSiteName = wrongName

/** What is wrong with the slug of a new site, or null. */
export function wrongSlug(slug: string): Message | null {
  if (!SLUG.test(slug)) return msg('A slug has 1 to 63 small letters, digits and dashes.')
  return RESERVED.includes(slug) ? msg('This slug is reserved. Take another one.') : null
}

type Deps = Pick<Engine, 'db' | 'clock' | 'random'>

/** Makes a site of fields that were checked. The same id and slug once more is no second site. Throws `invalid` for a slug that is taken. */
export async function createSite(
  deps: Deps,
  by: Actor,
  { id, slug, name }: { readonly id: string; readonly slug: string; readonly name: string },
): Promise<Site> {
  const site: Site = { id, slug, name, state: 'active', created_at: deps.clock() }
  const audit = auditEntry(deps, by, { action: 'site.created', target: id, owner: 'network', after: { slug, name } })
  const row = { id, slug, name, created_at: site.created_at }
  if (await tryCommit(deps.db, [insertSite(deps.db, row), ...audit])) return site
  const before = await siteById(deps.db, id)
  if (before?.slug === slug) return before
  throw invalid([{ path: 'slug', message: msg('Another site has this slug. Take another one.') }])
}

interface SiteChange {
  readonly name?: string | undefined
  readonly state?: 'active' | 'archived' | undefined
}

/**
 * Gives a site another name, archives it, or brings it back. Archived, it sends nothing and takes no events; brought back,
 * what was held goes out. Throws `conflict` for archiving the main site.
 */
export async function changeSite(deps: Deps, by: Actor, site: Site, change: SiteChange): Promise<Site> {
  const next = await saveSite(deps, by, site, change)
  if (next.state !== site.state) await moveSites(deps)
  return next
}

/** Archives sites or brings them back, each in a commit of its own. Their deliveries follow together, so that it costs no more than that of one. */
export async function switchSites(
  deps: Deps,
  by: Actor,
  sites: readonly Site[],
  state: 'active' | 'archived',
): Promise<void> {
  for (const site of sites) await saveSite(deps, by, site, { state })
  if (sites.some((site) => site.state !== state)) await moveSites(deps)
}

async function saveSite(deps: Deps, by: Actor, site: Site, change: SiteChange): Promise<Site> {
  if (site.id === MAIN_SITE && change.state === 'archived') throw fail('conflict', 'The main site cannot be archived.')
  const next = { name: change.name ?? site.name, state: change.state ?? site.state }
  if (next.name === site.name && next.state === site.state) return site
  const { db } = deps
  const move = next.state === 'archived' ? archiveWebhooks : wakeWebhooks
  const audit = auditEntry(deps, by, {
    action: 'site.updated',
    target: site.id,
    owner: site.id,
    before: { name: site.name, state: site.state },
    after: next,
  })
  await db.commit([updateSite(db, site.id, next), ...(next.state === site.state ? [] : move(db, site.id)), ...audit])
  return { ...site, ...next }
}

/**
 * Deletes a site: what waits is cancelled, its webhooks are retired and its keys dead. What the log holds of it goes with
 * retention, and the site with it. Throws `conflict` for the main site.
 */
export async function deleteSite(deps: Deps, by: Actor, site: Site): Promise<void> {
  if (site.id === MAIN_SITE) throw fail('conflict', 'The main site cannot be deleted.')
  const { db } = deps
  const now = deps.clock()
  const audit = auditEntry(deps, by, {
    action: 'site.deleted',
    target: site.id,
    owner: site.id,
    before: { slug: site.slug, name: site.name },
  })
  await db.commit([
    updateSite(db, site.id, { state: 'deleted', deleted_at: now }),
    ...retireWebhooks(db, site.id),
    ...audit,
  ])
  await moveSites(deps)
}
