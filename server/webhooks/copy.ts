import type { Db } from '../../db/db.ts'
import { setSetting, setting } from '../../db/queries/settings.ts'

/**
 * That a database is a copy of another one, which may have sent since what still waits here. `restored`: from a backup that
 * was made at `since`. `copied`: found at `since` in another place than where it ran. Both hold all sending until somebody
 * switches it on. `moved`: the same, but it was stopped properly just before, as for a move; it goes on sending.
 */
export interface Copy {
  readonly kind: 'restored' | 'copied' | 'moved'
  /** Milliseconds UTC. */
  readonly since: number
  /** What others called it before, where that changed. */
  readonly url?: string
}

/** The mark, until somebody has switched sending on. */
export async function copyOf(db: Db): Promise<Copy | null> {
  const text = await setting(db, 'copy')
  return text === '' ? null : (JSON.parse(text) as Copy)
}

export const markCopy = (db: Db, copy: Copy) => setSetting(db, 'copy', JSON.stringify(copy))
