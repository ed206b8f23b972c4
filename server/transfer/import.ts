import { tryCommit, type Statement } from '../../db/db.ts'
import { insertRows, type Over } from '../../db/rows.ts'
import {
  countersNow,
  endSessionsOf,
  forgetEvents,
  forgetSecrets,
  holdOpenOf,
  mustBeOrdinary,
  mustBeSettings,
  mustBeSources,
  raiseFrom,
  sendHeldOf,
  type SetUpCounter,
} from '../../db/queries/set-up.ts'
import type { Database } from '../../db/schema.ts'
import { auditEntries, type AuditEntry } from '../access/audit.ts'
import { bounds, readNetworkSettings } from '../access/network-settings.ts'
import type { Actor } from '../lib/actor.ts'
import { fail, invalid } from '../lib/errors.ts'
import type { JsonObject } from '../lib/json.ts'
import { RETIRED } from '../webhooks/lifecycle.ts'
import { demandPlugins, type TransferDeps } from './export.ts'
import type { SetUp } from './file.ts'
import { planPeople } from './people.ts'
import { planPlugins } from './plugins.ts'
import { planSettings, planSites, settingsAfter } from './network.ts'
import { openSecrets, type Secrets } from './sealed-secrets.ts'
import { planSources } from './sources.ts'
import { outcomes, type Existing, type Item, type Outcome, type Step, type Writes } from './step.ts'
import { planWebhooks } from './webhooks.ts'

/** A file that was read, and how its import shall go. */
export interface Wanted {
  readonly setUp: SetUp
  readonly secrets: Secrets | null
  /** Whether it holds secrets that nobody gave the passphrase for. */
  readonly locked: boolean
  readonly existing: Existing
}

/** A file with its secrets opened, where it has some and a passphrase was given. Throws `invalid` for a wrong one. */
export async function openSetUp(
  deps: Pick<TransferDeps, 'scrypt'>,
  { secrets: sealed, ...setUp }: SetUp,
  passphrase: string,
  existing: Existing,
): Promise<Wanted> {
  const secrets = sealed && passphrase !== '' ? await openSecrets(deps, sealed, passphrase) : null
  return { setUp, secrets, locked: sealed !== undefined && secrets === null, existing }
}

/** What an import would do, for every thing in the file and in its order. */
export interface Plan {
  readonly items: readonly Item[]
  readonly counts: Readonly<Record<Outcome, number>>
}

interface Draft extends Plan {
  readonly steps: readonly Step[]
  /** What the plan rests on: the commit is refused when it is another by now. */
  readonly counters: Readonly<Record<SetUpCounter, number>>
  readonly revision: string
}

/** What an import would do now. Nothing is written. */
export const planImport = async (deps: TransferDeps, by: Actor, wanted: Wanted): Promise<Plan> => {
  const { items, counts } = await draftOf(deps, by, wanted)
  return { items, counts }
}

async function draftOf(deps: TransferDeps, by: Actor, wanted: Wanted): Promise<Draft> {
  demandPlugins(deps)
  const [counters, { values, revision }] = await Promise.all([countersNow(deps.db), readNetworkSettings(deps.db)])
  const { steps: sites, sites: known } = await planSites({ deps, by, ...wanted })
  const planning = { deps, by, ...wanted, sites: known }
  const settings = planSettings(planning, values, revision)
  const isChanged = settings.some(({ writes }) => writes !== null)
  const after = isChanged ? settingsAfter(values, wanted.setUp.network) : values
  const most = (text: string) => (text === '' ? null : Number(text))
  const steps = [
    ...settings,
    ...sites,
    ...(await planPlugins(planning)),
    ...(await planPeople(planning)),
    ...(await planWebhooks(planning, {
      network: most(after.webhooks_per_network),
      site: most(after.webhooks_per_site) ?? bounds.webhooks_per_site.max,
      counter: counters.webhooks,
    })),
    ...(await planSources(planning)),
  ]
  const items = steps.map(({ item }) => item)
  const counts = Object.fromEntries(
    outcomes.map((outcome) => [outcome, items.filter((item) => item.outcome === outcome).length]),
  ) as Plan['counts']
  return { steps, items, counts, counters, revision }
}

const TRIES = 3

