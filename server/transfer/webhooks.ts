import { SITE_ARCHIVED } from '../../db/queries/site-state.ts'
import { everySecret, everyWebhook } from '../../db/queries/set-up.ts'
import type { WebhookSecret } from '../../db/queries/webhook-secrets.ts'
import type { Webhook } from '../../db/queries/webhooks.ts'
import type { WebhookTable } from '../../db/schema.ts'
import type { Owner } from '../lib/actor.ts'
import { newId } from '../lib/ids.ts'
import type { JsonObject } from '../lib/json.ts'
import { msg, type Message } from '../lib/message.ts'
import { auditedDraft, auditedWebhook } from '../webhooks/audited.ts'
import type { WebhookDraft } from '../webhooks/draft.ts'
import { draftColumns, draftOf, newRow } from '../webhooks/webhook-row.ts'
import { isMissing, SECRET_NOT_TAKEN, SECRETS_MISSING, stateFor } from '../webhooks/lifecycle.ts'
import { plainSecrets } from './export.ts'
import type { WebhookEntry } from './file.ts'
import {
  below,
  created,
  differences,
  freeId,
  newSecret,
  noSuchSite,
  refused,
  settled,
  twice,
  type KnownSite,
  type Planning,
  type Step,
} from './step.ts'
import { readEntry, webhookFields, type Plain, type Reading } from './webhook-entry.ts'
import { planWebhookSecrets } from './webhook-secrets.ts'

/** How many webhooks there may be. */
interface Rooms {
  /** Null for as many as it likes. */
  readonly network: number | null
  readonly site: number
  /** What the counter of webhooks stands at: the next numbers follow. */
  readonly counter: number
}

/** What is here, and what the file has taken of it so far. */
interface Here {
  readonly webhooks: readonly Webhook[]
  readonly ids: ReadonlySet<string>
  readonly secrets: ReadonlyMap<string, readonly WebhookSecret[]>
  readonly slugOf: (id: string) => string
  /** How many webhooks each owner has, or would have. */
  readonly counts: Map<Owner, number>
  /** Ids that an entry stands for. */
  readonly taken: Set<string>
  readonly named: ReadonlySet<string | undefined>
  number: number
}

interface Found {
  readonly kind: 'webhook'
  readonly name: string
  readonly site: string | null
  readonly path: string
}

/**
 * Webhooks, found by id, or else by owner, name and URL. Without the file's secrets what is here keeps its own; what is new
 * waits: one that signs until its new secret was taken, others until somebody gives their password, token or headers.
 */
export async function planWebhooks(planning: Planning, rooms: Rooms): Promise<Step[]> {
  const { deps, setUp, sites } = planning
  if (setUp.webhooks.length === 0) return []
  const all = await everyWebhook(deps.db)
  const slugs = new Map([...sites.values()].map(({ id, slug }) => [id, slug]))
  const here: Here = {
    // What a builder subscribed it ends itself.
    webhooks: all.filter(({ origin }) => origin !== 'rest_hook'),
    ids: new Set(all.map(({ id }) => id)),
    secrets: Map.groupBy(await everySecret(deps.db), ({ webhook_id: id }) => id),
    slugOf: (id) => slugs.get(id) ?? id,
    counts: new Map([...Map.groupBy(all, ({ owner }) => owner)].map(([owner, list]) => [owner, list.length])),
    taken: new Set(),
    named: new Set(setUp.webhooks.map(({ id }) => id)),
    number: rooms.counter,
  }
  const find = finder(here)
  const steps: Step[] = []
  for (const [index, entry] of setUp.webhooks.entries()) {
    const isOfNetwork = entry.owner === 'network'
    const path = `webhooks.${index}`
    const found = { kind: 'webhook', name: entry.name, site: isOfNetwork ? null : entry.owner, path } as const
    const site = sites.get(entry.owner)
    const owner = isOfNetwork ? 'network' : site?.id
    if (owner === undefined) steps.push(refused(found, [noSuchSite(`${path}.owner`)]))
    else steps.push(await planOne(planning, here, { found, entry, owner, site, current: find(entry, owner) }, rooms))
  }
  return steps
}

function finder({ webhooks, taken, named }: Here) {
  const byId = new Map(webhooks.map((webhook) => [webhook.id, webhook]))
  const byName = Map.groupBy(webhooks, ({ owner, name, url }) => JSON.stringify([owner, name, url]))
  return ({ id, name, url }: WebhookEntry, owner: Owner): Webhook | undefined => {
    const same = id === undefined ? undefined : byId.get(id)
    if (same?.owner === owner) return same
    const alike = byName.get(JSON.stringify([owner, name.trim(), url])) ?? []
    return alike.find((one) => !taken.has(one.id) && !named.has(one.id))
  }
}

interface One {
  readonly found: Found
  readonly entry: WebhookEntry
  readonly owner: Owner
  readonly site: KnownSite | undefined
  readonly current: Webhook | undefined
}

