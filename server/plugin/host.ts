import type { Statement, Result } from '../../db/db.ts'
import type { JsonObject } from '../lib/json.ts'
import type { FieldError } from '../lib/errors.ts'
import type { PluginCapability, Visitor } from '../lib/actor.ts'
import type { Message } from '../lib/message.ts'
import type { Trace } from '../lib/trace.ts'
import type { MoreFormats } from '../webhooks/make-body.ts'
import type { CheckResult, GuardInfo, HookInfo, WidgetBox } from './insight.ts'
import type { Arrival, Received } from './receive.ts'
import type { SetSettings, SettingsChange, SettingsForm } from './change-settings.ts'
import type { Rule } from './loaded.ts'
import type { Field } from './fields.ts'
import type { Holdings } from './uninstall.ts'
import type { SourceSecret } from './source.ts'

/** An event type as the rest of the product sees it. The texts are English keys for `t`. */
export interface EventType {
  readonly name: string
  readonly title: string
  readonly sentence: string
  readonly description: string
  readonly lane: 'realtime' | 'batched'
  readonly plugin: string
  readonly pluginTitle: string
  /** Whether plugins other than its own may emit it. */
  readonly shared: boolean
  readonly sample: JsonObject
  /** JSON Schema of the payload. */
  readonly schema: JsonObject
}

/** Something to emit. `site` is an id. `key` makes it idempotent within the site. */
export interface Emission {
  readonly type: string
  readonly site: string
  readonly data: JsonObject
  readonly source: string
  readonly key?: string | null
  /** Whether the key alone says that it is the same event, whatever its payload holds by now. */
  readonly once?: boolean
  readonly occurredAt?: number
  readonly hops?: number
  readonly trace?: Trace | null
}

/** What the outbox answers for one emission, in order. */
export interface Emitted {
  readonly id: string
  readonly deliveries: number
  readonly duplicate: boolean
}

/** What filters made of a payload. */
export interface Filtered {
  readonly value: JsonObject
  /** Why a filter wants it not to be sent, or null. */
  readonly rejected: string | null
  /** Why a guard holds it until it can answer, or null. */
  readonly held: string | null
}

/** Emissions that are validated and filtered, to be committed by the caller together with other writes. */
export interface Prepared {
  readonly statements: readonly Statement[]
  /** In the order of the emissions. */
  readonly filtered: readonly Filtered[]
  /** What can be done while the commit is on its way; so that what is emitted leaves sooner. */
  meanwhile(): void
  /** Takes the results of exactly `statements`, after the commit: answers, wakes the dispatcher, lets listeners run. */
  finish(results: readonly Result[]): readonly Emitted[]
}

export interface PluginInfo {
  readonly slug: string
  readonly title: string
  readonly description: string
  readonly version: string
  /** `removing`: it was uninstalled, and what it stored is being deleted. */
  readonly state: 'active' | 'inactive' | 'paused' | 'failed' | 'incompatible' | 'removing'
  readonly reason: Message | null
  readonly mustUse: boolean
  readonly scope: 'site' | 'network'
  /** Whether it is active until somebody switches it. */
  readonly isDefault: boolean
  /** Whether it has settings. */
  readonly isSettable: boolean
  readonly events: readonly string[]
  /** Events of other plugins that it emits. */
  readonly emits: readonly string[]
  readonly listens: readonly string[]
  readonly filters: readonly string[]
  readonly stores: readonly string[]
  /** The capabilities that it adds. */
  readonly capabilities: readonly string[]
  /** The hosts that it sends requests to; `*` is all. */
  readonly contacts: readonly string[]
  /** The paths of its POST routes, and of its pages. */
  readonly routes: readonly { readonly path: string; readonly isPublic: boolean }[]
  readonly pages: readonly { readonly path: string; readonly title: string; readonly isPublic: boolean }[]
  readonly crons: readonly { readonly id: string; readonly pattern: string }[]
  readonly sources: readonly string[]
  readonly faults: readonly Fault[]
}

