import type { Handlers } from '../api/handlers.ts'
import type { Deps } from '../deps.ts'
import { favicon, serveAsset } from '../web/assets.ts'
import { accountRoutes } from './account.ts'
import { apiDocsRoutes } from './api-docs.ts'
import { apiKeyRoutes } from './api-keys.ts'
import { auditRoutes } from './audit.ts'
import { binRoutes } from './bins.ts'
import { dashboardRoutes } from './dashboard.ts'
import { deliveryListRoutes } from './deliveries.ts'
import { deliveryRoutes } from './delivery.ts'
import { eventPageRoutes } from './events.ts'
import { eventTypeRoutes } from './event-types.ts'
import { healthRoutes } from './health.ts'
import { hookRoutes } from './hooks.ts'
import { loginRoutes } from './login.ts'
import { pluginPageRoutes } from './plugin-pages.ts'
import { onePluginRoutes } from './plugin.ts'
import { pluginRoutes } from './plugins.ts'
import { privacyRoutes } from './privacy.ts'
import { repairRoutes } from './repair.ts'
import { screenRoutes } from './screen.ts'
import { settingsRoutes } from './settings.ts'
import { setPasswordRoutes } from './set-password.ts'
import { safeModeRoutes } from './safe-mode.ts'
import { setupRoutes } from './setup.ts'
import { siteRoutes } from './sites.ts'
import { sourcePages } from './sources.ts'
import { sitePluginRoutes } from './site-plugins.ts'
import { styleguideRoutes } from './styleguide.ts'
import { transferRoutes } from './transfer.ts'
import { twoFactorRoutes } from './two-factor.ts'
import { userRoutes } from './users.ts'
import { webhookPages } from './webhooks.ts'

/** Everything that answers in HTML. Where two patterns match, the first one answers: pages of plugins come after ours. */
export const adminRoutes = (deps: Deps): Handlers => ({
  'GET /': (c) => c.redirect('/network', 303),
  'GET /assets/:file': serveAsset,
  'GET /favicon.ico': favicon,
  ...setupRoutes(deps),
  ...loginRoutes(deps),
  ...setPasswordRoutes(deps),
  ...accountRoutes(deps),
  ...screenRoutes(deps),
  ...twoFactorRoutes(deps),
  ...userRoutes(deps),
  ...apiKeyRoutes(deps),
  ...apiDocsRoutes(deps),
  ...dashboardRoutes(deps),
  ...webhookPages(deps),
  ...binRoutes(deps),
  ...deliveryListRoutes(deps),
  ...deliveryRoutes(deps),
  ...repairRoutes(deps),
  ...eventPageRoutes(deps),
  ...eventTypeRoutes(deps),
  ...sourcePages(deps),
  ...healthRoutes(deps),
  ...pluginRoutes(deps),
  ...onePluginRoutes(deps),
  ...sitePluginRoutes(deps),
  ...hookRoutes(deps),
  ...safeModeRoutes(deps),
  ...pluginPageRoutes(deps),
  ...siteRoutes(deps),
  ...auditRoutes(deps),
  ...privacyRoutes(deps),
  ...transferRoutes(deps),
  ...settingsRoutes(deps),
  ...styleguideRoutes(deps),
})
