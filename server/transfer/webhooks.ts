import { SITE_ARCHIVED } from '../../db/queries/site-state.ts'
import { everySecret, everyWebhook } from '../../db/queries/set-up.ts'
import type { Webhook, WebhookSecret } from '../../db/queries/webhooks.ts'
import type { WebhookTable } from '../../db/schema.ts'
import type { FieldError } from '../lib/errors.ts'
import { newId } from '../lib/ids.ts'
import type { JsonObject } from '../lib/json.ts'
import { msg, type Message } from '../lib/message.ts'
import { urlRules } from '../webhooks/address.ts'
import { auditedDraft, auditedWebhook } from '../webhooks/audited.ts'
import { draftOf, readDraft, type WebhookDraft } from '../webhooks/draft.ts'
import { draftColumns, isMissing, newRow, SECRET_NOT_TAKEN, SECRETS_MISSING, stateFor } from '../webhooks/lifecycle.ts'
import { MASK } from '../webhooks/redact.ts'
import { publicKeyOf } from '../webhooks/sign.ts'
import { webhookSecrets } from './export.ts'
import type { WebhookEntry } from './file.ts'
import type { Secrets } from './sealed-secrets.ts'
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
  type Planning,
  type Step,
} from './step.ts'
import { webhookFields } from './webhook-entry.ts'
import { planWebhookSecrets } from './webhook-secrets.ts'

type Plain = Secrets['webhooks'][string]

export interface Rooms {
  /** How many webhooks an owner may have; null for as many as it likes. */
  readonly network: number | null
  readonly site: number
  /** What the counter of webhooks stands at: the next numbers follow. */
  readonly counter: number
}

/**
 * Webhooks, found by id, or else by owner, name and URL. Without the file's secrets what is here keeps its own; what is new
 * waits: one that signs until its new secret was taken, others until somebody gives their password, token or headers.
 */
