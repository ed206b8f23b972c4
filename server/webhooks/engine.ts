import type { Config } from '../config.ts'
import type { Db } from '../../db/db.ts'
import type { Clock, Random } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { Trace } from '../lib/trace.ts'
import type { Outcome } from '../../db/schema.ts'
import type { Mailer } from './mail.ts'
import type { MoreFormats } from './make-body.ts'
import type { Sign } from './sign.ts'

/** What the delivery engine needs from outside. Each runtime supplies one; nothing here knows which. */
export interface Engine {
  readonly config: Config
  /** What others call us, without a path: PUBLIC_URL, or the address we listen on. */
  readonly publicUrl: () => string
  readonly version: string
  readonly db: Db
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly vault: Vault
  readonly post: Post
  /** Signs faster than Web Crypto, where the runtime can. */
  readonly sign?: Sign
  /** Sends mail, where somebody set that up. */
  readonly mailer?: Mailer
  /** The payload formats that plugins add, where there are plugins. */
  readonly formats?: () => MoreFormats
  /** Something became due: let the dispatcher look now instead of at its next tick. Never waits, never throws. */
  readonly wake: () => void
  /** Where the dispatcher lives in the same process, new deliveries need not wait until they are found. */
  readonly handOver?: HandOver
}

/** Brings new deliveries from the commit that stores them straight to a slot. */
export interface HandOver {
  /**
   * The lease that a new delivery of this webhook may be born with; null when it has to wait its turn in the database.
   * `revision` is that of the webhooks, as the emitter knows them.
   */
  lease(webhookId: string, revision: number): Lease | null
  /** What is on its way to the disk. It may be got ready meanwhile, and leaves when it is handed over. */
  expect(born: readonly Born[]): void
  /** Sends what was born with a lease, once it is durable. */
  take(born: readonly Born[]): void
}

export interface Lease {
  readonly owner: string
  /** Milliseconds UTC. */
  readonly until: number
}

/** A new delivery, and the event that it carries. */
export interface Born {
  readonly id: string
  readonly webhookId: string
  readonly lease: Lease
  readonly event: {
    readonly id: string
    readonly type: string
    readonly siteId: string
    readonly siteSlug: string
    readonly hops: number
    readonly trace: Trace | null
  }
  readonly createdAt: number
  readonly format: string
  /** The exact bytes in this format. */
  readonly body: string
}

/** Encrypts at rest. `context` (table, row, kind) is bound to the cipher text, which opens nowhere else. */
export interface Vault {
  seal(plain: string, context: string): Promise<string>
  open(cipher: string, context: string): Promise<string>
}

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS'

/** One request on its way out: a POST unless told. Headers are as sent, in order; the URL has passed `checkUrl`. */
export interface OutgoingRequest {
  readonly url: string
  readonly method?: Method
  readonly headers: readonly (readonly [string, string])[]
  readonly body: string | Uint8Array<ArrayBuffer> | null
  readonly timeoutMs: number
  /** How many bytes of the answer are wanted: 16 KiB of 64 KiB read unless told. */
  readonly keep?: number
  /** Ends the attempt, as a time-out does. */
  readonly signal?: AbortSignal
}

/** What became of it. `headers` and `body` are the receiver's. */
export interface Answer {
  readonly outcome: Outcome
  readonly status: number | null
  readonly headers: readonly (readonly [string, string])[]
  readonly body: Uint8Array
  readonly truncated: boolean
  readonly durationMs: number
  /** A sentence a person can act on; null when the outcome is `ok`. */
  readonly error: string | null
}

/** Asks once: guards the address at connect, never follows a redirect, never throws for what the receiver does. */
export type Post = (request: OutgoingRequest) => Promise<Answer>
