import { siteById } from '../../db/queries/sites.ts'
import type { Db } from '../../db/db.ts'
import type { Owner } from '../lib/actor.ts'

/** Where a person starts: Network Admin, or the admin of the own site. */
export async function homeOf(db: Db, owner: Owner): Promise<string> {
  if (owner === 'network') return '/network'
  const site = await siteById(db, owner)
  return site ? `/sites/${site.slug}/admin` : '/account'
}
