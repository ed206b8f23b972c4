import type { Webhook } from '../../db/queries/webhooks.ts'
import type { Owner } from '../lib/actor.ts'
import type { FieldError } from '../lib/errors.ts'
import type { JsonObject } from '../lib/json.ts'
import { msg } from '../lib/message.ts'
import { urlRules } from '../webhooks/address.ts'
import { planFields } from '../webhooks/batch-policy.ts'
import { readDraft, type WebhookDraft } from '../webhooks/draft.ts'
import { formatFields } from '../webhooks/formats.ts'
import { draftOf } from '../webhooks/webhook-row.ts'
import { MASK } from '../webhooks/redact.ts'
import { publicKeyOf } from '../webhooks/sign.ts'
import type { WebhookEntry } from './file.ts'
import type { Secrets } from './sealed-secrets.ts'
import type { Planning } from './step.ts'

export type Plain = Secrets['webhooks'][string]

/** What somebody chose of a webhook, as a file holds it. `slugOf`: the slug of a site's id. */
export function webhookFields(draft: WebhookDraft, slugOf: (id: string) => string): Omit<WebhookEntry, 'owner'> {
  return {
    name: draft.name,
    description: draft.description,
    url: draft.url,
    all_events: draft.allEvents,
    events: [...draft.events].sort(),
    ...formatFields(draft.format),
    condition: draft.condition as JsonObject | null,
    sites: draft.sites.map(slugOf).sort(),
    ordered: draft.ordered,
    rate_per_second: draft.ratePerSecond,
    delivery: planFields(draft.delivery),
    auth: { type: draft.auth, ...(draft.auth === 'basic' && { username: draft.username }) },
    signing: draft.signing && { scheme: draft.signing.scheme, extra: [...draft.signing.extra] },
    headers: draft.headers.map(([name]) => name),
    timeout_seconds: draft.timeoutSeconds,
    retry_schedule: [...draft.retrySchedule],
    active: draft.active,
  }
}

/** What an entry is read against. */
export interface Reading {
  readonly owner: Owner
  /** The webhook that is here already. */
  readonly current: Webhook | undefined
  /** Its secrets in the file, and those that are stored. */
  readonly plain: Plain | undefined
  readonly stored: Plain
  readonly slugOf: (id: string) => string
}

/** An entry as a draft: what it leaves out stays as it is, or as it comes. A header whose value nobody has holds the mask. */
export async function readEntry(
  { deps, sites }: Planning,
  entry: WebhookEntry,
  { owner, current, plain, stored, slugOf }: Reading,
): Promise<{ ok: true; draft: WebhookDraft } | { ok: false; errors: readonly FieldError[] }> {
  const { id: _id, owner: _owner, ...given } = entry
  const merged = {
    ...(current && webhookFields(draftOf(current), slugOf)),
    ...(given.all_events === true && given.events === undefined && { events: [] }),
    ...given,
  }
  const isPair = merged.signing?.scheme === 'v1a'
  if (isPair && !(await isKeyPair(plain?.signing))) {
    return { ok: false, errors: [{ path: 'signing', message: msg('What the file holds is no pair of keys.') }] }
  }
  const about = deps.host.formats.about(merged.format ?? '')
  const values = Object.entries({ ...stored.headers, ...plain?.headers })
  const held = new Map(values.map(([name, value]) => [name.toLowerCase(), value]))
  const valueOf = (name: string) => held.get(name.toLowerCase())
  const read = readDraft(
    {
      ...merged,
      auth: {
        type: merged.auth?.type ?? 'none',
        username: merged.auth?.username ?? '',
        password: plain?.password ?? null,
        token: plain?.token ?? null,
      },
      secret: merged.signing && !isPair ? (plain?.signing ?? null) : null,
      headers: Object.fromEntries((merged.headers ?? []).map((name) => [name, valueOf(name) ?? UNKNOWN])),
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
  const headers = read.draft.headers.map(([name, value]) => [name, valueOf(name) === undefined ? MASK : value] as const)
  return { ok: true, draft: { ...read.draft, headers } }
}

/** Stands for a value while the name of its header is checked. */
const UNKNOWN = 'unknown'

const isKeyPair = async (secret: string | undefined): Promise<boolean> =>
  secret === undefined ||
  publicKeyOf(secret).then(
    () => true,
    () => false,
  )
