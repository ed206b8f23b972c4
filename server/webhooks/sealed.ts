import { sealedSourcesAfter } from '../../db/queries/sources.ts'
import { secretsAfter } from '../../db/queries/webhooks.ts'
import { resealTwoFactor, twoFactorAfter } from '../../db/queries/two-factor.ts'
import type { SecretKind } from '../../db/schema.ts'
import { newId } from '../lib/ids.ts'
import type { Engine } from './engine.ts'

const context = (id: string, kind: string) => `webhook_secret:${id}:${kind}`

export const openSecret = (engine: Engine, row: { id: string; kind: string; cipher: string }): Promise<string> =>
  engine.vault.open(row.cipher, context(row.id, row.kind))

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
    cipher: await engine.vault.seal(secret.plain, context(id, secret.kind)),
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

/** Opens everything that is stored sealed and seals it anew, after a change of APP_SECRET. Repeating it does no harm. */
export async function sealAgain(engine: Pick<Engine, 'db' | 'vault'>): Promise<void> {
  await sealSecretsAgain(engine)
  await sealSourcesAgain(engine)
  await sealTwoFactorAgain(engine)
}

/** Opens everything that is stored sealed, and answers with how much that is. Throws a VaultError at the first that stays shut. */
export async function openSealed({ db, vault }: Pick<Engine, 'db' | 'vault'>): Promise<number> {
  let opened = 0
  for await (const [cipher, where] of allSealed(db)) {
    await vault.open(cipher, where)
    opened++
  }
  return opened
}

async function* allSealed(db: Engine['db']): AsyncGenerator<readonly [cipher: string, context: string]> {
  const secrets = rowsAfter(
    (id) => secretsAfter(db, id),
    (row) => row.id,
  )
  for await (const { id, kind, cipher } of secrets) yield [cipher, context(id, kind)]
  const sources = rowsAfter(
    (id) => sealedSourcesAfter(db, id),
    (row) => row.id,
  )
  for await (const { id, token, secret } of sources) {
    yield [token, sourceContext(id, 'token')]
    if (secret !== null) yield [secret, sourceContext(id, 'secret')]
  }
  const apps = rowsAfter(
    (id) => twoFactorAfter(db, id),
    (row) => row.user_id,
  )
  for await (const { user_id: id, cipher } of apps) yield [cipher, twoFactorContext(id)]
}

async function* rowsAfter<Row>(
  page: (after: string) => Promise<readonly Row[]>,
  keyOf: (row: Row) => string,
): AsyncGenerator<Row> {
  for (let rows = await page(''); ;) {
    yield* rows
    const last = rows.at(-1)
    if (last === undefined) return
    rows = await page(keyOf(last))
  }
}

async function sealTwoFactorAgain({ db, vault }: Pick<Engine, 'db' | 'vault'>): Promise<void> {
  for (let after = ''; ;) {
    const rows = await twoFactorAfter(db, after)
    const last = rows.at(-1)
    if (!last) return
    const sealed = await Promise.all(
      rows.map(async ({ user_id: id, cipher }) => {
        const plain = await vault.open(cipher, twoFactorContext(id))
        return resealTwoFactor(db, id, await vault.seal(plain, twoFactorContext(id)))
      }),
    )
    await db.commit(sealed)
    after = last.user_id
  }
}

async function sealSourcesAgain({ db, vault }: Pick<Engine, 'db' | 'vault'>): Promise<void> {
  const anew = async (id: string, kind: 'token' | 'secret', cipher: string) =>
    vault.seal(await vault.open(cipher, sourceContext(id, kind)), sourceContext(id, kind))
  for (let after = ''; ;) {
    const rows = await sealedSourcesAfter(db, after)
    const last = rows.at(-1)
    if (!last) return
    const sealed = await Promise.all(
      rows.map(async ({ id, token, secret }) =>
        db.q
          .updateTable('source')
          .set({
            token: await anew(id, 'token', token),
            secret: secret === null ? null : await anew(id, 'secret', secret),
          })
          .where('id', '=', id),
      ),
    )
    await db.commit(sealed)
    after = last.id
  }
}

async function sealSecretsAgain({ db, vault }: Pick<Engine, 'db' | 'vault'>): Promise<void> {
  for (let after = ''; ;) {
    const rows = await secretsAfter(db, after)
    const last = rows.at(-1)
    if (!last) return
    const sealed = await Promise.all(
      rows.map(async ({ id, kind, cipher }) => {
        const plain = await vault.open(cipher, context(id, kind))
        return db.q
          .updateTable('webhook_secret')
          .set({ cipher: await vault.seal(plain, context(id, kind)) })
          .where('id', '=', id)
      }),
    )
    await db.commit(sealed)
    after = last.id
  }
}
