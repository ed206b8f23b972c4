import type { z } from 'zod'
import type { Log } from '../lib/log.ts'
import type { Point, Rejection } from './points.ts'
import type { CheckContext, Finding, FormatAbout, WidgetAbout } from './contribution.ts'
import type { Access, CapabilityAbout, Visitor } from './permission.ts'
import type { SourceAbout } from './source.ts'

export { digestOf, isSameText, isSigned } from '../lib/hmac.ts'
export { isObject, type Json, type JsonObject } from '../lib/json.ts'
export type { Capability } from '../lib/actor.ts'
export { msg, type Message } from '../lib/message.ts'
export { isRejection, reject, webhookGuard, webhookPayload, type Point, type Rejection } from './points.ts'
export type { CheckContext, Finding, FormatAbout, WidgetAbout, WidgetContext } from './contribution.ts'
export type { Access, CapabilityAbout, RuleOf, Visitor } from './permission.ts'
export type { FormatBatch, FormatEvent, FormatNetwork } from '../lib/format.ts'
export type { Inbound, SourceAbout, SourceContext, SourceSecret, Told } from './source.ts'

/** The version of the plugin interface, which `requires.host` is compared with. A minor version only adds to it. */
export const hostVersion = '1.0.0'

/** What describes an event. The texts are English and serve as the keys of their translations. */
export interface EventAbout<Payload extends z.ZodType> {
  /** "Payment Received" */
  readonly title: string
  /** "A customer paid" */
  readonly sentence: string
  readonly description: string
  /** How urgent it is by default. A webhook can still ask for all its events in batches. */
  readonly lane: 'realtime' | 'batched'
  /** `z.looseObject` or `z.strictObject`. It only validates: no defaults, transforms or coercion. */
  readonly payload: Payload
  /** A payload that `payload` accepts: the body of test events, and the example in the documentation. */
  readonly sample: z.input<Payload>
}

/** Something that can happen. Import the value to emit it or to listen to it. */
export interface PluginEvent<
  Name extends string = string,
  Payload extends z.ZodType = z.ZodType,
  Shared extends boolean = boolean,
> extends EventAbout<Payload> {
  readonly name: Name
  /** Whether other plugins may emit it too, once they list it in `emits`. */
  readonly shared: Shared
}

export type PayloadOf<E extends PluginEvent> = z.output<E['payload']>

/** Makes an event. `name` is snake_case, in the past tense; outside this repository it begins with `<slug>.`. */
export function event<const Name extends string, Payload extends z.ZodType<Record<string, unknown>>>(
  name: Name,
  about: EventAbout<Payload> & { readonly shared: true },
): PluginEvent<Name, Payload, true>
export function event<const Name extends string, Payload extends z.ZodType<Record<string, unknown>>>(
  name: Name,
  about: EventAbout<Payload>,
): PluginEvent<Name, Payload, false>
export function event<Payload extends z.ZodType>(
  name: string,
  about: EventAbout<Payload> & { readonly shared?: boolean },
): PluginEvent<string, Payload> {
  return { ...about, name, shared: about.shared ?? false }
}

/** A kind of record that a plugin stores for each site. `indexes` names the fields that `list` can filter by. */
export interface CollectionAbout {
  readonly schema: z.ZodType<{ readonly id: string }>
  readonly indexes?: readonly string[]
}

/** What a plugin declares before any of its code runs. Handlers get nothing that is not declared here. */
export interface Manifest {
  /** Matches `^[a-z][a-z0-9-]{1,39}$`, and is also the name of the plugin's folder. */
  readonly slug: string
  /** `major.minor.patch` */
  readonly version: string
  readonly title: string
  readonly description?: string
  /** The lowest host version it runs on, within one major version: `^1.0` or `>=1.0`. */
  readonly requires: { readonly host: string }
  /** `site`: can be active on some sites only. `network`: active on all sites or on none. */
  readonly scope: 'site' | 'network'
  /** Whether it is active until somebody switches it on or off. */
  readonly defaultActive?: boolean
  /** It cannot be switched off. */
  readonly mustUse?: boolean
  /** The events it owns. */
  readonly events?: readonly PluginEvent[]
  /** Shared events of other plugins that it emits as well. */
  readonly emits?: readonly PluginEvent<string, z.ZodType, true>[]
  readonly storage?: Readonly<Record<string, CollectionAbout>>
  /** Capabilities of its own, where those of the host are not enough. */
  readonly capabilities?: readonly CapabilityAbout[]
  /**
   * What people can set, for the network and for each site: a flat object of strings, numbers, booleans and enums, each
   * with a default. Describe a field with `.meta({ title, help, secret: true, scope: 'network' })`.
   */
  readonly settings?: z.ZodObject
  /** The hosts that `ctx.http` may reach, each with its port unless that is the default one; `*` allows all. */
  readonly http?: readonly string[]
}

