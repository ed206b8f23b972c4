import type { Deps } from '../deps.ts'
import type { Handlers } from './handlers.ts'
import { openApi } from './openapi/document.ts'

export const openApiRoutes = (deps: Deps): Handlers => ({
  'GET /api/v1/openapi.json': () => Response.json(openApi(describedBy(deps))),
})

/** What the description of the API is made from. */
const describedBy = ({ publicUrl, version, host }: Deps) => ({
  publicUrl: publicUrl(),
  version,
  eventTypes: host.eventTypes(),
})
