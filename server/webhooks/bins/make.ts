import { binById, insertBin, mustHaveRoomForBin } from '../../../db/queries/bins.ts'
import { setting } from '../../../db/queries/settings.ts'
import { tryCommit, type Statement } from '../../../db/db.ts'
import type { BinTable } from '../../../db/schema.ts'
import { toBase64Url } from '../../lib/base64.ts'
import { fail } from '../../lib/errors.ts'
import { newId } from '../../lib/ids.ts'
import type { Engine } from '../engine.ts'
import type { BinAnswer } from './answer.ts'

/** A bin as somebody wants it. */
export interface BinDraft {
  readonly name: string
  readonly answer: BinAnswer
  /** The webhook whose signature it checks. */
  readonly webhookId: string | null
}

/**
 * Makes a bin, with the audit rows that `audit` gives for its id. `id` comes from a form, so that sending it twice makes one.
 * Throws `conflict` when the owner has as many as it may.
 */
export async function makeBin(
  engine: Pick<Engine, 'db' | 'clock' | 'random'>,
  draft: BinDraft,
  { owner, by, id = newId('bin', engine) }: { owner: string; by: string; id?: string },
  audit: (id: string) => readonly Statement[],
): Promise<Omit<BinTable, 'received'>> {
  const { db } = engine
  const row = {
    id,
    token: toBase64Url(engine.random(16)),
    owner,
    name: draft.name,
    answer: JSON.stringify(draft.answer),
    webhook_id: draft.webhookId,
    created_at: engine.clock(),
    created_by: by,
  }
  const most = Number(await setting(db, 'bins'))
  if (await tryCommit(db, [...audit(row.id), mustHaveRoomForBin(db, owner, most), insertBin(db, row)])) return row
  const before = await binById(db, id)
  if (before?.owner === owner && before.created_by === by) return before
  throw fail('conflict', 'There are {most} bins already, as many as there may be. Delete one first.', { most })
}
