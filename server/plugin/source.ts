import type { z } from 'zod'
import type { Json } from '../lib/json.ts'
import type { Message } from '../lib/message.ts'
import type { BaseContext, PayloadOf, PluginEvent } from './define.ts'
import type { Rejection } from './points.ts'

/** A request to the address of a source, with its whole body. */
export interface Inbound {
  readonly headers: Headers
  readonly query: URLSearchParams
  /** What follows the token in the address, `/ingest/<source>/<token>/<event>`; null if nothing does. */
  readonly event: string | null
  /** The body exactly as sent, which is what signatures cover. At most 256 KiB. */
  readonly bytes: Uint8Array<ArrayBuffer>
  /** The bytes as UTF-8. */
  readonly text: string
  /** The body as JSON. A source need not handle invalid JSON: it is answered with 400 and the reason. */
  json(): Json
  /** The body as the fields of a form. */
  form(): URLSearchParams
}

/** An event that a request reports. */
export interface Told<E extends PluginEvent> {
  readonly event: E
  readonly payload: PayloadOf<E>
  /**
   * Identifies this event among all others of this source. A request that repeats a key gets the first answer again and
   * stores nothing, whatever else it carries. At most 200 characters.
   */
  readonly key: string
  /** How many seconds the key is remembered; by default, as long as the event is kept. */
  readonly within?: number
  /** When it happened. The default is now, also for a time more than 30 days ago or 5 minutes ahead. */
  readonly occurredAt?: Date
}

/** The secret that the sender signs with, as the page asks for it. It is stored encrypted. */
export interface SourceSecret {
  readonly title: string
  readonly help: string
  /** Whether a source needs one. If not, a source without a secret skips `verify` and trusts its address alone. */
  readonly required: boolean
}

export interface SourceContext<Settings> extends BaseContext {
  /** The choices of the person who added the source. */
  readonly settings: Settings
}

/** What describes a source. The texts are English and serve as the keys of their translations. */
interface SourceBase<Settings> {
  /** "Stripe" */
  readonly title: string
  readonly description: string
  /** What to do at the sender, one sentence per step. The page shows them beside the address to paste. */
  readonly steps: readonly Message[]
  /** The secret that `verify` needs. */
  readonly secret?: SourceSecret
  /** What the person who adds the source can choose: every field with a default. */
  readonly settings?: z.ZodObject & z.ZodType<Settings>
  /**
   * Whether the sender only tests the address, which some do without a signature. It is answered with 200, and that is
   * all.
   */
  isPing?(request: Inbound): boolean
  /** Whether the signature is valid. `reject(reason)` and `false` are answered with 401. */
  verify?(
    request: Inbound,
    secret: string,
    ctx: SourceContext<Settings>,
  ): boolean | Rejection | Promise<boolean | Rejection>
}

/** A source that knows its sender's requests. */
interface ReadingSource<E extends PluginEvent, Settings> extends SourceBase<Settings> {
  /**
   * The events that a request reports, with payloads that match their schemas; it may be none. `reject(reason)` is answered
   * with 422, and the reason is shown in the source's log. Either all events of a request are stored or none.
   */
  toEvents(
    request: Inbound,
    ctx: SourceContext<Settings>,
  ): readonly Told<E>[] | Rejection | Promise<readonly Told<E>[] | Rejection>
}

/** A source for any JSON: the person who adds it chooses the event and where each of its fields comes from. */
interface MappedSource<Settings> extends SourceBase<Settings> {
  readonly toEvents: 'mapped'
}

export type SourceAbout<E extends PluginEvent, Settings> = ReadingSource<E, Settings> | MappedSource<Settings>