export async function planWebhooks(planning: Planning, rooms: Rooms): Promise<Step[]> {
  const { deps, setUp, sites } = planning
  if (setUp.webhooks.length === 0) return []
  const here = await everyWebhook(deps.db)
  const rows = Map.groupBy(await everySecret(deps.db), ({ webhook_id: id }) => id)
  const slugs = new Map([...sites.values()].map(({ id, slug }) => [id, slug]))
  const slugOf = (id: string) => slugs.get(id) ?? id
  const ids = new Set(here.map(({ id }) => id))
  const counts = new Map<string, number>()
  for (const { owner } of here) counts.set(owner, (counts.get(owner) ?? 0) + 1)
  const byId = new Map(here.map((webhook) => [webhook.id, webhook]))
  const byName = Map.groupBy(here, ({ owner, name, url }) => JSON.stringify([owner, name, url]))
  const taken = new Set<string>()
  const named = new Set(setUp.webhooks.map(({ id }) => id))
  let { counter } = rooms
  const steps: Step[] = []

  for (const [index, entry] of setUp.webhooks.entries()) {
    const path = `webhooks.${index}`
    const found = {
      kind: 'webhook',
      name: entry.name,
      site: entry.owner === 'network' ? null : entry.owner,
      path,
    } as const
    const site = sites.get(entry.owner)
    const owner = entry.owner === 'network' ? 'network' : site?.id
    if (owner === undefined) {
      steps.push(refused(found, [noSuchSite(`${path}.owner`)]))
      continue
    }
    const same = entry.id === undefined ? undefined : byId.get(entry.id)
    const current =
      same?.owner === owner
        ? same
        : byName
            .get(JSON.stringify([owner, entry.name.trim(), entry.url]))
            ?.find(({ id }) => !taken.has(id) && !named.has(id))
    const key = current?.id ?? entry.id
    if (key !== undefined && taken.has(key)) {
      steps.push(refused(found, [twice(path)]))
      continue
    }
    if (key !== undefined) taken.add(key)
    const plain = entry.id === undefined ? undefined : planning.secrets?.webhooks[entry.id]
    const stored = current ? ((await webhookSecrets(deps, new Set([current.id])))[current.id] ?? {}) : {}
    const read = readEntry(planning, entry, { current, owner, plain, stored, slugOf })
    if (!read.ok) {
      steps.push(refused(found, below(path, read.errors)))
      continue
    }
    const { draft } = read
    if (draft.signing?.scheme === 'v1a' && !(await isKeyPair(plain?.signing))) {
      steps.push(refused(found, [{ path: `${path}.signing`, message: msg('The pair of keys in the file is none.') }]))
      continue
    }
    const had = current ? (rows.get(current.id) ?? []) : []
    if (current) {
      steps.push(await planChange(planning, { found, current, draft, had, plain, stored, slugOf }))
      continue
    }
    const room = owner === 'network' ? rooms.network : rooms.site
    const count = counts.get(owner) ?? 0
    if (room !== null && count >= room) {
      const message = msg('Its owner may have {most} webhooks, and would have more. Allow more under Settings.', {
        most: room,
      })
      steps.push(refused(found, [{ path: `${path}.owner`, message }]))
      continue
    }
    counts.set(owner, count + 1)
    const id = freeId('whk', entry.id, ids) ?? newId('whk', deps)
    const secrets = await planWebhookSecrets(planning, draft, { id, had: [], publicKey: null, plain, stored: {} })
    const state = atSite(stateFor(draft, secrets.taken, isMissing(draft, [])), site?.state)
    const row = newRow(draft, {
      id,
      owner,
      by: planning.by.id,
      now: deps.clock(),
      publicKey: secrets.publicKey,
      ...(entry.origin && { origin: entry.origin }),
      ...state,
    })
    counter++
    steps.push(
      created(
        { ...found, notes: notesFor(state, secrets.isNewPair) },
        {
          rows: {
            webhook: [{ ...row, number: counter }],
            webhook_event: eventRows(id, draft),
            webhook_secret: secrets.rows,
          },
          audit: [{ action: 'webhook.created', target: id, owner, after: auditedDraft(draft) }],
        },
      ),
    )
  }
  return steps
}

interface Change {
  readonly found: {
    readonly kind: 'webhook'
    readonly name: string
    readonly site: string | null
    readonly path: string
  }
  readonly current: Webhook
  readonly draft: WebhookDraft
  readonly had: readonly WebhookSecret[]
  readonly plain: Plain | undefined
  readonly stored: Plain
  readonly slugOf: (id: string) => string
}

async function planChange(planning: Planning, change: Change): Promise<Step> {
  const { found, current, draft, had, plain, stored, slugOf } = change
  const { deps } = planning
  const secrets = await planWebhookSecrets(planning, draft, {
    id: current.id,
    had,
    publicKey: current.public_key,
    plain,
    stored,
  })
  const changes = [
    ...differences(webhookFields(draftOf(current), slugOf) as JsonObject, webhookFields(draft, slugOf) as JsonObject),
    ...secrets.changed.map((field) => newSecret(field, stored[field] !== undefined)),
  ]
  const wanted = stateFor(draft, secrets.taken, isMissing(draft, had))
  const waited = current.state_reason === SECRET_NOT_TAKEN || current.state_reason === SECRETS_MISSING
  // What we switched off for a reason of its own stays off until somebody resumes it.
  const keeps = wanted.state === 'active' && current.state !== 'retired' && !waited
  const state = keeps ? { state: current.state, state_reason: current.state_reason } : wanted
  const sent = current.state === 'active' || current.state === 'failing'
  const sends = state.state === 'active' || state.state === 'failing'
  return settled(planning, { ...found, notes: notesFor(state, secrets.isNewPair) }, changes, () => ({
    rows: {
      webhook: [webhookRow(current, draft, { ...state, public_key: secrets.publicKey, updated_at: deps.clock() })],
      webhook_event: eventRows(current.id, draft),
      webhook_secret: secrets.rows,
    },
    eventsOf: [current.id],
    secrets: secrets.gone,
    hold: sent && !sends ? [current.id] : [],
    send: !sent && sends ? [current.id] : [],
    audit: [
      {
        action: 'webhook.updated',
        target: current.id,
        owner: current.owner,
        before: auditedWebhook(current),
        after: auditedDraft(draft),
      },
    ],
  }))
}

