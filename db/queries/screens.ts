import type { Db, Statement } from '../db.ts'
import type { UserScreenTable } from '../schema.ts'

/** How somebody wants a list; undefined while nothing was chosen. */
export const screenChoice = (db: Db, userId: string, screen: string): Promise<UserScreenTable | undefined> =>
  db.q
    .selectFrom('user_screen')
    .selectAll()
    .where('user_id', '=', userId)
    .where('screen', '=', screen)
    .executeTakeFirst()

export const setScreen = (db: Db, row: UserScreenTable): Statement =>
  db.q
    .insertInto('user_screen')
    .values(row)
    .onConflict((on) => on.columns(['user_id', 'screen']).doUpdateSet({ hidden: row.hidden, rows: row.rows }))

export const deleteScreens = (db: Db, userId: string): Statement =>
  db.q.deleteFrom('user_screen').where('user_id', '=', userId)
