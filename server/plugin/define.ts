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

/** The version of what this file offers to plugins; `requires.host` is compared with it. Minor versions only add. */
export const hostVersion = '1.0.0'

/** What an event says about itself. Texts are English; they are also the keys of their translations. */
export interface EventAbout<Payload extends z.ZodType> {
  /** "Payment Received" */
  readonly title: string
  /** "A customer paid" */
  readonly sentence: string
  readonly description: string
  /** How urgent it is by nature. A webhook may ask for everything in batches. */
  readonly lane: 'realtime' | 'batched'
  /** Only checks, never changes: `z.looseObject` or `z.strictObject`, no default, transform or coercion. */
  readonly payload: Payload
  /** Satisfies `payload`; the body of test events and the example of the documentation. */
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

/** Makes an event. `name` is past tense in snake_case; outside of this repository `<slug>.` stands in front. */
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

/** A kind of record that a plugin keeps, per site. `indexes`: the fields that `list` can ask for. */
export interface CollectionAbout {
  readonly schema: z.ZodType<{ readonly id: string }>
  readonly indexes?: readonly string[]
}

/** What a plugin says about itself before any of its code runs. What is not declared here, its handlers do not have. */
export interface Manifest {
  /** Also the name of its folder: `^[a-z][a-z0-9-]{1,39}$`. */
  readonly slug: string
  /** `major.minor.patch` */
  readonly version: string
  readonly title: string
  readonly description?: string
  /** The least host version, inside one major: `^1.0`, or `>=1.0`. */
  readonly requires: { readonly host: string }
  /** `site`: may be active for single sites. `network`: for all or for none. */
  readonly scope: 'site' | 'network'
  /** Whether it runs before anybody has switched it on or off. */
  readonly defaultActive?: boolean
  /** Always on. */
  readonly mustUse?: boolean
  /** The events it owns. */
  readonly events?: readonly PluginEvent[]
  /** Shared events of other plugins that it emits as well. */
  readonly emits?: readonly PluginEvent<string, z.ZodType, true>[]
  readonly storage?: Readonly<Record<string, CollectionAbout>>
  /** What people may do with it, where the capabilities of the host do not say it. */
  readonly capabilities?: readonly CapabilityAbout[]
  /**
   * What people can set, for the network and per site: a flat object of texts, numbers, flags and choices, each with a
   * default. `.meta({ title, help, secret: true, scope: 'network' })`.
   */
  readonly settings?: z.ZodObject
  /** The hosts that `ctx.http` reaches, with a port where it is not the usual one; `*` is all of them. */
  readonly http?: readonly string[]
}

/** The site that a handler works for. There is no way to name another. */
export interface Site {
  readonly id: string
  readonly slug: string
  readonly name: string
}

/** Records of one collection, as they were when the handler began: what it queued itself is not in there yet. */
export interface Reader<Row, Field extends keyof Row = never> {
  get(id: string): Promise<Row | undefined>
  /** Newest first; `where` compares indexed fields. At most `limit`: 100 unless told, never over 1000. */
  list(where?: { readonly [F in Field]?: Row[F] }, options?: { readonly limit?: number }): Promise<readonly Row[]>
}

/** Writes wait until the handler has succeeded, then are committed together with what it emitted. */
export interface Collection<Row, Field extends keyof Row = never> extends Reader<Row, Field> {
  /** Writes a new record. If there is one already, nothing of the handler is committed and it runs once more. */
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
      /** Queues an event; it is stored and sent when the handler has succeeded. Throws if the payload does not fit. */
      emit<E extends Emittable<M> & PluginEvent>(event: E, payload: PayloadOf<E>): void
    }

export type SettingsOf<M> = M extends { readonly settings: infer S extends z.ZodType }
  ? {
      /** As they hold for this site: its own value, else the network's, else the default. */
      readonly settings: Readonly<z.output<S>>
    }
  : unknown

/** What a request of a plugin may say. Its `signal` comes on top of the handler's own. */
export interface HttpInit {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>> | Headers
  readonly body?: string | URLSearchParams | Uint8Array<ArrayBuffer>
  readonly signal?: AbortSignal
}

export interface Http {
  /**
   * Asks one of the hosts that the manifest names. Any answer is an answer, a redirect too: it is never followed. Throws
   * a sentence where there is none: another host, a private address, no connection, too late, more than 1 MiB.
   */
  fetch(url: string | URL, init?: HttpInit): Promise<Response>
}
export type HttpOf<M> = M extends { readonly http: readonly string[] } ? { readonly http: Http } : unknown

export interface BaseContext {
  readonly site: Site
  /** Lines carry the plugin and the site. */
  readonly log: Log
  now(): Date
  /** A fresh id, `rec_…`; ids sort by when they were made. */
  newId(): string
  /** Aborted when the handler's time is up. Whatever it queues after that is thrown away. */
  readonly signal: AbortSignal
}

/** What was emitted: `id` stays the same if a crash makes a listener run again. */
export interface Happening {
  readonly id: string
  readonly type: string
  readonly occurredAt: Date
}

type Doing<M> = BaseContext & Storage<M> & Emit<M> & SettingsOf<M> & HttpOf<M>

export type ListenerContext<M> = Doing<M> & { readonly event: Happening }
export type FilterContext<M> = BaseContext & { readonly event: Happening } & ReadOnlyStorage<M> & SettingsOf<M>
export type CronContext<M> = Doing<M>
/** `storage` lists all there is, not the newest hundred: a step has to see every record. */
export type UpgradeContext<M> = BaseContext & Storage<M> & SettingsOf<M>
export type PageContext<M> = BaseContext & {
  /** Who is looking; null outside of the admin. */
  readonly actor: Visitor<M> | null
  readonly query: URLSearchParams
} & ReadOnlyStorage<M> &
  SettingsOf<M>
export type RouteContext<M, Pattern extends string> = Doing<M> & {
  readonly actor: Visitor<M> | null
  readonly params: { readonly [P in ParamOf<Pattern>]: string }
  /** Answers with a page of this plugin: what its `load` gives, and `data` on top. Status 422 unless told. */
  render(path: string, data: Readonly<Record<string, unknown>>, status?: number): Promise<Response>
}

type ParamOf<Pattern extends string> = Pattern extends `${infer Head}/${infer Tail}`
  ? ParamOf<Head> | ParamOf<Tail>
  : Pattern extends `:${infer Name}`
    ? Name
    : never

/** A GET changes nothing, so that is what pages are for. */
export type RoutePattern = `POST /${string}`

export interface HandlerOptions {
  /** Lower runs first: 0-9 is the host's, 10 the usual, 20 and up for those who watch. */
  readonly priority?: number
  /** A name of its own instead of `on:<event>#<n>`. */
  readonly id?: string
}

export type PageAbout<M> = Access<M> & {
  readonly title: string
  /** A template in the plugin's folder, without `.eta`. */
  readonly template: string
  /** Gives exactly what the template may see. */
  load(ctx: PageContext<M>): Readonly<Record<string, unknown>> | Promise<Readonly<Record<string, unknown>>>
}

/** What `register` gets. It only collects; handlers run later, each on its own. */
export interface Registrar<M> {
  /** Runs after the event's commit, at least once. 2 seconds. */
  on<E extends PluginEvent>(
    event: E,
    handler: (payload: PayloadOf<E>, ctx: ListenerContext<M>) => void | Promise<void>,
    options?: HandlerOptions,
  ): void
  /**
   * Gives back the value, changed or not, or `reject(reason)`. If it fails, the value passes unchanged; at a point that
   * guards, nothing passes. 250 ms.
   */
  filter<Value>(
    point: Point<Value>,
    handler: (value: Value, ctx: FilterContext<M>) => Value | Rejection | Promise<Value | Rejection>,
    options?: HandlerOptions,
  ): void
  /**
   * Answers `POST /plugins/<slug>/…` of an admin area. 10 seconds. What it wrote and emitted is committed when it answers
   * with a status below 400.
   */
  route<const Pattern extends RoutePattern>(
    pattern: Pattern,
    handler: (request: Request, ctx: RouteContext<M, Pattern>) => Response | Promise<Response>,
    access?: Access<M>,
  ): void
  /**
   * Runs for each site at the times of a pattern of 5 fields, on the clock of the network's time zone; one at a time. A
   * minute, or 25 seconds on Workers. What fails runs again at the next time.
   */
  cron(pattern: string, id: string, handler: (ctx: CronContext<M>) => unknown): void
  /**
   * Brings what an older version stored up to date. Runs once per site before anything else of this version does, in the
   * order of versions, each step in a commit of its own. 10 seconds. A site whose step fails stays without the plugin.
   */
  upgrade(version: string, handler: (ctx: UpgradeContext<M>) => void | Promise<void>): void
  /** Adds a page at `/plugins/<slug><path>` of an admin area, and a menu entry. 5 seconds. */
  page(path: `/${string}`, page: PageAbout<M>): void
  /**
   * Takes what others send: `POST /ingest/<name>/<token>`, once somebody added such a source on Sources. `name` is the
   * plugin's slug, or begins with it and a dot. 10 seconds.
   */
  source<Settings = unknown>(name: string, about: SourceAbout<Emittable<M> & PluginEvent, Settings>): void
  /** Adds a payload format to the form of webhooks and to the API, there called `<slug>.<name>`. 1 second. */
  format(name: string, format: FormatAbout): void
  /** Adds a row to the Health page. It looks at the main site. 2 seconds. */
  healthCheck(id: string, run: (ctx: CheckContext<M>) => Finding | Promise<Finding>): void
  /** Adds a box to the dashboard. 1 second. */
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
