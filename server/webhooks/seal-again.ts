import type { Db, Statement } from '../../db/db.ts'
import { hiddenAfter, setHidden } from '../../db/queries/bins.ts'
import { deleteMail, lettersAfter, setAbout } from '../../db/queries/mail.ts'
import { forgetAllImportFiles } from '../../db/queries/set-up.ts'
import { sealedSourcesAfter, setSourceSecrets } from '../../db/queries/sources.ts'
import { resealTwoFactor, twoFactorAfter } from '../../db/queries/two-factor.ts'
import { secretsAfter, setSecret } from '../../db/queries/webhook-secrets.ts'
import type { Engine } from './engine.ts'
import { hiddenContext, letterContext, secretContext, sourceContext, twoFactorContext } from './sealed.ts'
import { VaultError } from './secrets.ts'

type Deps = Pick<Engine, 'db' | 'vault'>

/** A row with cipher texts in it. */
interface Sealed {
  /** Each with what it is bound to. */
  readonly ciphers: readonly (readonly [cipher: string, context: string])[]
  /** Puts others in their place, in the same order. */
  write(next: readonly string[]): Statement
  /** Of what goes by itself in a few days: what is done where none of our secrets opens it. All else has to open. */
  readonly lost?: Statement
}

/** The rows of a table in pages, each as large as one batch of D1 takes. */
type Place = (db: Db) => AsyncGenerator<readonly Sealed[]>

const place = <Row>(
  page: (db: Db, after: string) => Promise<readonly Row[]>,
  keyOf: (row: Row) => string,
  sealed: (db: Db, row: Row) => Sealed,
): Place =>
  async function* (db) {
    for (let after = ''; ;) {
      const rows = await page(db, after)
      const last = rows.at(-1)
      if (last === undefined) return
      yield rows.map((row) => sealed(db, row))
      after = keyOf(last)
    }
  }

/** Wherever something is stored sealed, save for the settings of plugins, which are theirs. */
const places: readonly Place[] = [
  place(
    secretsAfter,
    ({ id }) => id,
    (db, { id, kind, cipher }) => ({
      ciphers: [[cipher, secretContext(id, kind)]],
      write: ([next = '']) => setSecret(db, id, next),
    }),
  ),
  place(
    sealedSourcesAfter,
    ({ id }) => id,
    (db, { id, token, secret }) => ({
      ciphers: [
        [token, sourceContext(id, 'token')],
        ...(secret === null ? [] : [[secret, sourceContext(id, 'secret')] as const]),
      ],
      write: ([next = '', nextSecret = null]) => setSourceSecrets(db, id, next, nextSecret),
    }),
  ),
  place(
    twoFactorAfter,
    ({ user_id: id }) => id,
    (db, { user_id: id, cipher }) => ({
      ciphers: [[cipher, twoFactorContext(id)]],
      write: ([next = '']) => resealTwoFactor(db, id, next),
    }),
  ),
  place(
    hiddenAfter,
    ({ id }) => id,
    (db, { id, hidden }) => ({
      ciphers: [[hidden, hiddenContext(id)]],
      write: ([next = '']) => setHidden(db, id, next),
      lost: setHidden(db, id, null),
    }),
  ),
  place(
    lettersAfter,
    ({ id }) => id,
    (db, { id, user_id: user, about }) => {
      const letter = JSON.parse(about) as { readonly sealed: string }
      return {
        ciphers: [[letter.sealed, letterContext(id)]],
        write: ([sealed]) => setAbout(db, id, JSON.stringify({ ...letter, sealed })),
        lost: deleteMail(db, [{ id, user }]),
      }
    },
  ),
]

/** Opens everything that is stored sealed and seals it anew, after a change of APP_SECRET. Repeating it does no harm. */
export async function sealAgain(deps: Deps): Promise<void> {
  for (const each of places) {
    for await (const rows of each(deps.db)) {
      await deps.db.commit(await Promise.all(rows.map((row) => again(deps, row))))
    }
  }
  // They wait for an hour at most, for who can bring them again.
  await deps.db.commit([forgetAllImportFiles(deps.db)])
}

async function again({ vault }: Deps, { ciphers, write, lost }: Sealed): Promise<Statement> {
  try {
    const anew = ciphers.map(async ([cipher, context]) => vault.seal(await vault.open(cipher, context), context))
    return write(await Promise.all(anew))
  } catch (error) {
    if (lost && error instanceof VaultError) return lost
    throw error
  }
}

/** Opens all that has to open, and answers with how much that is. Throws a VaultError at the first that stays shut. */
export async function openSealed({ db, vault }: Deps): Promise<number> {
  let opened = 0
  for (const each of places) {
    for await (const rows of each(db)) {
      for (const [cipher, context] of rows.filter(({ lost }) => !lost).flatMap(({ ciphers }) => ciphers)) {
        await vault.open(cipher, context)
        opened++
      }
    }
  }
  return opened
}
