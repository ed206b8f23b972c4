import { deleteBin, deleteCaptures, updateBin } from '../../db/queries/bins.ts'
import { webhookById } from '../../db/queries/webhooks.ts'
import type { BinTable } from '../../db/schema.ts'
import { auditEntry } from '../access/audit.ts'
import { wrongName } from '../access/person.ts'
import type { Deps } from '../deps.ts'
import type { Actor, Owner } from '../lib/actor.ts'
import type { FieldError } from '../lib/errors.ts'
import type { JsonObject } from '../lib/json.ts'
import { msg } from '../lib/message.ts'
import { wrongFigure, type BinAnswer } from '../webhooks/bins/answer.ts'
import { makeBin, type BinDraft } from '../webhooks/bins/make.ts'

/** What the pages and the API do to a bin, each with its row of the audit log in the same commit. */

export const draftOf = (bin: BinTable): BinDraft => ({
  name: bin.name,
  answer: JSON.parse(bin.answer) as BinAnswer,
  webhookId: bin.webhook_id,
})

/** What is wrong with a bin as somebody wants it. It checks the signature of a webhook of its own owner. */
export async function wrongBin(
  deps: Deps,
  { name, answer, webhookId }: BinDraft,
  owner: Owner,
): Promise<readonly FieldError[]> {
  const errors: FieldError[] = []
  const wrong = wrongName(name)
  if (wrong) errors.push({ path: 'name', message: wrong })
  const figure = wrongFigure(answer)
  if (figure) errors.push({ path: 'answer.figure', message: figure })
  if (webhookId !== null && (await webhookById(deps.db, webhookId))?.owner !== owner) {
    errors.push({ path: 'webhook', message: msg('This webhook no longer exists.') })
  }
  return errors
}

/** Makes a bin, of this id if one is given. Throws `conflict` where its owner has as many as it may. */
export const addBin = (deps: Deps, actor: Actor, draft: BinDraft, owner: Owner, id?: string) =>
  makeBin(deps, draft, { owner, by: actor.id, ...(id !== undefined && { id }) }, (made) =>
    auditEntry(deps, actor, { action: 'bin.created', target: made, owner, after: { name: draft.name } }),
  )

export async function changeBin(deps: Deps, actor: Actor, bin: BinTable, draft: BinDraft): Promise<BinTable> {
  const audit = auditEntry(deps, actor, {
    action: 'bin.updated',
    target: bin.id,
    owner: bin.owner,
    before: audited(draftOf(bin)),
    after: audited(draft),
  })
  const row = { name: draft.name, answer: JSON.stringify(draft.answer), webhook_id: draft.webhookId }
  await deps.db.commit([...audit, updateBin(deps.db, bin.id, row)])
  return { ...bin, ...row }
}

/** With all that it caught. */
export async function removeBin(deps: Deps, actor: Actor, { id, owner, name }: BinTable): Promise<void> {
  const audit = auditEntry(deps, actor, { action: 'bin.deleted', target: id, owner, before: { name } })
  await deps.db.commit([...audit, deleteCaptures(deps.db, id), deleteBin(deps.db, id)])
}

export async function clearBin(deps: Deps, actor: Actor, { id, owner }: BinTable): Promise<void> {
  const audit = auditEntry(deps, actor, { action: 'bin.cleared', target: id, owner })
  await deps.db.commit([...audit, deleteCaptures(deps.db, id)])
}

const audited = ({ name, answer, webhookId }: BinDraft): JsonObject => ({
  name,
  answer: { ...answer },
  webhook: webhookId,
})
