import type { SecretKind } from '../../db/schema.ts'
import { newId } from '../lib/ids.ts'
import type { Engine } from './engine.ts'

/** What the cipher text of a webhook's secret is bound to. */
export const secretContext = (id: string, kind: string) => `webhook_secret:${id}:${kind}`

export const openSecret = (engine: Engine, row: { id: string; kind: string; cipher: string }): Promise<string> =>
  engine.vault.open(row.cipher, secretContext(row.id, row.kind))

/** A row for a secret, sealed. It belongs to nobody (`unsaved`) until a webhook takes it. */
export async function sealSecret(
  engine: Engine,
  secret: { webhookId: string; kind: SecretKind; plain: string; by: string; taken: boolean },
) {
  const id = newId('sec', engine)
  const now = engine.clock()
  return {
    id,
    webhook_id: secret.webhookId,
    kind: secret.kind,
    cipher: await engine.vault.seal(secret.plain, secretContext(id, secret.kind)),
    created_by: secret.by,
    created_at: now,
    expires_at: null,
    taken_at: secret.taken ? now : null,
  }
}

/** What the cipher text of a source is bound to: the token in its address, or the secret of its sender. */
export const sourceContext = (id: string, kind: 'token' | 'secret') => `source:${id}:${kind}`

/** What the cipher text of an authenticator app's secret is bound to. */
export const twoFactorContext = (userId: string) => `two_factor:${userId}`

/** What the cipher text of a link is bound to that waits to be mailed. */
export const letterContext = (id: string) => `mail:${id}:link`

/** What the cipher text of the hidden headers of a request in a bin is bound to. */
export const hiddenContext = (capture: string): string => `capture:${capture}:headers`
