import type { Handlers } from '../api/handlers.ts'
import type { Deps } from '../deps.ts'
import { siteListRoutes } from './sites/list.ts'
import { addSiteRoutes } from './sites/add.ts'
import { siteBulkRoutes } from './sites/bulk.ts'
import { siteAsIsRoutes } from './sites/site.ts'

/** The sites of the network: the list, a new one, and the page of each. */
export const siteRoutes = (deps: Deps): Handlers => ({
  ...siteListRoutes(deps),
  ...siteBulkRoutes(deps),
  ...addSiteRoutes(deps),
  ...siteAsIsRoutes(deps),
})