/** The site that a handler works for. It cannot reach any other. */
export interface Site {
  readonly id: string
  readonly slug: string
  readonly name: string
}

/** The records of one collection as they were when the handler began, without what it has queued itself. */
export interface Reader<Row, Field extends keyof Row = never> {
  get(id: string): Promise<Row | undefined>
  /** Newest first. `where` compares indexed fields. `limit` is 100 by default, and at most 1000. */
  list(where?: { readonly [F in Field]?: Row[F] }, options?: { readonly limit?: number }): Promise<readonly Row[]>
}

/** Writes are queued, and committed together with the emitted events once the handler has succeeded. */
export interface Collection<Row, Field extends keyof Row = never> extends Reader<Row, Field> {
  /** Writes a new record. If one with this id exists already, nothing is committed and the handler runs again. */
  add(id: string, row: Omit<Row, 'id'>): void
  put(id: string, row: Omit<Row, 'id'>): void
  delete(id: string): void
}

type RowOf<C> = C extends { readonly schema: infer S extends z.ZodType } ? z.output<S> : never
type FieldOf<C> = C extends { readonly indexes: readonly (infer F)[] } ? F & keyof RowOf<C> : never

type Storage<M> = M extends { readonly storage: infer S }
  ? { readonly storage: { readonly [K in keyof S]: Collection<RowOf<S[K]>, FieldOf<S[K]>> } }
  : unknown
export type ReadOnlyStorage<M> = M extends { readonly storage: infer S }
  ? { readonly storage: { readonly [K in keyof S]: Reader<RowOf<S[K]>, FieldOf<S[K]>> } }
  : unknown

type Emittable<M> =
  | (M extends { readonly events: readonly (infer E)[] } ? E : never)
  | (M extends { readonly emits: readonly (infer E)[] } ? E : never)
type Emit<M> = [Emittable<M>] extends [never]
  ? unknown
  : {
      /** Queues an event, to be stored and sent once the handler has succeeded. Throws if the payload does not match. */
      emit<E extends Emittable<M> & PluginEvent>(event: E, payload: PayloadOf<E>): void
    }

export type SettingsOf<M> = M extends { readonly settings: infer S extends z.ZodType }
  ? {
      /** The values in effect for this site: its own, else the network's, else the defaults. */
      readonly settings: Readonly<z.output<S>>
    }
  : unknown

/** The options of a plugin's request. It ends when its `signal` or the handler's own is aborted. */
export interface HttpInit {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>> | Headers
  readonly body?: string | URLSearchParams | Uint8Array<ArrayBuffer>
  readonly signal?: AbortSignal
}

export interface Http {
  /**
   * Sends a request to a host that the manifest lists. Resolves with any response, and follows no redirects. Throws when
   * there is none, and says why: a host that is not listed, a private address, no connection, a timeout, over 1 MiB.
   */
  fetch(url: string | URL, init?: HttpInit): Promise<Response>
}
export type HttpOf<M> = M extends { readonly http: readonly string[] } ? { readonly http: Http } : unknown

export interface BaseContext {
  readonly site: Site
  /** Adds the plugin and the site to each line. */
  readonly log: Log
  now(): Date
  /** A new id, `rec_…`. Ids sort by the time they were made. */
  newId(): string
  /** Aborted when the handler's time is up. Whatever the handler queues after that is discarded. */
  readonly signal: AbortSignal
}

/** The emitted event. Its `id` is the same when a crash makes a listener run again. */
export interface Happening {
  readonly id: string
  readonly type: string
  readonly occurredAt: Date
}

type Doing<M> = BaseContext & Storage<M> & Emit<M> & SettingsOf<M> & HttpOf<M>

export type ListenerContext<M> = Doing<M> & { readonly event: Happening }
export type FilterContext<M> = BaseContext & { readonly event: Happening } & ReadOnlyStorage<M> & SettingsOf<M>
export type CronContext<M> = Doing<M>
/** Here `list` returns all records by default, not only the newest 100: a step has to see every one. */
export type UpgradeContext<M> = BaseContext & Storage<M> & SettingsOf<M>
export type PageContext<M> = BaseContext & {
  /** Who is looking; null outside the admin. */
  readonly actor: Visitor<M> | null
  readonly query: URLSearchParams
} & ReadOnlyStorage<M> &
  SettingsOf<M>
