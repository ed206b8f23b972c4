import type { JsonObject } from '../lib/json.ts'
import type { Capability, PluginCapability } from '../lib/actor.ts'
import type { Message } from '../lib/message.ts'
import type { FormatAbout } from './contribution.ts'
import type { Manifest, Plugin, PluginEvent } from './define.ts'
import type { SourceAbout } from './source.ts'
import type { Field } from './fields.ts'

/** Every plugin there is, by slug, not loaded yet. */
export type Registry = Readonly<Record<string, () => Promise<{ readonly default: Plugin }>>>

/** Something a plugin registered: its id is unique in the whole network. */
export interface Handler {
  readonly slug: string
  readonly id: string
}
/** Methods, not functions: their parameters stand for whatever types the plugin's author was given. */
export interface Ordered extends Handler {
  readonly priority: number
  run(value: unknown, ctx: object): unknown
}
/** Who may come; null is super admins alone. */
export type Rule = Capability | PluginCapability | 'public' | null
export interface Route extends Handler {
  readonly rule: Rule
  readonly pattern: string
  run(request: Request, ctx: object): unknown
}
export interface Page extends Handler {
  readonly rule: Rule
  readonly path: string
  readonly title: string
  readonly template: string
  load(ctx: object): unknown
}
export interface CronHandler extends Handler {
  readonly name: string
  readonly pattern: string
  run(ctx: object): unknown
}
export interface UpgradeStep extends Handler {
  readonly version: string
  run(ctx: object): unknown
}

export interface Source extends Handler {
  /** What stands in its address. */
  readonly name: string
  readonly about: SourceAbout<PluginEvent, unknown>
}

export interface Format extends Handler {
  /** As webhooks name it: `shop.csv`. */
  readonly name: string
  readonly about: FormatAbout
}

export interface Check extends Handler {
  run(ctx: object): unknown
}

export interface Widget extends Handler {
  readonly rule: Exclude<Rule, 'public'>
  readonly about: { readonly title: string; readonly template: string }
  load(ctx: object): unknown
}

/** A plugin that may run. */
export interface Ready {
  readonly state: 'ready'
  readonly slug: string
  readonly manifest: Manifest
  /** Keys of its manifest that this host does not know. */
  readonly ignored: readonly string[]
  readonly events: readonly { readonly event: PluginEvent; readonly schema: JsonObject }[]
  /** By event name. */
  readonly listeners: ReadonlyMap<string, readonly Ordered[]>
  /** By the name of the point. */
  readonly filters: ReadonlyMap<string, readonly Ordered[]>
  readonly routes: readonly Route[]
  readonly pages: readonly Page[]
  readonly sources: readonly Source[]
  readonly crons: readonly CronHandler[]
  /** The earliest version first. */
  readonly upgrades: readonly UpgradeStep[]
  readonly formats: readonly Format[]
  readonly checks: readonly Check[]
  readonly widgets: readonly Widget[]
  /** The form of its settings; empty without settings. */
  readonly fields: readonly Field[]
}

/** Everything that a plugin registered. */
export const handlersOf = (plugin: Ready): readonly Handler[] => [
  ...[...plugin.listeners.values(), ...plugin.filters.values()].flat(),
  ...plugin.routes,
  ...plugin.pages,
  ...plugin.sources,
  ...plugin.crons,
  ...plugin.formats,
  ...plugin.checks,
  ...plugin.widgets,
]

/** A plugin that may not, and why. */
interface Unusable {
  /** `paused`: not even loaded, because it took the process down. */
  readonly state: 'failed' | 'incompatible' | 'paused'
  readonly slug: string
  readonly manifest: Partial<Manifest>
  readonly reason: Message
}
export type Loaded = Ready | Unusable

export const failed = (slug: string, manifest: Partial<Manifest>, reason: Message): Unusable => ({
  state: 'failed',
  slug,
  manifest,
  reason,
})

export const sentenceOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
