import type { Db } from '../db.ts'

/** The settings of the network, by name. */
export type SettingName =
  | 'network_name'
  | 'network_number'
  | 'time_zone'
  | 'webhooks_per_site'
  | 'keep_days_events'
  | 'keep_days_answers'
  | 'keep_days_audit'
  | 'answers_forgotten'
  | 'audit_base'
  | 'secret_proof'
  | 'sending'

export async function setting(db: Db, name: SettingName, fallback: string): Promise<string> {
  const row = await db.q.selectFrom('setting').select('value').where('name', '=', name).executeTakeFirst()
  return row?.value ?? fallback
}

/** Writes a setting over the one that stands. */
export const setSetting = (db: Db, name: SettingName, value: string) =>
  db.q
    .insertInto('setting')
    .values({ name, value })
    .onConflict((on) => on.column('name').doUpdateSet({ value }))

/** Writes a setting only where there is none yet: what was decided once at the first start stays. */
export const keepSetting = (db: Db, name: SettingName, value: string) =>
  db.q
    .insertInto('setting')
    .values({ name, value })
    .onConflict((on) => on.column('name').doNothing())
