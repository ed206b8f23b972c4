import type { Db } from '../db.ts'

/** The row that better-auth checks a password against: provider `credential`, one per person. Over the one that stands. */
export const setPassword = (db: Db, row: { userId: string; hash: string; at: string }) =>
  db.q
    .insertInto('account')
    .values({
      id: row.userId,
      accountId: row.userId,
      providerId: 'credential',
      userId: row.userId,
      accessToken: null,
      refreshToken: null,
      idToken: null,
      accessTokenExpiresAt: null,
      refreshTokenExpiresAt: null,
      scope: null,
      password: row.hash,
      createdAt: row.at,
      updatedAt: row.at,
    })
    .onConflict((on) => on.column('id').doUpdateSet({ password: row.hash, updatedAt: row.at }))

export async function passwordHash(db: Db, userId: string): Promise<string | null> {
  const row = await db.q
    .selectFrom('account')
    .select('password')
    .where('userId', '=', userId)
    .where('providerId', '=', 'credential')
    .executeTakeFirst()
  return row?.password ?? null
}

export const deletePasswords = (db: Db, userId: string) => db.q.deleteFrom('account').where('userId', '=', userId)
export const endSessions = (db: Db, userId: string) => db.q.deleteFrom('session').where('userId', '=', userId)

/** The sessions of a person that are open, the newest first. */
export const sessionsOf = (db: Db, userId: string, now: string) =>
  db.q
    .selectFrom('session')
    .select(['id', 'createdAt', 'ipAddress', 'userAgent'])
    .where('userId', '=', userId)
    .where('expiresAt', '>', now)
    .where('awaitsCode', '=', 0)
    .orderBy('createdAt', 'desc')
    .limit(50)
    .execute()

/** The code came: the session is good for all there is. Changes nothing when it ended meanwhile. */
export const unlockSession = (db: Db, token: string) =>
  db.q.updateTable('session').set({ awaitsCode: 0 }).where('token', '=', token)

/** Ends one session of a person. */
export const endSession = (db: Db, userId: string, id: string) =>
  db.q.deleteFrom('session').where('userId', '=', userId).where('id', '=', id)

export const endOtherSessions = (db: Db, userId: string, but: string) =>
  db.q.deleteFrom('session').where('userId', '=', userId).where('id', '<>', but)

/** Until when a door of set-up is open, in milliseconds; null for one that is not there. Its name holds a hash. */
export async function setupDoor(db: Db, name: string): Promise<number | null> {
  const row = await db.q.selectFrom('setting').select('value').where('name', '=', name).executeTakeFirst()
  return row ? Number(row.value) : null
}

export const openSetupDoor = (db: Db, name: string, until: number) =>
  db.q.insertInto('setting').values({ name, value: String(until) })

/** Changes nothing when somebody else swapped it before. */
export const swapSetupDoor = (db: Db, from: string, to: string) =>
  db.q.updateTable('setting').set({ name: to }).where('name', '=', from)

export const closeSetupDoors = (db: Db) => db.q.deleteFrom('setting').where('name', 'like', 'setup:%')
