import type { Handlers } from '../api/handlers.ts'
import type { Deps } from '../deps.ts'
import { binRoutes as oneBin } from './bins/bin.ts'
import { copyRoutes } from './bins/copy.ts'
import { captureRoutes } from './bins/capture.ts'
import { binListRoutes } from './bins/list.ts'

/** Request bins: the list, one with what it caught, and what can be done with one request. */
export const binRoutes = (deps: Deps): Handlers => ({
  ...binListRoutes(deps),
  ...captureRoutes(deps),
  ...copyRoutes(deps),
  ...oneBin(deps),
})
