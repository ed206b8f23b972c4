import type { FormatBatch, FormatEvent, FormatNetwork } from '../lib/format.ts'
import type { Json } from '../lib/json.ts'
import type { BaseContext, HttpOf, ReadOnlyStorage, SettingsOf } from './define.ts'
import type { RuleOf, Visitor } from './permission.ts'

/** A way of writing events down, for webhooks to choose. */
export interface FormatAbout {
  readonly title: string
  /** The header of one event: `text/csv; charset=utf-8`. */
  readonly contentType: string
  /** The header of a batch, where that is another one. */
  readonly batchContentType?: string
  /** The body for one event: a text as it is sent, or a value of JSON. At most 1 MiB. */
  one(event: FormatEvent, network: FormatNetwork): Made | Promise<Made>
  /** The body for a batch. */
  many(events: readonly FormatEvent[], batch: FormatBatch, network: FormatNetwork): Made | Promise<Made>
}
type Made = string | Json

export type CheckContext<M> = BaseContext & ReadOnlyStorage<M> & SettingsOf<M> & HttpOf<M>

/** What a check found. Texts are English; they are also the keys of their translations. */
export interface Finding {
  /** `critical`: something does not work. `recommended`: it could be better. */
  readonly rank: 'good' | 'recommended' | 'critical'
  /** What is: "The till answers". */
  readonly title: string
  /** What that means, and what to do. */
  readonly text: string
}

export type WidgetContext<M> = BaseContext & {
  /** Who is looking. */
  readonly actor: Visitor<M>
} & ReadOnlyStorage<M> &
  SettingsOf<M>

export interface WidgetAbout<M> {
  readonly title: string
  /** What somebody has to be allowed to see it; without it, super admins alone do. */
  readonly rule?: RuleOf<M>
  /** A template in the plugin's folder, without `.eta`. */
  readonly template: string
  /** Gives exactly what the template may see. */
  load(ctx: WidgetContext<M>): Readonly<Record<string, unknown>> | Promise<Readonly<Record<string, unknown>>>
}
