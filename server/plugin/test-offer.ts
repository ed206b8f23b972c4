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
  /** The records that exist at the start. */
  readonly stored?: Stored<M>
  /** The version that wrote `stored`: later `upgrade` steps run first. The default is the plugin's own version. */
  readonly version?: string
  /** Other plugins on the same network, such as the owner of an event that this one listens to. */
  readonly beside?: readonly Plugin[]
  /** The time at the start. Only `clock.advance` moves it. */
  readonly now?: Date
  readonly limits?: Partial<TimeLimits>
  readonly safeMode?: boolean
  /** The network's settings at the start. */
  readonly settings?: Settings<M>
  /** What answers the requests of `ctx.http`. Without it, nothing does. */
  readonly http?: Outside
}

/** The options of a test's request: a form, or anything that `fetch` takes. */
export type TestRequest = RequestInit & { readonly form?: Readonly<Record<string, string>>; readonly actor?: string }

/** What a test sends to a source. An object is sent as JSON. Without `secret`, the source has none. */
export interface TestArrival {
  readonly body: string | Uint8Array<ArrayBuffer> | object
  readonly headers?: Readonly<Record<string, string>>
  /** What follows the token in the address. */
  readonly event?: string
  readonly query?: Readonly<Record<string, string>>
  readonly secret?: string
  readonly settings?: JsonObject
  readonly mapping?: Mapping
}

export interface TestHost {
  /** Sends a request to a source and stores the events it reports. `reason` says in English why it was refused. */
  receive(
    source: string,
    arrival: TestArrival,
  ): Promise<{ readonly status: number; readonly reason: string | null; readonly events: readonly Emitted[] }>
  /** `request('POST /orders/o1/pay')` */
  request(route: RoutePattern, init?: TestRequest): Promise<PluginAnswer>
  /** Emits an event as the API does, and waits for the listeners. `key` is an idempotency key. */
  emit<E extends PluginEvent>(event: E, payload: PayloadOf<E>, options?: { readonly key?: string }): Promise<Emitted>
  /**
   * Runs the filters of a point on a payload; answers the result, or why it was rejected. Stores nothing. The default event
   * is the plugin's first one, or one that takes any payload.
   */
  apply(point: Point<JsonObject>, value: JsonObject, event?: PluginEvent): Promise<Filtered>
  /** Runs `cron(…, id, …)` once, whatever the time. If it fails, `faults` says how. */
  cron(id: string): Promise<void>
  /** Changes settings of the network; null resets one to its default. */
  settings(values: Readonly<Record<string, unknown>>): Promise<void>
  /** A page as HTML, without the admin's frame. */
  page(path: string): Promise<string>
  /** The page that a route answered by `render`, as HTML. */
  html(answer: PluginAnswer): Promise<string>
  readonly clock: { now(): number; advance(ms: number): void }
  /** All stored events, oldest first; so are the faults, the log lines, and the records of each collection. */
  readonly emitted: readonly EmittedEvent[]
  readonly faults: readonly PluginFaultTable[]
  readonly logs: readonly LogLine[]
  readonly stored: Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>
  /** The host and engine underneath, for tests that go deeper. */
  readonly host: Host
  readonly engine: Engine
  /** Does the work whose time has come, as a running server does all the time. */
  tick(): Promise<void>
  /** Waits for the listeners, then refreshes `emitted`, `faults` and `stored`. */
  settle(): Promise<void>
}
