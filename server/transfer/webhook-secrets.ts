import type { WebhookSecret } from '../../db/queries/webhook-secrets.ts'
import type { SecretKind, WebhookSecretTable } from '../../db/schema.ts'
import type { WebhookDraft } from '../webhooks/draft.ts'
import { MASK } from '../webhooks/redact.ts'
import { sealSecret } from '../webhooks/sealed.ts'
import { makeSigning, newestSigning } from '../webhooks/secret-changes.ts'
import { publicKeyOf } from '../webhooks/sign.ts'
import type { Planning } from './step.ts'
import type { Plain } from './webhook-entry.ts'

interface Held {
  readonly id: string
  readonly had: readonly WebhookSecret[]
  readonly publicKey: string | null
  /** What the file holds, and what is stored. */
  readonly plain: Plain | undefined
  readonly stored: Plain
}

/** What becomes of a webhook's secrets: rows that come, ids of those that go. */
interface PlannedSecrets {
  readonly rows: readonly WebhookSecretTable[]
  readonly gone: readonly string[]
  readonly changed: readonly (keyof Plain)[]
  readonly publicKey: string | null
  /** Whether the receiver's side has all it takes to check. */
  readonly taken: boolean
  /** Whether its receiver has to be told another public key. */
  readonly isNewPair: boolean
}

/** The file's secrets where it holds some, else what is stored; a signing secret that is nowhere is made. */
export async function planWebhookSecrets(
  { deps, by }: Planning,
  draft: WebhookDraft,
  { id, had, publicKey, plain, stored }: Held,
): Promise<PlannedSecrets> {
  const rows: WebhookSecretTable[] = []
  const gone: string[] = []
  const changed: (keyof Plain)[] = []
  const drop = (...kinds: readonly SecretKind[]) =>
    gone.push(...had.filter(({ kind }) => kinds.includes(kind)).map((row) => row.id))
  const keep = async (kind: SecretKind, text: string, taken: boolean) =>
    rows.push(await sealSecret(deps, { webhookId: id, kind, plain: text, by: by.id, taken }))

  const ownHeaders = draft.headers.filter(([, value]) => value !== MASK)
  const credentials = [
    ['password', draft.auth === 'basic', plain?.password, stored.password],
    ['token', draft.auth === 'bearer', plain?.token, stored.token],
    [
      'headers',
      draft.headers.length > 0,
      ownHeaders.length > 0 ? JSON.stringify(ownHeaders) : undefined,
      stored.headers && JSON.stringify(Object.entries(stored.headers)),
    ],
  ] as const
  for (const [kind, isWanted, given, before] of credentials) {
    if (!isWanted) drop(kind)
    else if (given !== undefined && given !== before) {
      drop(kind)
      await keep(kind, given, true)
      changed.push(kind)
    }
  }

  const { signing } = draft
  const unsigned = { publicKey: null, taken: true, isNewPair: false }
  if (signing === null) {
    drop('v1', 'v1a')
    return { rows, gone, changed, ...unsigned }
  }
  const { scheme } = signing
  const newest = newestSigning(had)
  const given = scheme === 'v1' ? (draft.secret ?? undefined) : plain?.signing
  if (newest?.kind === scheme && (given === undefined || given === stored.signing)) {
    return { rows, gone, changed, publicKey, taken: newest.taken_at !== null, isNewPair: false }
  }
  const isPair = scheme === 'v1a'
  const made = given === undefined ? await makeSigning(deps, scheme) : null
  const secret = given ?? made?.secret ?? ''
  const taken = isPair || given !== undefined
  drop('v1', 'v1a')
  await keep(scheme, secret, taken)
  changed.push('signing')
  return {
    rows,
    gone,
    changed,
    publicKey: isPair ? await publicKeyOf(secret) : null,
    taken,
    isNewPair: isPair && given === undefined,
  }
}
