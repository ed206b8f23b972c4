import type { Statement } from '../../db/db.ts'
import { tryNow } from '../../db/queries/dispatch.ts'
import { webhooksChanged } from '../../db/queries/outbox.ts'
import { noteTaken, secretsOf } from '../../db/queries/webhook-secrets.ts'
import type { Origin, SecretKind, WebhookTable } from '../../db/schema.ts'
import {
  deleteWebhook,
  discardHeld,
  holdOpen,
  insertWebhook,
  mustBeRevision,
  mustHaveRoom,
  sendHeld,
  updateWebhook,
  wakeWebhook,
  type Webhook,
} from '../../db/queries/webhooks.ts'
import type { Owner } from '../lib/actor.ts'
import { msg } from '../lib/message.ts'
import type { WebhookDraft } from './draft.ts'
import type { Engine } from './engine.ts'
import { sayFarewell } from './farewell.ts'
import { MASK } from './redact.ts'
import { newestSigning, secretChanges, type SecretChoice } from './secret-changes.ts'
import { draftColumns, draftOf, newRow } from './webhook-row.ts'

/** Why a webhook that signs waits: nobody could verify what it sends. Its deliveries are held meanwhile. */
export const SECRET_NOT_TAKEN = msg(
  'Nobody has taken its signing secret yet. Show or download it once, then it starts to send.',
).text
/** Why a webhook waits that was imported without what it needs. Saved with it, it sends. */
export const SECRETS_MISSING = msg(
  'It was imported without its password, token or header values. Give them under Edit, then it starts to send.',
).text
/** Why deliveries of a webhook are held that a person switched off. */
export const RETIRED = msg('The webhook is retired.').text

export interface Change {
  readonly statements: readonly Statement[]
  /** The signing secret that this change made, in plain; null when it made none. */
  readonly secret: string | null
}

/** Statements that make a webhook. `room` is the owner's quota, null for none; broken, the commit fails. */
export async function createWebhook(
  engine: Engine,
  draft: WebhookDraft,
  who: { id: string; owner: Owner; by: string; room: number | null; origin?: Origin; integration?: string },
  choice: SecretChoice = {},
): Promise<Change> {
  const now = engine.clock()
  const keeper = { id: who.id, by: who.by, had: [], publicKey: null }
  const secrets = await secretChanges(engine, draft, keeper, choice)
  const row = newRow(draft, { ...who, now, publicKey: secrets.publicKey, ...stateFor(draft, secrets.taken) })
  const room = who.room === null ? [] : [mustHaveRoom(engine.db, who.owner, who.room)]
  return {
    statements: [
      webhooksChanged(engine.db),
      ...room,
      ...insertWebhook(engine.db, row, draft.events),
      ...secrets.statements,
    ],
    secret: secrets.secret,
  }
}

/** Statements that save a draft over a webhook; the commit fails when its revision is not `current.revision` any more. */
export async function saveWebhook(
  engine: Engine,
  current: Webhook,
  draft: WebhookDraft,
  by: string,
  choice: SecretChoice = {},
): Promise<Change> {
  const had = await secretsOf(engine.db, current.id)
  const keeper = { id: current.id, by, had, publicKey: current.public_key }
  const secrets = await secretChanges(engine, draft, keeper, choice)
  const wasOff = current.state === 'retired'
  const sends = current.state === 'active' || current.state === 'failing'
  const next = stateFor(draft, secrets.taken, isMissing(draft, had))
  // Saving a form does not resume what we switched off for a reason of its own; that takes *Activate*.
  const waited = current.state_reason === SECRET_NOT_TAKEN || current.state_reason === SECRETS_MISSING
  const keeps = draft.active && !wasOff && !waited && next.state === 'active'
  const state = keeps ? {} : next
  return {
    statements: [
      webhooksChanged(engine.db),
      mustBeRevision(engine.db, current.id, current.revision),
      ...updateWebhook(
        engine.db,
        current.id,
        { ...draftColumns(draft), public_key: secrets.publicKey, ...state, updated_at: engine.clock() },
        draft.events,
      ),
      tryNow(engine.db, [current.id], engine.clock()),
      ...secrets.statements,
      ...(sends && next.state !== 'active' ? [holdOpen(engine.db, current.id, next.state_reason ?? RETIRED)] : []),
      ...(!keeps && next.state === 'active' ? [sendHeld(engine.db, current.id, engine.clock())] : []),
    ],
    secret: secrets.secret,
  }
}

