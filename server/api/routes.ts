import type { Deps } from '../deps.ts'
import { apiKeyApiRoutes } from './api-keys.ts'
import { binApiRoutes } from './bins.ts'
import { binCatchRoutes } from './bin.ts'
import { deliveryRoutes } from './deliveries.ts'
import { eventTypeRoutes } from './event-types.ts'
import { eventRoutes } from './events.ts'
import type { Handlers } from './handlers.ts'
import { healthRoutes } from './health.ts'
import { hookRoutes } from './hooks.ts'
import { ingestRoutes } from './ingest.ts'
import { journalRoutes } from './journal.ts'
import { meRoutes } from './me.ts'
import { metricRoutes } from './metrics.ts'
import { openApiRoutes } from './openapi.ts'
import { pluginRoutes } from './plugins.ts'
import { privacyApiRoutes } from './privacy.ts'
import { repairRoutes } from './repair.ts'
import { siteRoutes } from './sites.ts'
import { sourceRoutes } from './sources.ts'
import { transferRoutes } from './transfer.ts'
import { userApiRoutes } from './users.ts'
import { webhookRoutes } from './webhooks.ts'
import { wuRoutes } from './wu/routes.ts'

/** Everything that answers in JSON. */
export const apiRoutes = (deps: Deps): Handlers => ({
  ...healthRoutes(deps),
  ...eventRoutes(deps),
  ...journalRoutes(deps),
  ...eventTypeRoutes(deps),
  ...webhookRoutes(deps),
  ...hookRoutes(deps),
  ...deliveryRoutes(deps),
  ...repairRoutes(deps),
  ...siteRoutes(deps),
  ...userApiRoutes(deps),
  ...apiKeyApiRoutes(deps),
  ...pluginRoutes(deps),
  ...sourceRoutes(deps),
  ...ingestRoutes(deps),
  ...transferRoutes(deps),
  ...privacyApiRoutes(deps),
  ...meRoutes(deps),
  ...metricRoutes(deps),
  ...openApiRoutes(deps),
  ...binApiRoutes(deps),
  ...binCatchRoutes(deps),
  ...wuRoutes(deps),
})
