import type { Handlers } from '../api/handlers.ts'
import type { Deps } from '../deps.ts'
import { privacyListRoutes } from './privacy/list.ts'
import { privacyRequestRoutes } from './privacy/request.ts'

/** Finds, exports and erases what is stored about somebody. */
export const privacyRoutes = (deps: Deps): Handlers => ({
  ...privacyListRoutes(deps),
  ...privacyRequestRoutes(deps),
})
