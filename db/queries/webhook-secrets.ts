import type { InferResult } from 'kysely'
import type { Db, Statement } from '../db.ts'
import type { SecretKind, WebhookSecretTable } from '../schema.ts'

/** Stands in place of a webhook while a form carries the handle of a secret that was made for it. */
export const UNSAVED = 'unsaved'

const secretColumns = (db: Db) => db.q.selectFrom('webhook_secret').selectAll()
export type WebhookSecret = InferResult<ReturnType<typeof secretColumns>>[number]

export const secretsOf = (db: Db, webhookId: string) =>
  secretColumns(db).where('webhook_id', '=', webhookId).orderBy('created_at').execute()

/** Every secret there is, in pages as large as one batch of D1. */
export const secretsAfter = (db: Db, id: string) =>
  secretColumns(db).where('id', '>', id).orderBy('id').limit(40).execute()

export const setSecret = (db: Db, id: string, cipher: string): Statement =>
  db.q.updateTable('webhook_secret').set({ cipher }).where('id', '=', id)

export const insertSecret = (db: Db, row: WebhookSecretTable): Statement =>
  db.q.insertInto('webhook_secret').values(row)

/** A secret that a form made and nobody has saved; only who made it can use its handle. */
export const unsavedSecret = (db: Db, handle: string, by: string): Promise<WebhookSecretTable | undefined> =>
  db.q
    .selectFrom('webhook_secret')
    .selectAll()
    .where('id', '=', handle)
    .where('webhook_id', '=', UNSAVED)
    .where('created_by', '=', by)
    .executeTakeFirst()

/** The form was saved: the secret is its webhook's. */
export const adoptSecret = (db: Db, id: string, webhookId: string): Statement =>
  db.q.updateTable('webhook_secret').set({ webhook_id: webhookId }).where('id', '=', id)

/** A person has it now. The first time is what counts. */
export const noteTaken = (db: Db, id: string, now: number): Statement =>
  db.q.updateTable('webhook_secret').set({ taken_at: now }).where('id', '=', id).where('taken_at', 'is', null)

/** The secrets of these kinds end at `until`, if they do not end before. */
export const endSecrets = (db: Db, webhookId: string, kinds: readonly SecretKind[], until: number): Statement =>
  db.q
    .updateTable('webhook_secret')
    .set({ expires_at: until })
    .where('webhook_id', '=', webhookId)
    .where('kind', 'in', kinds)
    .where((eb) => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', until)]))

export const deleteSecrets = (db: Db, webhookId: string, kinds: readonly SecretKind[]): Statement =>
  db.q.deleteFrom('webhook_secret').where('webhook_id', '=', webhookId).where('kind', 'in', kinds)