/** A plugin as a site sees it. */
export interface SitePlugin extends PluginInfo {
  /** Switched on for this site alone. */
  readonly isOnHere: boolean
  readonly isOnForAll: boolean
}

export interface Fault {
  readonly id: string
  readonly handler: string
  readonly event: string | null
  readonly site: string
  readonly message: string
  readonly stack: string
  readonly durationMs: number
  readonly at: number
}

/** A page a plugin adds to the menu. */
interface PluginPage {
  readonly plugin: string
  /** Below `/plugins/<slug>` of an admin area, starting with a slash. */
  readonly path: string
  readonly title: string
  /** Who may see it: a capability, anybody, or super admins alone. */
  readonly rule: Rule
}

/** A rendered plugin page: a compiled template and exactly what it may see. */
export interface PluginView {
  /** The page's id, for the fault if its template fails. */
  readonly handler: string
  readonly title: string
  readonly template: string
  readonly data: Readonly<Record<string, unknown>>
}

/** What a route answered: a response, or a page of the plugin, to be shown in the admin's layout with that status. */
export type PluginAnswer = Response & { readonly view?: PluginView }

/** A kind of source, as a person chooses it. Texts are English keys for `t`. */
export interface SourceKind {
  /** What stands in its address: `/ingest/<name>/…`. */
  readonly name: string
  readonly title: string
  readonly description: string
  readonly steps: readonly Message[]
  readonly secret: SourceSecret | null
  /** Its choices, as a form shows them. */
  readonly settings: readonly Field[]
  /** Whether the person who adds it says which event it makes. */
  readonly mapped: boolean
  readonly plugin: string
  readonly pluginTitle: string
}

/** A capability that a plugin adds. Its texts are English keys for `t`. */
export interface GivenCapability {
  readonly name: PluginCapability
  readonly title: string
  readonly plugin: string
  readonly pluginTitle: string
  /** Who has it besides super admins. */
  readonly roles: readonly string[]
}

/** What the loaded plugins bring. It stays as it is while the host runs. */
export interface Catalogue {
  /** The types of all loaded plugins, by plugin and title. */
  eventTypes(): readonly EventType[]
  eventType(name: string): EventType | undefined
  /** The capabilities that the loaded plugins add. */
  capabilities(): readonly GivenCapability[]
  /** The kinds of sources of all loaded plugins, by title. */
  sources(): readonly SourceKind[]
  /** Checks the choices of a source of this kind, defaults filled in. Throws AppError `invalid` with paths. */
  sourceSettings(name: string, settings: JsonObject): JsonObject
  /** Where a payload does not match an event's schema; empty if it does. */
  misfits(type: string, payload: JsonObject): readonly FieldError[]
}

/** Which plugins there are, and where they run. */
export interface Roster {
  /** Every plugin there is; with `faults`, what last went wrong in each. */
  plugins(options?: { readonly faults?: boolean }): Promise<readonly PluginInfo[]>
  /** The plugins that a site can switch or configure, by title. */
  pluginsAt(site: string): Promise<readonly SitePlugin[]>
  /** The slugs of the plugins that run for this site now. */
  running(site: string): Promise<ReadonlySet<string>>
  /** Whether the type's plugin runs for this site now (active and not paused). */
  isAvailable(type: string, site: string): Promise<boolean>
  /** What is stored for a plugin, and deleted with it. Throws AppError `not_found`, `conflict`. */
  holdings(slug: string): Promise<Holdings>
}

/** What people do with a plugin as a whole: statements for the caller's commit. Throws AppError `conflict`, `not_found`. */
export interface Switching {
  /** For one site alone where `site` is an id. */
  activate(slug: string, site?: string): Promise<readonly Statement[]>
  deactivate(slug: string, site?: string): Promise<readonly Statement[]>
  /** Nothing of it runs anywhere until it is resumed. `by` is the name of the person. A paused plugin is left as it is. */
  pause(slug: string, by: string): Promise<readonly Statement[]>
  resume(slug: string): Promise<readonly Statement[]>
  /**
   * Deletes all that is stored for a plugin: secrets at once, the rest step by step. The commit is refused as `constraint`
   * while the plugin is on anywhere.
   */
  uninstall(slug: string): Promise<readonly Statement[]>
}

