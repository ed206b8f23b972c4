import type { z } from 'zod'
import type { Json } from '../lib/json.ts'
import type { Message } from '../lib/message.ts'
import type { BaseContext, PayloadOf, PluginEvent } from './define.ts'
import type { Rejection } from './points.ts'

/** A request that came in at the address of a source, read whole. */
export interface Inbound {
  readonly headers: Headers
  readonly query: URLSearchParams
  /** What stands behind the token of the address: `/ingest/<source>/<token>/<event>`; null if nothing does. */
  readonly event: string | null
  /** Exactly as sent: what signatures are made over. At most 256 KiB. */
  readonly bytes: Uint8Array<ArrayBuffer>
  /** The bytes as UTF-8. */
  readonly text: string
  /** The body as JSON. A body that is none is answered with 400 and the reason: a source need not care. */
  json(): Json
  /** The body as the fields of a form. */
  form(): URLSearchParams
}

/** An event that a request tells of. */
export interface Told<E extends PluginEvent> {
  readonly event: E
  readonly payload: PayloadOf<E>
  /**
   * Tells this event from all others of this source. The same key again is the same event, whatever else came with it:
   * nothing is stored, and the answer is the one of the first time. At most 200 characters.
   */
  readonly key: string
  /** For how many seconds the key stands for this event; for as long as the event is kept unless told. */
  readonly within?: number
  /** When it happened; now unless told, and if it lies more than 30 days back or 5 minutes ahead. */
  readonly occurredAt?: Date
}

/** The secret that the sender signs with, for the page where a person enters it. It is stored sealed. */
export interface SourceSecret {
  readonly title: string
  readonly help: string
  /** Whether nothing is taken without one. Else `verify` is not asked while there is none, and the address alone is trusted. */
  readonly required: boolean
}

export interface SourceContext<Settings> extends BaseContext {
  /** What the person who added the source chose. */
  readonly settings: Settings
}

/** What a source says of itself. Texts are English; they are also the keys of their translations. */
interface SourceBase<Settings> {
  /** "Stripe" */
  readonly title: string
  readonly description: string
  /** What to do at the sender, one sentence each. The page shows the address to paste beside them. */
  readonly steps: readonly Message[]
  /** The secret that `verify` needs. */
  readonly secret?: SourceSecret
  /** Choices of the person who adds the source: every field with a default. */
  readonly settings?: z.ZodObject & z.ZodType<Settings>
  /** Whether the sender only tries the address, as some do unsigned: answered with 200, and nothing else happens. */
  isPing?(request: Inbound): boolean
  /** Whether the sender signed these bytes. `reject(reason)` and `false` are answered with 401. */
  verify?(
    request: Inbound,
    secret: string,
    ctx: SourceContext<Settings>,
  ): boolean | Rejection | Promise<boolean | Rejection>
}

/** A source that knows what its sender tells. */
interface ReadingSource<E extends PluginEvent, Settings> extends SourceBase<Settings> {
  /**
   * The events that a request tells of, in the form that their schemas want; none is fine. `reject(reason)` is answered
   * with 422, and the reason stands in the log of the source. All events of a request are stored, or none.
   */
  toEvents(
    request: Inbound,
    ctx: SourceContext<Settings>,
  ): readonly Told<E>[] | Rejection | Promise<readonly Told<E>[] | Rejection>
}

/** A source whose JSON means what the person who adds it says: which event, and where each field comes from. */
interface MappedSource<Settings> extends SourceBase<Settings> {
  readonly toEvents: 'mapped'
}

export type SourceAbout<E extends PluginEvent, Settings> = ReadingSource<E, Settings> | MappedSource<Settings>
