import type { Latency } from '../db/latency.ts'
import type { Access } from './access/access.ts'
import type { Host } from './plugin/host.ts'
import type { Scrypt } from './transfer/sealed-secrets.ts'
import type { Engine } from './webhooks/engine.ts'
import type { Tally } from './webhooks/tally.ts'

/** What the pages and the API work with: the engine, the plugin host, and who may do what. */
export interface Deps extends Engine {
  readonly host: Host
  readonly access: Access
  readonly scrypt: Scrypt
  /** For /readyz. `cron`: this process has no ticks of its own, as on Workers. */
  readonly dispatcher: () => 'on' | 'off' | 'cron' | 'stalled'
  /** What became of the attempts of this process, where one process makes them. */
  readonly attempts?: () => Tally
  /** How long commits take in this process; null before the first one. */
  readonly writes?: () => Latency | null
  /** The most bytes that one request may bring of events, where that is less than 4 MiB. */
  readonly eventBatch?: number
  /** Only where the database is a file on this server. */
  readonly backups?: Backups
}

/** Backups of the database file. */
export interface Backups {
  state(): BackupState
  /** Begins a backup unless one is running. Resolves when it has ended, or after a moment if it takes longer. */
  make(): Promise<BackupState>
}

export interface BackupState {
  /** The latest one, whoever made it. `at` is in milliseconds UTC. */
  readonly last: { readonly file: string; readonly bytes: number; readonly at: number } | null
  readonly isRunning: boolean
  /** Why this process's last attempt failed; null if it did not. */
  readonly failed: string | null
}
