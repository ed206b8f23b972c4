import { forgetImportFiles, importFile } from '../../db/queries/set-up.ts'
import { insertRows } from '../../db/rows.ts'
import type { Actor } from '../lib/actor.ts'
import { newId } from '../lib/ids.ts'
import type { Engine } from '../webhooks/engine.ts'
import { IMPORT_FILE_LIFETIME } from '../webhooks/retention.ts'
import type { Wanted } from './import.ts'

/** Sealed and in UTF-8, a piece still fits into one value of D1. */
const PIECE = 300_000

const context = (id: string, n: number) => `import_file:${id}:${n}`

/** Keeps what somebody uploaded for an hour, so that they can look before they say yes. Secrets are in it: it is sealed. */
export async function keepFile(deps: Engine, by: Pick<Actor, 'id'>, wanted: Wanted): Promise<string> {
  const { db, vault, clock } = deps
  const id = newId('imp', deps)
  const text = JSON.stringify(wanted)
  const pieces = Array.from({ length: Math.ceil(text.length / PIECE) }, (_, n) =>
    text.slice(n * PIECE, (n + 1) * PIECE),
  )
  const rows = await Promise.all(
    pieces.map(async (piece, n) => ({
      id,
      n,
      user_id: by.id,
      // As JSON, because a cut may go through a surrogate pair.
      cipher: await vault.seal(JSON.stringify(piece), context(id, n)),
      created_at: clock(),
    })),
  )
  await db.commit([forgetImportFiles(db, by.id), ...insertRows(db, 'import_file', rows)])
  return id
}

/** What this person uploaded under this id; null where it is too old, imported, or somebody else's. */
export async function keptFile(deps: Engine, by: Pick<Actor, 'id'>, id: string): Promise<Wanted | null> {
  const pieces = await importFile(deps.db, id, by.id, deps.clock() - IMPORT_FILE_LIFETIME)
  if (pieces.length === 0) return null
  const opened = await Promise.all(pieces.map((cipher, n) => deps.vault.open(cipher, context(id, n))))
  return JSON.parse(opened.map((piece) => JSON.parse(piece) as string).join('')) as Wanted
}

export const dropFile = async ({ db }: Engine, by: Pick<Actor, 'id'>): Promise<void> =>
  void (await db.commit([forgetImportFiles(db, by.id)]))
