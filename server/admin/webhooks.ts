import type { Handlers } from '../api/handlers.ts'
import type { Deps } from '../deps.ts'
import { addRoutes } from './webhooks/add.ts'
import { bulkRoutes } from './webhooks/bulk.ts'
import { editRoutes } from './webhooks/edit.ts'
import { listRoutes } from './webhooks/list.ts'
import { stateRoutes } from './webhooks/state.ts'

/** Every page of webhooks. `new` stands before `:id`, which would take it for one. */
export const webhookPages = (deps: Deps): Handlers => ({
  ...listRoutes(deps),
  ...bulkRoutes(deps),
  ...addRoutes(deps),
  ...editRoutes(deps),
  ...stateRoutes(deps),
})
