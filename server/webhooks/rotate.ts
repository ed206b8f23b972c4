import type { Statement } from '../../db/db.ts'
import { webhooksChanged } from '../../db/queries/outbox.ts'
import { mustBeRevision, sendHeld, updateWebhook, wakeWebhook, type Webhook } from '../../db/queries/webhooks.ts'
import { endSecrets, insertSecret, secretsOf } from '../../db/queries/webhook-secrets.ts'
import { HOUR } from '../lib/clock.ts'
import { fail } from '../lib/errors.ts'
import type { Engine } from './engine.ts'
import { SECRET_NOT_TAKEN } from './lifecycle.ts'
import { sealSecret } from './sealed.ts'
import { agingSigning, makeSigning, signingKinds } from './secret-changes.ts'
import { signingOf } from './sign.ts'

/** For how many hours the old secret may sign beside the new one. */
export const overlaps = [0, 1, 24, 168] as const
type Overlap = (typeof overlaps)[number]
export const usualOverlap: Overlap = 24

/** Each live secret is one more signature in the header. */
const MOST_AGING = 4

export interface Rotation {
  readonly statements: readonly Statement[]
  /** The new shared secret, for the one who asked; null where there is a public key instead. */
  readonly secret: string | null
  readonly publicKey: string | null
  /** When the old ones stop signing. */
  readonly oldUntil: number
}

/**
 * A new signing secret, which counts as taken: its maker gets it with the answer. Those before sign beside it until the
 * overlap ends. The commit fails when somebody else changed the webhook since. Throws `conflict` where nothing is signed,
 * or too many old secrets still sign.
 */
export async function rotateSecret(engine: Engine, webhook: Webhook, by: string, overlap: Overlap): Promise<Rotation> {
  const { db } = engine
  if (webhook.signing === null) throw fail('conflict', 'This webhook does not sign, so it has no secret to rotate.')
  const now = engine.clock()
  const oldUntil = now + overlap * HOUR
  const aging = agingSigning(await secretsOf(db, webhook.id), now)
  if (overlap > 0 && aging.length >= MOST_AGING) {
    throw fail(
      'conflict',
      'Too many old secrets of this webhook still sign. Wait until one of them ends, or rotate without an overlap.',
    )
  }
  const { scheme } = signingOf(webhook.signing)
  const made = await makeSigning(engine, scheme)
  const sealed = await sealSecret(engine, { webhookId: webhook.id, kind: scheme, plain: made.secret, by, taken: true })
  const waited = webhook.state === 'disabled' && webhook.state_reason === SECRET_NOT_TAKEN
  return {
    statements: [
      webhooksChanged(db),
      mustBeRevision(db, webhook.id, webhook.revision),
      endSecrets(db, webhook.id, signingKinds, oldUntil),
      insertSecret(db, sealed),
      ...updateWebhook(db, webhook.id, { public_key: made.publicKey, updated_at: now }),
      ...(waited ? [...wakeWebhook(db, webhook.id), sendHeld(db, webhook.id, now)] : []),
    ],
    secret: made.publicKey === null ? made.secret : null,
    publicKey: made.publicKey,
    oldUntil,
  }
}
