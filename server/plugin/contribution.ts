import type { FormatBatch, FormatEvent, FormatNetwork } from '../lib/format.ts'
import type { Json } from '../lib/json.ts'
import type { BaseContext, HttpOf, ReadOnlyStorage, SettingsOf } from './define.ts'
import type { RuleOf, Visitor } from './permission.ts'

/** A payload format that webhooks can choose. */
export interface FormatAbout {
  readonly title: string
  /** The `content-type` of one event: `text/csv; charset=utf-8`. */
  readonly contentType: string
  /** The `content-type` of a batch, if it differs. */
  readonly batchContentType?: string
  /** The body for one event: text that is sent as it is, or a JSON value. At most 1 MiB. */
  one(event: FormatEvent, network: FormatNetwork): Made | Promise<Made>
  /** The body for a batch. */
  many(events: readonly FormatEvent[], batch: FormatBatch, network: FormatNetwork): Made | Promise<Made>
}
type Made = string | Json

export type CheckContext<M> = BaseContext & ReadOnlyStorage<M> & SettingsOf<M> & HttpOf<M>

/** What a check found. The texts are English and serve as the keys of their translations. */
export interface Finding {
  /** `critical`: something does not work. `recommended`: it could be better. */
  readonly rank: 'good' | 'recommended' | 'critical'
  /** What is the case: "The till answers". */
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
  /** The capability needed to see it; without one, only super admins do. */
  readonly rule?: RuleOf<M>
  /** A template in the plugin's folder, without `.eta`. */
  readonly template: string
  /** Returns all the data that the template gets. */
  load(ctx: WidgetContext<M>): Readonly<Record<string, unknown>> | Promise<Readonly<Record<string, unknown>>>
}
