import { firstSites, siteBySlugOrId, type Site } from '../../../db/queries/sites.ts'
import type { Deps } from '../../deps.ts'

/** So many sites stand in a list to choose from; of more, a slug is typed. */
export const FEW_SITES = 100

/** What partials/site-field shows: the sites to choose from, or null where they are too many and a slug is typed. */
interface SiteChoice {
  readonly value: string
  readonly options: readonly { readonly value: string; readonly label: string }[] | null
}

/** `typed`: an id, or what somebody typed. `none`: what no site stands for. */
export async function siteChoice(deps: Deps, typed: string, none: string): Promise<SiteChoice> {
  const [few, chosen] = await Promise.all([firstSites(deps.db, FEW_SITES + 1), chosenSite(deps, typed)])
  if (few.length > FEW_SITES) return { value: chosen?.slug ?? typed, options: null }
  const options = few.filter(({ state, id }) => state === 'active' || id === chosen?.id)
  return {
    value: chosen?.id ?? '',
    options: [{ value: '', label: none }, ...options.map((site) => ({ value: site.id, label: site.name }))],
  }
}

/** The site that a form names by its id or its slug. */
export const chosenSite = async (deps: Deps, typed: string): Promise<Site | undefined> =>
  typed === '' ? undefined : siteBySlugOrId(deps.db, typed.trim().toLowerCase())