export type RouteContext<M, Pattern extends string> = Doing<M> & {
  readonly actor: Visitor<M> | null
  readonly params: { readonly [P in ParamOf<Pattern>]: string }
  /** Answers with a page of this plugin, and `data` on top of what its `load` returns. The default status is 422. */
  render(path: string, data: Readonly<Record<string, unknown>>, status?: number): Promise<Response>
}

type ParamOf<Pattern extends string> = Pattern extends `${infer Head}/${infer Tail}`
  ? ParamOf<Head> | ParamOf<Tail>
  : Pattern extends `:${infer Name}`
    ? Name
    : never

/** Only POST: a GET changes nothing, and is answered by pages. */
export type RoutePattern = `POST /${string}`

export interface HandlerOptions {
  /** Lower runs first: 0–9 is reserved for the host, 10 is the default, 20 and up is for those that only observe. */
  readonly priority?: number
  /** A name to use in place of `on:<event>#<n>`. */
  readonly id?: string
}

export type PageAbout<M> = Access<M> & {
  readonly title: string
  /** A template in the plugin's folder, without `.eta`. */
  readonly template: string
  /** Returns all the data that the template gets. */
  load(ctx: PageContext<M>): Readonly<Record<string, unknown>> | Promise<Readonly<Record<string, unknown>>>
}

/** What `register` gets. It only collects handlers, which run later and independently of each other. */
export interface Registrar<M> {
  /** Runs at least once after the event is committed. Time limit: 2 seconds. */
  on<E extends PluginEvent>(
    event: E,
    handler: (payload: PayloadOf<E>, ctx: ListenerContext<M>) => void | Promise<void>,
    options?: HandlerOptions,
  ): void
  /**
   * Returns the value, changed or not, or `reject(reason)`. If it fails, the value passes unchanged; at a point that
   * guards, nothing passes. Time limit: 250 ms.
   */
  filter<Value>(
    point: Point<Value>,
    handler: (value: Value, ctx: FilterContext<M>) => Value | Rejection | Promise<Value | Rejection>,
    options?: HandlerOptions,
  ): void
  /**
   * Answers `POST /plugins/<slug>/…` in an admin area. What it has queued is committed if it answers with a status below
   * 400. Time limit: 10 seconds.
   */
  route<const Pattern extends RoutePattern>(
    pattern: Pattern,
    handler: (request: Request, ctx: RouteContext<M, Pattern>) => Response | Promise<Response>,
    access?: Access<M>,
  ): void
  /**
   * Runs for each site, one at a time, at the times of a cron pattern of 5 fields in the network's time zone. A run
   * that fails is not repeated before its next time. Time limit: 1 minute, or 25 seconds on Workers.
   */
  cron(pattern: string, id: string, handler: (ctx: CronContext<M>) => unknown): void
  /**
   * Brings what an older version stored up to date. Runs once per site before anything else of this version, in the order
   * of versions, each step in its own commit. A site where one fails goes without the plugin. Time limit: 10 seconds.
   */
  upgrade(version: string, handler: (ctx: UpgradeContext<M>) => void | Promise<void>): void
  /** Adds a page at `/plugins/<slug><path>` in an admin area, and a menu entry. Time limit: 5 seconds. */
  page(path: `/${string}`, page: PageAbout<M>): void
  /**
   * Receives what others send to `POST /ingest/<name>/<token>`, once somebody has added such a source under Sources.
   * `name` is the plugin's slug, or begins with the slug and a dot. Time limit: 10 seconds.
   */
  source<Settings = unknown>(name: string, about: SourceAbout<Emittable<M> & PluginEvent, Settings>): void
  /** Adds a payload format that webhooks can choose, named `<slug>.<name>` in the API. Time limit: 1 second. */
  format(name: string, format: FormatAbout): void
  /** Adds a check to the Health page. It runs for the main site. Time limit: 2 seconds. */
  healthCheck(id: string, run: (ctx: CheckContext<M>) => Finding | Promise<Finding>): void
  /** Adds a box to the dashboard. Time limit: 1 second. */
  widget(id: string, widget: WidgetAbout<M>): void
}

export interface Plugin<M extends Manifest = Manifest> {
  readonly manifest: M
  register(to: Registrar<M>): void
}

/** The default export of `plugins/<slug>/plugin.ts`. `register` is synchronous and only collects. */
export function definePlugin<const M extends Manifest>(
  manifest: M,
  register: (to: Registrar<M>) => void = () => {},
): Plugin<M> {
  return { manifest, register }
}
