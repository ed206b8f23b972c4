import { unsavedSecret, secretsOf, type WebhookSecret } from '../../../db/queries/webhook-secrets.ts'
import type { Webhook } from '../../../db/queries/webhooks.ts'
import { auditEntry } from '../../access/audit.ts'
import type { Deps } from '../../deps.ts'
import { can } from '../../lib/actor.ts'
import { isoTime } from '../../lib/clock.ts'
import { msg } from '../../lib/message.ts'
import type { C } from '../../web/env.ts'
import { takeSecret } from '../../webhooks/lifecycle.ts'
import { openSecret } from '../../webhooks/sealed.ts'
import { agingSigning, generateSecret, newestSigning } from '../../webhooks/secret-changes.ts'
import { publicKeyOf, signedHeaders, TOLERANCE_SECONDS } from '../../webhooks/sign.ts'
import type { FormState, Target } from './form-page.ts'
import type { WebhookForm } from './form.ts'

/** A new secret for the form, of its scheme. It stays on the server; the form gets its handle. */
export async function generate(c: C, deps: Deps, form: WebhookForm): Promise<[WebhookForm, FormState]> {
  const { t } = c.var
  const scheme = form.scheme === 'v1a' ? 'v1a' : 'v1'
  const { handle, statements } = await generateSecret(deps, c.var.actor.id, scheme)
  await deps.db.commit(statements)
  const title = t('Signature generated.')
  const text =
    scheme === 'v1a'
      ? t('Give its public key to the receiver. It is used as soon as the webhook is saved.')
      : t('Show or download it now, and give it to the receiver. It is used as soon as the webhook is saved.')
  const auth = form.auth === 'basic' || form.auth === 'bearer' ? form.auth : 'signature'
  return [{ ...form, auth, signs: true, scheme, handle }, { notices: [{ tone: 'good', title, text }] }]
}

/** The secret that the form is about: the one that it generated, else the stored one. */
export async function secretAt(
  c: C,
  deps: Deps,
  webhook: Webhook | null,
  handle: string,
): Promise<{ secret: WebhookSecret; isStored: boolean } | null> {
  const fresh = handle === '' ? undefined : await unsavedSecret(deps.db, handle, c.var.actor.id)
  if (fresh) return { secret: fresh, isStored: false }
  const stored = webhook ? await secretsOf(deps.db, webhook.id) : []
  const secret = newestSigning(stored)
  return secret ? { secret, isStored: true } : null
}

/** What the page says about that secret. Never the secret itself; of a pair of keys the public one. */
export async function secretState(c: C, deps: Deps, webhook: Webhook | null, handle: string) {
  const [found, stored] = await Promise.all([
    secretAt(c, deps, webhook, handle),
    webhook ? secretsOf(deps.db, webhook.id) : [],
  ])
  const isFresh = found?.isStored === false
  const isPair = found?.secret.kind === 'v1a'
  return {
    handle: isFresh ? found.secret.id : '',
    isFresh,
    isStored: found?.isStored === true,
    exists: found !== null,
    isTaken: (found?.secret.taken_at ?? null) !== null,
    madeAt: found?.secret.created_at ?? 0,
    publicKey: isPair ? await publicKeyOf(await openSecret(deps, found.secret)) : null,
    /** When the last of the old ones stops signing; 0 when none does. */
    oldUntil: Math.max(0, ...agingSigning(stored, deps.clock()).map(({ expires_at: end }) => end ?? 0)),
    mayShow: webhook === null || can(c.var.actor, 'webhooks:secrets', webhook.owner),
  }
}

/** Opens a secret for a person, and notes that it was taken; of a stored one that is shared the audit log says so. */
export async function take(
  c: C,
  deps: Deps,
  webhook: Webhook | null,
  secret: WebhookSecret,
  action: 'webhook.secret_shown' | 'webhook.secret_downloaded',
): Promise<string> {
  const plain = await openSecret(deps, secret)
  const audit =
    webhook && secret.kind === 'v1'
      ? auditEntry(deps, c.var.actor, {
          action,
          target: webhook.id,
          owner: webhook.owner,
          after: { secret: secret.id },
        })
      : []
  await deps.db.commit([...takeSecret(deps, webhook, secret.id), ...audit])
  if (webhook) deps.wake()
  return plain
}

/** *Show*, for the page with the form. */
export async function reveal(c: C, deps: Deps, webhook: Webhook | null, form: WebhookForm): Promise<FormState> {
  const found = await secretAt(c, deps, webhook, form.handle)
  if (!found) return noSecret(c)
  if (found.secret.kind === 'v1a') return {} // the page shows its public key anyway
  return { secret: await take(c, deps, found.isStored ? webhook : null, found.secret, 'webhook.secret_shown') }
}

/** *Download signature (JSON)*: the file of the contract; null without a secret. */
export async function signatureFile(c: C, deps: Deps, target: Target, form: WebhookForm): Promise<Response | null> {
  const found = await secretAt(c, deps, target.webhook, form.handle)
  if (!found) return null
  const { secret, isStored } = found
  const plain = await take(c, deps, isStored ? target.webhook : null, secret, 'webhook.secret_downloaded')
  const scheme =
    secret.kind === 'v1a'
      ? { algorithm: 'Ed25519', scheme: 'standard-webhooks/v1a', publicKey: await publicKeyOf(plain) }
      : { algorithm: 'HMAC-SHA256', scheme: 'standard-webhooks/v1', secret: plain }
  const file = {
    version: 1,
    webhookId: target.id,
    name: form.name,
    url: form.url,
    ...scheme,
    headers: signedHeaders,
    signedContent: '{id}.{timestamp}.{body}',
    encoding: 'base64',
    toleranceSeconds: TOLERANCE_SECONDS,
    createdAt: isoTime(secret.created_at),
  }
  return new Response(`${JSON.stringify(file, null, 2)}\n`, {
    headers: {
      'content-type': 'application/json',
      'cache-control': 'no-store',
      'content-disposition': `attachment; filename="signature-${target.id}.json"`,
    },
  })
}

/** For the page, where there is nothing to show or to download. */
export const noSecret = (c: C): FormState => ({
  failure: c.var.t('There is no signature yet.'),
  errors: [{ path: 'secret', message: msg('Generate a signature first.') }],
})