async function planOne(planning: Planning, here: Here, one: One, rooms: Rooms): Promise<Step> {
  const { found, entry, owner, current } = one
  const key = current?.id ?? entry.id
  if (key !== undefined && here.taken.has(key)) return refused(found, [twice(found.path)])
  if (key !== undefined) here.taken.add(key)
  const had = current ? (here.secrets.get(current.id) ?? []) : []
  const plain = entry.id === undefined ? undefined : planning.secrets?.webhooks[entry.id]
  const reading = { owner, current, plain, stored: await plainSecrets(planning.deps, had), slugOf: here.slugOf }
  const read = await readEntry(planning, entry, reading)
  if (!read.ok) return refused(found, below(found.path, read.errors))
  if (current) return planChange(planning, found, { ...reading, current, had, draft: read.draft })

  const room = owner === 'network' ? rooms.network : rooms.site
  const count = here.counts.get(owner) ?? 0
  if (room !== null && count >= room) {
    const message = msg('Its owner may have {most} webhooks, and would have more. Allow more under Settings.', {
      most: room,
    })
    return refused(found, [{ path: `${found.path}.owner`, message }])
  }
  here.counts.set(owner, count + 1)
  return planNew(planning, here, one, { draft: read.draft, plain })
}

async function planNew(
  planning: Planning,
  here: Here,
  { found, entry, owner, site }: One,
  { draft, plain }: { readonly draft: WebhookDraft; readonly plain: Plain | undefined },
): Promise<Step> {
  const { deps, by } = planning
  const id = freeId('whk', entry.id, here.ids) ?? newId('whk', deps)
  const secrets = await planWebhookSecrets(planning, draft, { id, had: [], publicKey: null, plain, stored: {} })
  const state = atSite(stateFor(draft, secrets.taken, isMissing(draft, [])), site)
  const origin = by.kind === 'key' ? 'api' : 'admin'
  const who = { id, owner, by: by.id, now: deps.clock(), publicKey: secrets.publicKey, origin } as const
  const row = { ...newRow(draft, { ...who, ...state }), number: ++here.number }
  return created(
    { ...found, notes: notesFor(state, secrets.isNewPair) },
    {
      rows: { webhook: [row], webhook_event: eventRows(id, draft), webhook_secret: secrets.rows },
      audit: [{ action: 'webhook.created', target: id, owner, after: auditedDraft(draft) }],
    },
  )
}

interface Change extends Reading {
  readonly current: Webhook
  readonly draft: WebhookDraft
  readonly had: readonly WebhookSecret[]
}

async function planChange(planning: Planning, found: Found, change: Change): Promise<Step> {
  const { current, draft, had, plain, stored, slugOf } = change
  const { id, public_key: publicKey } = current
  const secrets = await planWebhookSecrets(planning, draft, { id, had, publicKey, plain, stored })
  const changes = [
    ...differences(webhookFields(draftOf(current), slugOf) as JsonObject, webhookFields(draft, slugOf) as JsonObject),
    ...secrets.changed.map((field) => newSecret(field, stored[field] !== undefined)),
  ]
  const wanted = stateFor(draft, secrets.taken, isMissing(draft, had))
  const waited = current.state_reason === SECRET_NOT_TAKEN || current.state_reason === SECRETS_MISSING
  // What we switched off for a reason of its own stays off until somebody resumes it.
  const keeps = wanted.state === 'active' && current.state !== 'retired' && !waited
  const state = keeps ? { state: current.state, state_reason: current.state_reason } : wanted
  const [sent, sends] = [current.state, state.state].map((one) => one === 'active' || one === 'failing')
  return settled(planning, { ...found, notes: notesFor(state, secrets.isNewPair) }, changes, () => ({
    rows: {
      webhook: [rowOf(current, draft, { ...state, public_key: secrets.publicKey, updated_at: planning.deps.clock() })],
      webhook_event: eventRows(id, draft),
      webhook_secret: secrets.rows,
    },
    eventsOf: [id],
    secrets: secrets.gone,
    hold: sent && !sends ? [id] : [],
    send: !sent && sends ? [id] : [],
    audit: [
      {
        action: 'webhook.updated',
        target: id,
        owner: current.owner,
        before: auditedWebhook(current),
        after: auditedDraft(draft),
      },
    ],
  }))
}

type State = Pick<WebhookTable, 'state' | 'state_reason'>

function rowOf(
  { events: _events, ...row }: Webhook,
  draft: WebhookDraft,
  set: State & Pick<WebhookTable, 'public_key' | 'updated_at'>,
): WebhookTable {
  return { ...row, ...draftColumns(draft), ...set, revision: row.revision + 1 }
}

const eventRows = (id: string, { events }: WebhookDraft) =>
  events.map((event) => ({ webhook_id: id, event_type: event }))

/** What sends at an archived site waits until that is restored. */
const atSite = (state: State, site: KnownSite | undefined): State =>
  site?.state === 'archived' && state.state === 'active' ? { state: 'disabled', state_reason: SITE_ARCHIVED } : state

function notesFor({ state_reason: why }: State, isNewPair: boolean): Message[] {
  if (isNewPair) return [msg('Gets a new pair of keys: give the receiver the new public key.')]
  return why === SECRET_NOT_TAKEN || why === SECRETS_MISSING ? [msg(/* translated elsewhere */ why)] : []
}
