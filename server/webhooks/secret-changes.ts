import type { Statement } from '../../db/db.ts'
import {
  adoptSecret,
  deleteSecrets,
  insertSecret,
  UNSAVED,
  unsavedSecret,
  type WebhookSecret,
} from '../../db/queries/webhook-secrets.ts'
import type { SecretKind } from '../../db/schema.ts'
import type { WebhookDraft } from './draft.ts'
import type { Engine } from './engine.ts'
import { openSecret, sealSecret } from './sealed.ts'
import { newKeyPair, newSecret, publicKeyOf, type Scheme } from './sign.ts'

/** How a signing secret comes to a webhook. `handle`: one that a form generated before, by the id of its row. */
export interface SecretChoice {
  readonly handle?: string | null
  /** Whether the secret leaves the server with this answer (the API gives it), so that it counts as taken. */
  readonly handedOut?: boolean
}

/** What saving a draft does to the secrets of its webhook. */
interface SecretChanges {
  readonly statements: readonly Statement[]
  /** The shared secret that this made, in plain; null when it made none. */
  readonly secret: string | null
  /** The public key that receivers check with from now on; null without one. */
  readonly publicKey: string | null
  /** Whether the receiver's side has all it takes to check. */
  readonly taken: boolean
}

interface Keeper {
  readonly id: string
  readonly by: string
  readonly had: readonly WebhookSecret[]
  /** Of the newest pair that is stored. */
  readonly publicKey: string | null
}

/** The kinds of secrets that sign. */
export const signingKinds: readonly SecretKind[] = ['v1', 'v1a'] satisfies Scheme[]

/** The secret that a webhook signs with by now: rotated ones have an end. */
export const newestSigning = (secrets: readonly WebhookSecret[]): WebhookSecret | undefined =>
  secrets.find(({ kind, expires_at: end }) => signingKinds.includes(kind) && end === null)

/** Signing secrets that were rotated and still sign beside the newest. */
export const agingSigning = (secrets: readonly WebhookSecret[], now: number): WebhookSecret[] =>
  secrets.filter(({ kind, expires_at: end }) => signingKinds.includes(kind) && end !== null && end > now)

export async function secretChanges(
  engine: Engine,
  draft: WebhookDraft,
  keeper: Keeper,
  choice: SecretChoice,
): Promise<SecretChanges> {
  const signing = await signingChanges(engine, draft, keeper, choice)
  return { ...signing, statements: [...(await credentialChanges(engine, draft, keeper)), ...signing.statements] }
}

/** Password, token and headers: what the draft has no use for goes, what it brings replaces what was there. */
async function credentialChanges(engine: Engine, draft: WebhookDraft, keeper: Keeper): Promise<Statement[]> {
  const { auth, password, token, headers } = draft
  const wanted = [
    ['password', auth === 'basic', password],
    ['token', auth === 'bearer', token],
    ['headers', headers.length > 0, JSON.stringify(headers)],
  ] as const
  const statements: Statement[] = []
  for (const [kind, keeps, plain] of wanted) {
    if (!keeps || plain !== null) statements.push(...drop(engine, keeper, [kind]))
    if (keeps && plain !== null) statements.push(await insert(engine, keeper, kind, plain, true))
  }
  return statements
}

async function signingChanges(
  engine: Engine,
  { signing, secret }: WebhookDraft,
  keeper: Keeper,
  { handle, handedOut }: SecretChoice,
): Promise<SecretChanges> {
  const drops = drop(engine, keeper, signingKinds)
  if (signing === null) return { statements: drops, secret: null, publicKey: null, taken: true }

  const generated = handle ? await unsavedSecret(engine.db, handle, keeper.by) : undefined
  if (generated?.kind === signing.scheme) {
    const adopt = adoptSecret(engine.db, generated.id, keeper.id)
    const publicKey = signing.scheme === 'v1a' ? await publicKeyOf(await openSecret(engine, generated)) : null
    return { statements: [...drops, adopt], secret: null, publicKey, taken: generated.taken_at !== null }
  }

  const kept = newestSigning(keeper.had)
  if (kept?.kind === signing.scheme && secret === null) {
    return { statements: [], secret: null, publicKey: keeper.publicKey, taken: kept.taken_at !== null }
  }

  const made = await makeSigning(engine, signing.scheme, secret)
  const taken = made.publicKey !== null || handedOut === true || secret !== null
  return {
    statements: [...drops, await insert(engine, keeper, signing.scheme, made.secret, taken)],
    secret: made.publicKey === null ? made.secret : null,
    publicKey: made.publicKey,
    taken,
  }
}

/** A signing secret, new or the one that somebody brings along. Of a pair only the public key is for others. */
export const makeSigning = async (
  engine: Engine,
  scheme: Scheme,
  own: string | null = null,
): Promise<{ readonly secret: string; readonly publicKey: string | null }> =>
  scheme === 'v1a' ? newKeyPair(engine.random) : { secret: own ?? newSecret(engine.random), publicKey: null }

/** Makes a secret for a form: stored, so that the page only carries its handle. Retention takes those that nobody saved. */
export async function generateSecret(
  engine: Engine,
  by: string,
  scheme: Scheme,
): Promise<{ handle: string; statements: Statement[] }> {
  const { secret, publicKey } = await makeSigning(engine, scheme)
  const row = await sealSecret(engine, {
    webhookId: UNSAVED,
    kind: scheme,
    plain: secret,
    by,
    taken: publicKey !== null,
  })
  return { handle: row.id, statements: [insertSecret(engine.db, row)] }
}

const drop = ({ db }: Engine, { id, had }: Keeper, kinds: readonly SecretKind[]): Statement[] =>
  had.some(({ kind }) => kinds.includes(kind)) ? [deleteSecrets(db, id, kinds)] : []

const insert = async (
  engine: Engine,
  { id, by }: Keeper,
  kind: SecretKind,
  plain: string,
  taken: boolean,
): Promise<Statement> => insertSecret(engine.db, await sealSecret(engine, { webhookId: id, kind, plain, by, taken }))
