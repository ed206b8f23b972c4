import type { Access } from './access/access.ts'
import type { Host } from './plugin/host.ts'
import type { Engine } from './webhooks/engine.ts'

/** What pages and API get: the engine, the plugin host, and who may do what. */
export interface Deps extends Engine {
  readonly host: Host
  readonly access: Access
  /** For /readyz. `cron`: nothing ticks here by itself, as on Workers. */
  readonly dispatcher: () => 'on' | 'off' | 'cron' | 'stalled'
}