interface Reading {
  readonly current: Webhook | undefined
  readonly owner: string
  readonly plain: Plain | undefined
  readonly stored: Plain
  readonly slugOf: (id: string) => string
}

/** An entry as a draft: what it leaves out stays as it is, or as it comes. */
function readEntry(
  { deps, sites }: Planning,
  entry: WebhookEntry,
  { current, owner, plain, stored, slugOf }: Reading,
): { ok: true; draft: WebhookDraft } | { ok: false; errors: readonly FieldError[] } {
  const { id: _id, owner: _owner, origin: _origin, ...given } = entry
  const before = current ? webhookFields(draftOf(current), slugOf) : {}
  const merged = {
    ...before,
    ...(given.all_events === true && given.events === undefined && { events: [] }),
    ...given,
  }
  const formatName = merged.format ?? ''
  const about = deps.host.formats.about(formatName)
  const values = Object.entries({ ...stored.headers, ...plain?.headers })
  const held = new Map(values.map(([name, value]) => [name.toLowerCase(), value]))
  const names = merged.headers ?? []
  // Values that nobody has yet are checked as the mask that stands for them.
  const lacks = names.filter((name) => !held.has(name.toLowerCase()))
  const read = readDraft(
    {
      ...merged,
      auth: {
        type: merged.auth?.type ?? 'none',
        username: merged.auth?.username ?? '',
        password: plain?.password ?? null,
        token: plain?.token ?? null,
      },
      secret: merged.signing?.scheme === 'v1' ? (plain?.signing ?? null) : null,
      headers: Object.fromEntries(names.map((name) => [name, held.get(name.toLowerCase()) ?? 'not-here'])),
    },
    {
      address: urlRules(deps),
      isEventType: (name) => deps.host.eventType(name) !== undefined || (current?.events.includes(name) ?? false),
      formats: about ? [about] : [],
      siteId: (slug) => (owner === 'network' ? sites.get(slug)?.id : undefined),
      has: { password: true, token: true },
      headers: new Map(),
    },
  )
  if (!read.ok) return read
  const headers = read.draft.headers.map(([name, value]) => [name, lacks.includes(name) ? MASK : value] as const)
  return { ok: true, draft: { ...read.draft, headers } }
}

function webhookRow(
  current: Webhook,
  draft: WebhookDraft,
  set: Pick<WebhookTable, 'state' | 'state_reason' | 'public_key' | 'updated_at'>,
): WebhookTable {
  const { events: _events, ...row } = current
  return { ...row, ...draftColumns(draft), ...set, revision: current.revision + 1 }
}

const isKeyPair = async (secret: string | undefined): Promise<boolean> =>
  secret === undefined ||
  publicKeyOf(secret).then(
    () => true,
    () => false,
  )

const eventRows = (id: string, { events }: WebhookDraft) =>
  events.map((event) => ({ webhook_id: id, event_type: event }))

/** What sends at an archived site waits until that is restored. */
const atSite = (
  state: Pick<WebhookTable, 'state' | 'state_reason'>,
  site: 'active' | 'archived' | undefined,
): Pick<WebhookTable, 'state' | 'state_reason'> =>
  site === 'archived' && state.state === 'active' ? { state: 'disabled', state_reason: SITE_ARCHIVED } : state

function notesFor({ state_reason: why }: Pick<WebhookTable, 'state_reason'>, isNewPair: boolean): Message[] {
  if (isNewPair) return [msg('Gets a new pair of keys: give the receiver the new public key.')]
  return why === SECRET_NOT_TAKEN || why === SECRETS_MISSING ? [msg(/* translated elsewhere */ why)] : []
}
