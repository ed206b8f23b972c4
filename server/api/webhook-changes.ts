import { isConstraint, type Statement } from '../../db/db.ts'
import type { Webhook } from '../../db/queries/webhooks.ts'
import { auditEntry } from '../access/audit.ts'
import type { Deps } from '../deps.ts'
import type { Actor, Owner } from '../lib/actor.ts'
import { fail, invalid } from '../lib/errors.ts'
import { newId } from '../lib/ids.ts'
import type { JsonObject } from '../lib/json.ts'
import { auditedDraft, auditedWebhook } from '../webhooks/audited.ts'
import { readDraft, type WebhookDraft } from '../webhooks/draft.ts'
import { createWebhook, removeWebhook, saveWebhook } from '../webhooks/lifecycle.ts'
import { quotaReached, roomFor } from '../webhooks/quota.ts'
import { draftRules } from './draft-rules.ts'

/** What an input makes of a webhook. Throws `invalid`, with every field that is wrong. */
export async function checkedDraft(
  deps: Deps,
  owner: Owner,
  input: JsonObject,
  stored: Webhook | null,
): Promise<WebhookDraft> {
  const read = readDraft(input, await draftRules(deps, owner, stored, input))
  if (!read.ok) throw invalid(read.errors)
  return read.draft
}

/** Makes a webhook of the actor's own, with its audit row. `secret` is to be handed out: it is never shown again. */
export async function addWebhook(
  deps: Deps,
  actor: Actor,
  draft: WebhookDraft,
  more: { readonly integration?: string } = {},
): Promise<{ id: string; secret: string | null }> {
  const { id: by, owner } = actor
  const id = newId('whk', deps)
  const room = await roomFor(deps.db, owner)
  const made = await createWebhook(deps, draft, { id, owner, by, room, origin: 'api', ...more }, { handedOut: true })
  const entry = { action: 'webhook.created', target: id, owner, after: auditedDraft(draft) }
  await deps.db.commit([...made.statements, ...auditEntry(deps, actor, entry)]).catch((error: unknown) => {
    if (room !== null && isConstraint(error)) throw quotaReached(owner, room)
    throw error
  })
  return { id, secret: made.secret }
}

/** Saves a draft over a webhook, with its audit row and what else is to be written. Throws `revision_conflict` when somebody else was faster. */
export async function changeWebhook(
  deps: Deps,
  actor: Actor,
  current: Webhook,
  draft: WebhookDraft,
  also: readonly Statement[] = [],
): Promise<string | null> {
  const saved = await saveWebhook(deps, current, draft, actor.id, { handedOut: true })
  const entry = {
    action: 'webhook.updated',
    target: current.id,
    owner: current.owner,
    before: auditedWebhook(current),
    after: auditedDraft(draft),
  }
  await deps.db.commit([...saved.statements, ...also, ...auditEntry(deps, actor, entry)]).catch(changedMeanwhile)
  deps.wake()
  return saved.secret
}

/** Deletes a webhook for good, with its audit row. */
export async function dropWebhook(deps: Deps, actor: Actor, current: Webhook): Promise<void> {
  const entry = {
    action: 'webhook.deleted',
    target: current.id,
    owner: current.owner,
    before: auditedWebhook(current),
  }
  await deps.db.commit([...removeWebhook(deps, current), ...auditEntry(deps, actor, entry)])
}

/** A rule of the commit did not hold: the revision is another one by now. */
export function changedMeanwhile(error: unknown): never {
  if (!isConstraint(error)) throw error
  throw fail(
    'revision_conflict',
    'Somebody else changed this webhook at the same moment. Read it again and repeat your change.',
  )
}