/** No new deliveries; what waits is held. */
export const retireWebhook = (engine: Engine, id: string): Statement[] => [
  ...updateWebhook(engine.db, id, { state: 'retired', state_reason: null, updated_at: engine.clock() }),
  holdOpen(engine.db, id, RETIRED),
]

/** Takes up work again. `held` says what becomes of the deliveries that were held. */
export async function activateWebhook(
  engine: Engine,
  webhook: Webhook,
  held: 'send' | 'discard',
): Promise<Statement[]> {
  const { db } = engine
  const secrets = await secretsOf(db, webhook.id)
  const taken = (newestSigning(secrets)?.taken_at ?? null) !== null
  const draft = { ...draftOf(webhook), active: true }
  const next = stateFor(draft, taken, isMissing(draft, secrets))
  const untaken = next.state !== 'active'
  const state = untaken ? next : { ...next, consecutive_failures: 0, failing_since: null }
  const now = engine.clock()
  const waiting =
    held === 'discard' ? [discardHeld(db, webhook.id, now)] : untaken ? [] : [sendHeld(db, webhook.id, now)]
  return [...updateWebhook(db, webhook.id, { ...state, updated_at: now }), tryNow(db, [webhook.id], now), ...waiting]
}

/** Notes that a person has the secret now; a webhook that waited only for that starts to send. `webhook`: null before it is saved. */
export function takeSecret(engine: Engine, webhook: Webhook | null, secretId: string): Statement[] {
  const { db } = engine
  const now = engine.clock()
  const taken = noteTaken(db, secretId, now)
  if (webhook?.state !== 'disabled' || webhook.state_reason !== SECRET_NOT_TAKEN) return [taken]
  return [taken, ...wakeWebhook(db, webhook.id), sendHeld(db, webhook.id, now)]
}

/** The builder of a REST hook is told, unless it `knows` because it wants it gone itself. */
export const removeWebhook = (
  engine: Engine,
  webhook: Pick<Webhook, 'id' | 'url' | 'origin'>,
  { knows = false }: { readonly knows?: boolean } = {},
): readonly Statement[] => [
  ...deleteWebhook(engine.db, webhook.id, engine.clock()),
  ...(knows ? [] : sayFarewell(engine, webhook)),
]

/** Whether it lacks a password, a token or the values of headers: none is stored, and the draft brings none. */
export function isMissing(
  { auth, password, token, headers }: WebhookDraft,
  stored: readonly { readonly kind: SecretKind }[],
): boolean {
  const has = (kind: SecretKind) => stored.some((secret) => secret.kind === kind)
  return (
    (auth === 'basic' && password === null && !has('password')) ||
    (auth === 'bearer' && token === null && !has('token')) ||
    headers.some(([, value]) => value === MASK && !has('headers'))
  )
}

/** The state that a draft begins with. `taken`: whether the receiver's side can check its signatures. */
export function stateFor(
  draft: WebhookDraft,
  taken: boolean,
  missing = false,
): Pick<WebhookTable, 'state' | 'state_reason'> {
  if (!draft.active) return { state: 'retired', state_reason: null }
  if (missing) return { state: 'disabled', state_reason: SECRETS_MISSING }
  if (draft.signing !== null && !taken) return { state: 'disabled', state_reason: SECRET_NOT_TAKEN }
  return { state: 'active', state_reason: null }
}
