import type { Db } from '../db.ts'

/** A counter, whose lock puts the commits that raise it in a row: what it says tells which of them came first. */
export type Counter = 'event' | 'audit' | 'webhooks' | 'plugins'

export const raiseCounter = (db: Db, name: Counter, by = 1) =>
  db.q
    .updateTable('counter')
    .set((eb) => ({ value: eb('value', '+', by) }))
    .where('name', '=', name)

/** The number that was given out last; 0 before the first. */
export async function counterNow(db: Db, name: Counter): Promise<number> {
  const row = await db.q.selectFrom('counter').select('value').where('name', '=', name).executeTakeFirst()
  return Number(row?.value ?? 0)
}
