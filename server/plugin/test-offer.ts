import type { z } from 'zod'
import type { PluginFaultTable } from '../../db/schema.ts'
import type { JsonObject } from '../lib/json.ts'
import type { Level } from '../lib/log.ts'
import type { Engine } from '../webhooks/engine.ts'
import type { TimeLimits } from './core.ts'
import type { PayloadOf, Plugin, PluginEvent, Point, RoutePattern } from './define.ts'
import type { Emitted, Filtered, Host, PluginAnswer } from './host.ts'
import type { Mapping } from './mapping.ts'
import type { Outside } from './test-outside.ts'

export interface EmittedEvent {
  readonly id: string
  readonly name: string
  readonly payload: JsonObject
  /** Why a filter refused it, or null. */
  readonly rejected: string | null
}

export interface LogLine {
  readonly level: Level
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

type Rows<C> = C extends { readonly schema: { readonly _zod: { readonly output: infer Row } } } ? readonly Row[] : never
type Stored<M> = M extends { readonly storage: infer S }
  ? { readonly [K in keyof S]?: Rows<S[K]> }
  : Record<string, never>

type Settings<M> = M extends { readonly settings: infer S extends z.ZodType }
  ? Partial<z.input<S>>
  : Record<string, never>

export interface TestOptions<M> {
  /** Records that are there from the beginning. */
  readonly stored?: Stored<M>
  /** The version that `stored` is of: the steps of `upgrade` behind it run first. The plugin's own unless told. */
  readonly version?: string
  /** Further plugins on the same network, such as the owner of an event that this one listens to. */
  readonly beside?: readonly Plugin[]
  /** Where the clock stands at first; it moves only by `clock.advance`. */
  readonly now?: Date
  readonly limits?: Partial<TimeLimits>
  readonly safeMode?: boolean
  /** What is set for the network from the beginning. */
  readonly settings?: Settings<M>
  /** The outside, as `ctx.http` finds it. Without it nobody answers. */
  readonly http?: Outside
}

/** What a request of a test may carry: a form, or anything that `fetch` takes. */
export type TestRequest = RequestInit & { readonly form?: Readonly<Record<string, string>>; readonly actor?: string }

/** What a sender of a test posts to a source. An object goes as JSON. Without `secret` the source has none. */
export interface TestArrival {
  readonly body: string | Uint8Array<ArrayBuffer> | object
  readonly headers?: Readonly<Record<string, string>>
  /** What stands behind the token of the address. */
  readonly event?: string
  readonly query?: Readonly<Record<string, string>>
  readonly secret?: string
  readonly settings?: JsonObject
  readonly mapping?: Mapping
}

export interface TestHost {
  /** Lets a source take a request, and stores what it tells of. `reason`: why it was refused, in English. */
  receive(
    source: string,
    arrival: TestArrival,
  ): Promise<{ readonly status: number; readonly reason: string | null; readonly events: readonly Emitted[] }>
  /** `request('POST /orders/o1/pay')` */
  request(route: RoutePattern, init?: TestRequest): Promise<PluginAnswer>
  /** Emits as the API does, and waits for the listeners. `key` makes it idempotent. */
  emit<E extends PluginEvent>(event: E, payload: PayloadOf<E>, options?: { readonly key?: string }): Promise<Emitted>
  /**
   * What the filters of a point make of a payload, and why they refuse it, if they do. Nothing is stored. Without an event
   * it is the plugin's first one, or one that takes any payload.
   */
  apply(point: Point<JsonObject>, value: JsonObject, event?: PluginEvent): Promise<Filtered>
  /** Runs `cron(…, id, …)` once, whatever the time. Its faults are in `faults`. */
  cron(id: string): Promise<void>
  /** Sets settings of the network; null takes one back. */
  settings(values: Readonly<Record<string, unknown>>): Promise<void>
  /** The rendered page, as it stands inside the admin's frame. */
  page(path: string): Promise<string>
  /** What `render` of a route would show, rendered. */
  html(answer: PluginAnswer): Promise<string>
  readonly clock: { now(): number; advance(ms: number): void }
  /** Every event that was stored, oldest first; likewise faults, lines of the log, and records by collection. */
  readonly emitted: readonly EmittedEvent[]
  readonly faults: readonly PluginFaultTable[]
  readonly logs: readonly LogLine[]
  readonly stored: Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>
  /** What the host sees, for tests that go deeper. */
  readonly host: Host
  readonly engine: Engine
  /** Lets time-driven work happen, as the server does each moment. */
  tick(): Promise<void>
  /** Reads `emitted`, `faults` and `stored` anew, once the listeners have ended. */
  settle(): Promise<void>
}
