import type { Latency } from '../db/latency.ts'
import type { Access } from './access/access.ts'
import type { Host } from './plugin/host.ts'
import type { Scrypt } from './transfer/sealed-secrets.ts'
import type { Engine } from './webhooks/engine.ts'

/** What pages and API get: the engine, the plugin host, and who may do what. */
export interface Deps extends Engine {
  readonly host: Host
  readonly access: Access
  readonly scrypt: Scrypt
  /** For /readyz. `cron`: nothing ticks here by itself, as on Workers. */
  readonly dispatcher: () => 'on' | 'off' | 'cron' | 'stalled'
  /** How long commits take in this process; null before the first one. */
  readonly writes?: () => Latency | null
  /** There where the database is a file of this server. */
  readonly backups?: Backups
}

/** Backups of the database file. */
export interface Backups {
  state(): BackupState
  /** Begins one, if none runs. Resolves when it has ended, or after a moment if it takes longer. */
  make(): Promise<BackupState>
}

export interface BackupState {
  /** The last one, by whom it ever was made. `at` is milliseconds UTC. */
  readonly last: { readonly file: string; readonly bytes: number; readonly at: number } | null
  readonly isRunning: boolean
  /** Why the last try of this process failed; null when it did not. */
  readonly failed: string | null
}
