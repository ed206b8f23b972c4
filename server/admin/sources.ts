import type { Handlers } from '../api/handlers.ts'
import type { Deps } from '../deps.ts'
import { addSourceRoutes } from './sources/add.ts'
import { sourceBulkRoutes } from './sources/bulk.ts'
import { sourceListRoutes } from './sources/list.ts'
import { sourceRoutes } from './sources/source.ts'

/** Where others post what happened at them: the list, a new one, and each as it is. */
export const sourcePages = (deps: Deps): Handlers => ({
  ...sourceListRoutes(deps),
  ...sourceBulkRoutes(deps),
  ...addSourceRoutes(deps),
  ...sourceRoutes(deps),
})
