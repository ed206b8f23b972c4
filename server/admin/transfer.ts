import type { Handlers } from '../api/handlers.ts'
import type { Deps } from '../deps.ts'
import { exportRoutes } from './transfer/export.ts'
import { importRoutes } from './transfer/import.ts'

/** The set-up of the network as a file, and back. */
export const transferRoutes = (deps: Deps): Handlers => ({ ...exportRoutes(deps), ...importRoutes(deps) })
