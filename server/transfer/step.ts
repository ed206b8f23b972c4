import type { Database } from '../../db/schema.ts'
import type { AuditEntry } from '../access/audit.ts'
import type { Actor } from '../lib/actor.ts'
import { isId, type IdPrefix } from '../lib/ids.ts'
import { msg, type Message } from '../lib/message.ts'
import type { FieldError } from '../lib/errors.ts'
import type { Json, JsonObject } from '../lib/json.ts'
import { MASK } from '../webhooks/redact.ts'
import type { TransferDeps } from './export.ts'
import type { SetUp } from './file.ts'
import type { Secrets } from './sealed-secrets.ts'

export const kinds = ['settings', 'site', 'plugin', 'person', 'webhook', 'source'] as const
export type Kind = (typeof kinds)[number]

/** What becomes of a thing in the file. `skip`: it stays as it is here, although the file says something else. */
export const outcomes = ['create', 'change', 'same', 'skip', 'refuse'] as const
export type Outcome = (typeof outcomes)[number]

/** One field of a thing: what it is here and what it would be. Secrets are masked. */
export interface Difference {
  readonly field: string
  readonly before: Json
  readonly after: Json
}

/** What an import makes of one thing in the file. */
export interface Item {
  readonly kind: Kind
  readonly outcome: Outcome
  /** As a person knows it. */
  readonly name: string
  /** The slug of the site that it belongs to; null for the network. */
  readonly site: string | null
  /** Where it stands in the file: `webhooks.3`. */
  readonly path: string
  readonly changes: readonly Difference[]
  /** What to know about it, or to do afterwards. */
  readonly notes: readonly Message[]
  /** Why it is refused, with paths into the file. */
  readonly errors: readonly FieldError[]
}

/** Whole rows by table: new ones, and those that take the place of what is there. */
export type Rows = { readonly [T in keyof Database]?: readonly Database[T][] }

/** What a thing writes, if it is created or changed. */
export interface Writes {
  readonly rows: Rows
  readonly audit: readonly AuditEntry[]
  /** Ids of webhooks whose events are chosen anew. */
  readonly eventsOf?: readonly string[]
  /** Ids of secrets that go. */
  readonly secrets?: readonly string[]
  /** Webhooks whose waiting deliveries are held, and such that send again. */
  readonly hold?: readonly string[]
  readonly send?: readonly string[]
  /** People whose role changes: they are no super admins, and their sessions end. */
  readonly people?: readonly string[]
  /** Sources as they were read. */
  readonly sources?: readonly { readonly id: string; readonly revision: number }[]
}

export interface Step {
  readonly item: Item
  readonly writes: Writes | null
}

export const existing = ['change', 'keep'] as const
/** Whether what is here already becomes what the file says, or stays. */
export type Existing = (typeof existing)[number]

/** A site that is here, or that this import makes. */
export interface KnownSite {
  readonly id: string
  readonly slug: string
  readonly name: string
  readonly state: 'active' | 'archived'
}

/** What every part of an import works with. */
export interface Planning {
  readonly deps: TransferDeps
  readonly by: Actor
  readonly setUp: SetUp
  /** Null where the file holds none, or nobody gave the passphrase. */
  readonly secrets: Secrets | null
  readonly existing: Existing
  /** By slug. */
  readonly sites: ReadonlyMap<string, KnownSite>
}

interface Found {
  readonly kind: Kind
  readonly name: string
  readonly site?: string | null
  readonly path: string
  readonly notes?: readonly Message[]
}

const item = (found: Found, outcome: Outcome, more: Partial<Item> = {}): Item => ({
  site: null,
  changes: [],
  notes: [],
  errors: [],
  ...found,
  name: found.name.slice(0, 191),
  outcome,
  ...more,
})

export const refused = (found: Found, errors: readonly FieldError[]): Step => ({
  item: item(found, 'refuse', { notes: [], errors }),
  writes: null,
})

export const created = (found: Found, writes: Writes): Step => ({ item: item(found, 'create'), writes })

export const skipped = (found: Found, why: Message, changes: readonly Difference[] = []): Step => ({
  item: item(found, 'skip', { notes: [why], changes }),
  writes: null,
})

/** What is here already: the same, left as it is, or changed. */
export function settled(
  { existing }: Planning,
  found: Found,
  changes: readonly Difference[],
  writes: () => Writes,
): Step {
  if (changes.length === 0) return { item: item(found, 'same', { notes: [] }), writes: null }
  if (existing === 'keep') return skipped(found, msg('It is here already and stays as it is.'), changes)
  return { item: item(found, 'change', { changes }), writes: writes() }
}

/** The fields that differ, in the order of the second. */
export function differences(before: JsonObject, after: JsonObject): Difference[] {
  return Object.keys(after)
    .filter((field) => textOf(before[field]) !== textOf(after[field]))
    .map((field) => ({ field, before: before[field] ?? null, after: after[field] ?? null }))
}

/** A secret that becomes another one. */
export const newSecret = (field: string, had: boolean): Difference => ({
  field,
  before: had ? MASK : null,
  after: MASK,
})

/** Equal whatever the order of keys. */
function textOf(value: Json | undefined): string {
  return JSON.stringify(value ?? null, (_, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )
}

/** Errors of a thing, with the path into the file. */
export const below = (path: string, errors: readonly FieldError[]): FieldError[] =>
  errors.map((error) => ({ path: [path, error.path].filter(Boolean).join('.'), message: error.message }))

export const twice = (path: string): FieldError => ({ path, message: msg('This stands twice in the file.') })

export const noSuchSite = (path: string): FieldError => ({ path, message: msg('There is no site of this name.') })

/** The id that a thing has in the file, if it can have it here: then the next import finds it by that. */
export const freeId = (prefix: IdPrefix, id: string | undefined, taken: ReadonlySet<string>): string | null =>
  id !== undefined && isId(prefix, id) && !taken.has(id) ? id : null