/**
 * Does what the plan says now, all of it or nothing, in one commit with its audit rows. Throws `invalid` with paths when
 * something is refused, unless that shall be left out; `conflict` when others change the same things all the while.
 */
export async function runImport(
  deps: TransferDeps,
  by: Actor,
  wanted: Wanted,
  { leaveOut }: { readonly leaveOut: boolean },
): Promise<Plan> {
  for (let tries = 1; ; tries++) {
    const draft = await draftOf(deps, by, wanted)
    const { steps, items, counts } = draft
    if (!leaveOut && counts.refuse > 0) throw invalid(items.flatMap(({ errors }) => errors).slice(0, MOST_ERRORS))
    const writes = steps.flatMap((step) => step.writes ?? [])
    if (writes.length === 0) return { items, counts }
    if (await tryCommit(deps.db, statementsOf(deps, by, draft, writes))) {
      deps.wake()
      return { items, counts }
    }
    if (tries >= TRIES)
      throw fail('conflict', 'Somebody changed the same things at the same moment. Nothing was imported. Try again.')
  }
}

const MOST_ERRORS = 100

/** How rows take the place of those that are there. */
const over: { readonly [T in keyof Database]?: Over } = {
  setting: { key: ['name'], set: ['value'] },
  site: { key: ['id'], set: ['name'] },
  plugin_state: { key: ['slug'], set: ['network_active', 'installed_version', 'settings'] },
  plugin_site: { key: ['slug', 'site_id'], set: ['active', 'settings'] },
  user: { key: ['id'], set: ['role', 'siteId', 'updatedAt'] },
  webhook: {
    key: ['id'],
    set: (
      'name description url all_events format condition sites ordered rate_per_second delivery auth username signing ' +
      'headers timeout_seconds retry_schedule public_key state state_reason revision updated_at'
    ).split(' '),
  },
  source: { key: ['id'], set: ['name', 'settings', 'mapping', 'secret', 'state', 'revision', 'updated_at'] },
}

/** In the order in which they are written. */
const tables = [
  'setting',
  'site',
  'plugin_state',
  'plugin_site',
  'user',
  'one_time_link',
  'mail',
  'webhook',
  'webhook_event',
  'webhook_secret',
  'source',
] as const

/**
 * The whole import as a few statements over many rows, so that it is one commit on every engine: D1 takes fifty. The
 * counters come first: their locks order it among the changes of others, and tell whether there were any since the plan.
 */
function statementsOf(deps: TransferDeps, by: Actor, draft: Draft, writes: readonly Writes[]): Statement[] {
  const { db } = deps
  const all = <T>(pick: (one: Writes) => readonly T[] | undefined): T[] => writes.flatMap((one) => pick(one) ?? [])
  const { counters, revision, counts } = draft
  const numbers = all(({ rows }) => rows.webhook).filter(({ number }) => number > counters.webhooks).length
  const insert = <T extends keyof Database>(table: T): Statement[] =>
    insertRows(
      db,
      table,
      all(({ rows }) => rows[table] as readonly Database[T][] | undefined),
      over[table] ?? null,
    )
  const summary: AuditEntry = {
    action: 'set_up.imported',
    target: 'network',
    owner: 'network',
    after: { created: counts.create, changed: counts.change, left_out: counts.refuse } satisfies JsonObject,
  }
  return [
    ...raiseFrom(db, 'webhooks', counters.webhooks, Math.max(1, numbers)),
    ...raiseFrom(db, 'plugins', counters.plugins, 1),
    mustBeSettings(db, revision),
    ...mustBeSources(
      db,
      all(({ sources }) => sources),
    ),
    ...mustBeOrdinary(
      db,
      all(({ people }) => people),
    ),
    ...forgetEvents(
      db,
      all(({ eventsOf }) => eventsOf),
    ),
    ...forgetSecrets(
      db,
      all(({ secrets }) => secrets),
    ),
    ...tables.flatMap((table) => insert(table)),
    ...endSessionsOf(
      db,
      all(({ people }) => people),
    ),
    ...holdOpenOf(
      db,
      all(({ hold }) => hold),
      RETIRED,
    ),
    ...sendHeldOf(
      db,
      all(({ send }) => send),
      deps.clock(),
    ),
    ...auditEntries(deps, by, [...all(({ audit }) => audit), summary]),
  ]
}
