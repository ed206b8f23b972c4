import { sql } from 'kysely'
import type { Db, Statement } from '../db.ts'
import { must } from '../must.ts'

export const twoFactorRow = (db: Db, userId: string) =>
  db.q.selectFrom('two_factor').selectAll().where('user_id', '=', userId).executeTakeFirst()

/** Whether a log-in of this person asks for a code. */
export async function hasTwoFactor(db: Db, userId: string): Promise<boolean> {
  const row = await twoFactorRow(db, userId)
  return row !== undefined && row.confirmed_at !== null
}

/** A secret that is being set up, over one that was never confirmed; one that was stays. */
export const insertTwoFactor = (db: Db, userId: string, cipher: string): Statement =>
  db.q
    .insertInto('two_factor')
    .values({ user_id: userId, cipher, confirmed_at: null, last_step: 0 })
    .onConflict((on) => on.column('user_id').doUpdateSet({ cipher }).where('two_factor.confirmed_at', 'is', null))

/** The commit is refused as `constraint` where it was confirmed before. */
export const confirmTwoFactorRow = (db: Db, userId: string, now: number, step: number): Statement[] => [
  must(db, sql`not exists (select 1 from two_factor where user_id = ${userId} and confirmed_at is null)`),
  db.q.updateTable('two_factor').set({ confirmed_at: now, last_step: step }).where('user_id', '=', userId),
]

/** Takes a code: changes nothing when this one, or a later one, was taken before. */
export const takeStep = (db: Db, userId: string, step: number): Statement =>
  db.q.updateTable('two_factor').set({ last_step: step }).where('user_id', '=', userId).where('last_step', '<', step)

/** Takes a recovery code: changes nothing when it was taken before. */
export const takeRecoveryCode = (db: Db, userId: string, hash: string, now: number): Statement =>
  db.q
    .updateTable('recovery_code')
    .set({ used_at: now })
    .where('user_id', '=', userId)
    .where('hash', '=', hash)
    .where('used_at', 'is', null)

export const setRecoveryCodes = (db: Db, userId: string, hashes: readonly string[]): Statement[] => [
  db.q.deleteFrom('recovery_code').where('user_id', '=', userId),
  db.q.insertInto('recovery_code').values(hashes.map((hash) => ({ user_id: userId, hash, used_at: null }))),
]

export async function recoveryCodesLeft(db: Db, userId: string): Promise<number> {
  const row = await db.q
    .selectFrom('recovery_code')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('user_id', '=', userId)
    .where('used_at', 'is', null)
    .executeTakeFirstOrThrow()
  return Number(row.count)
}

export const deleteTwoFactor = (db: Db, userId: string): Statement[] => [
  db.q.deleteFrom('recovery_code').where('user_id', '=', userId),
  db.q.deleteFrom('two_factor').where('user_id', '=', userId),
]

/** Sealed secrets behind an id, a hundred at a time. */
export const twoFactorAfter = (db: Db, after: string) =>
  db.q
    .selectFrom('two_factor')
    .select(['user_id', 'cipher'])
    .where('user_id', '>', after)
    .orderBy('user_id')
    .limit(40)
    .execute()

export const resealTwoFactor = (db: Db, userId: string, cipher: string): Statement =>
  db.q.updateTable('two_factor').set({ cipher }).where('user_id', '=', userId)
