import type { JsonObject } from '../lib/json.ts'
import type { Message } from '../lib/message.ts'
import type { Manifest, Plugin, PluginEvent } from './define.ts'
import type { SourceAbout } from './source.ts'

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
export interface Route extends Handler {
  readonly pattern: string
  run(request: Request, ctx: object): unknown
}
export interface Page extends Handler {
  readonly path: string
  readonly title: string
  readonly template: string
  load(ctx: object): unknown
}

export interface Source extends Handler {
  /** What stands in its address. */
  readonly name: string
  readonly about: SourceAbout<PluginEvent, unknown>
}

/** A plugin that may run. */
export interface Ready {
  readonly state: 'ready'
  readonly slug: string
  readonly manifest: Manifest
  readonly events: readonly { readonly event: PluginEvent; readonly schema: JsonObject }[]
  /** By event name. */
  readonly listeners: ReadonlyMap<string, readonly Ordered[]>
  /** By the name of the point. */
  readonly filters: ReadonlyMap<string, readonly Ordered[]>
  readonly routes: readonly Route[]
  readonly pages: readonly Page[]
  readonly sources: readonly Source[]
}

/** Everything that a plugin registered. */
export const handlersOf = ({ listeners, filters, routes, pages, sources }: Ready): readonly Handler[] => [
  ...[...listeners.values(), ...filters.values()].flat(),
  ...routes,
  ...pages,
  ...sources,
]

/** A plugin that may not, and why. */
export interface Unusable {
  readonly state: 'failed' | 'incompatible'
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
