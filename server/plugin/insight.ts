import type { Finding } from './contribution.ts'
import type { Tally } from './watch.ts'

export type HookKind = 'filter' | 'listener' | 'cron' | 'source' | 'route' | 'page' | 'format' | 'check' | 'widget'

/** A handler, what it runs on, and how it went in this process. */
export interface HookInfo {
  readonly handler: string
  readonly kind: HookKind
  /** The point, the event, the pattern of a cron, a name, or a path. */
  readonly on: string
  readonly priority: number | null
  readonly plugin: string
  readonly title: string
  readonly state: 'active' | 'inactive' | 'paused'
  /** Null: it did not run yet. */
  readonly tally: Tally | null
  readonly muted: { readonly by: string; readonly at: number } | null
}

/** A guard that holds events, or that somebody has muted. */
export interface GuardInfo {
  /** Its handler's id: `shop/filter:webhook_guard#0`. */
  readonly handler: string
  readonly plugin: string
  /** Of the plugin. */
  readonly title: string
  readonly state: 'running' | 'paused' | 'missing'
  readonly muted: boolean
  /** How many events wait for it, counted to 1,001. */
  readonly held: number
}

/** What a check of a plugin said: what it found, or the id of its fault. Texts are English keys for `t`. */
export interface CheckResult {
  readonly id: string
  /** Its title. */
  readonly plugin: string
  readonly finding: Finding | null
  readonly fault: string | null
}

/** A box that a plugin adds to the dashboard: a compiled template and what it may see, or the id of its fault. */
export interface WidgetBox {
  readonly id: string
  readonly title: string
  readonly template: string
  readonly data: Readonly<Record<string, unknown>> | null
  readonly fault: string | null
}