/** Single handlers of plugins, and how people switch one off. */
export interface Muting {
  /** Every handler there is: for the Hooks page. */
  hooks(): Promise<readonly HookInfo[]>
  /** When this host was made, in milliseconds UTC; its counts begin there. */
  readonly begun: number
  /** Guards that hold events or are muted, which a super admin has to know about. */
  guards(): Promise<readonly GuardInfo[]>
  /** The handler does not run until it is unmuted. A muted guard lets everything pass. Throws AppError `not_found`. */
  mute(handler: string, by: string): Promise<readonly Statement[]>
  unmute(handler: string): Promise<readonly Statement[]>
}

/** The settings of plugins, each at a site or, where `site` is null, of the network. Throws AppError `not_found`, `conflict`. */
export interface Configuring {
  /** Null where it has none. */
  settings(slug: string, site: string | null): Promise<SettingsForm | null>
  /** What was set there, with secrets in plain text, for an export. */
  setSettings(slug: string, site: string | null): Promise<SetSettings>
  /**
   * Sets what is given, and resets what is null. Throws `invalid` with paths too, and `revision_conflict` if somebody else
   * has saved since `revision`. If somebody saves at the same moment, the commit is refused as `constraint`.
   */
  changeSettings(
    slug: string,
    site: string | null,
    given: Readonly<Record<string, unknown>>,
    revision?: string,
  ): Promise<SettingsChange>
}

/** What people meet of plugins. Where `site` may be null, that is Network Admin, which works on the main site. */
export interface Showing {
  /** The pages of the plugins that run for this site. */
  pages(site: string | null): Promise<readonly PluginPage[]>
  /**
   * Loads a plugin's page for a site; null when there is none for this visitor (or its plugin is not running). Throws
   * AppError `forbidden`, `internal` with the id of its fault when it fails, or `unavailable` where an upgrade failed.
   */
  view(slug: string, path: string, site: string, request: Request, actor?: Visitor): Promise<PluginView | null>
  /** Runs a plugin's POST route; null when there is none (or its plugin is not running). Throws as `view` does. */
  route(slug: string, path: string, site: string, request: Request, actor?: Visitor): Promise<PluginAnswer | null>
  /** The path of the page above a route, for whoever asks for the route as if it were a page; null when there is none. */
  above(slug: string, path: string, site: string, actor?: Visitor): Promise<string | null>
  /** The boxes of the plugins that run for this site. */
  widgets(site: string | null, actor: Visitor): Promise<readonly WidgetBox[]>
  /** Lets the plugins' checks look at the network: for the Health page. */
  checks(): Promise<readonly CheckResult[]>
  /** Records a fault for what went wrong while something of a plugin was rendered. Resolves with the fault's id. */
  blame(handler: string, site: string | null, error: unknown): Promise<string>
}

/** The plugin host, as the rest of the product uses it. */
export interface Host extends Catalogue, Roster, Switching, Muting, Configuring, Showing {
  /**
   * Validates and filters. Throws AppError: `invalid` (unknown type, payload with paths), `plugin_inactive`,
   * `site_archived`, `safe_mode`, `too_deep`, `too_large`.
   */
  prepare(list: readonly Emission[]): Promise<Prepared>
  /** `prepare`, commit, `finish`. Resolves once everything is durable. */
  emit(list: readonly Emission[]): Promise<readonly Emitted[]>
  /** Lets a plugin read a request to one of its sources. Stores nothing. */
  receive(arrival: Arrival): Promise<Received>
  /** The payload formats of plugins; the engine has them as `formats`. */
  readonly formats: MoreFormats
  /** Runs the listeners that a crash left out, begins the crons that are due, and does what else has to be done regularly. */
  tick(now: number): Promise<void>
  /** Resolves when the listeners and crons started so far have ended. */
  settled(): Promise<void>
  /** Runs a cron for a site now, whatever its time. Nothing happens where its plugin does not run. */
  runCron(slug: string, id: string, site: string): Promise<void>
}
