import type { Db, Statement } from '../db.ts'

/** The settings of the network, by name, each with what holds until somebody writes it. */
const defaults = {
  network_name: 'Hookline',
  network_number: '0',
  time_zone: 'UTC',
  /** The language of people who chose none; empty: what their browsers ask for. */
  language: '',
  payload_kib: '256',
  webhooks_per_site: '5',
  /** Empty: as many as the network likes. */
  webhooks_per_network: '',
  keep_days_events: '30',
  keep_days_answers: '7',
  keep_days_audit: '365',
  keep_days_captures: '7',
  /** Attempts under way at once, in all and at one webhook. */
  attempts_at_once: '64',
  attempts_per_webhook: '10',
  /** Wrong passwords for an account from one address, before it has to wait. */
  login_tries: '5',
  /** Of each owner. */
  bins: '20',
  /** Of each bin. */
  bin_captures: '200',
  /** Empty: what SMTP_URL says, or else a name at the host of PUBLIC_URL. */
  mail_from: '',
  /** `on`: wu/v2 takes credentials from the query as well. */
  wu_query_credentials: '',
  settings_revision: '0',
  answers_forgotten: '',
  /** JSON: how far old events were looked at, see `server/webhooks/retention.ts`. */
  events_purged: '{"to":0,"since":0}',
  audit_base: '{"seq":0,"hash":""}',
  /** What the last check of the audit chain found. */
  audit_check: '',
  secret_proof: '',
  /** So many of the daily backups are kept, where the database is a file; empty: none is made. */
  backups_kept: '',
  sending: 'on',
  /** JSON: where the database ran last, see `server/access/home.ts`. */
  home: '',
  /** JSON: that this is a copy of another database, and nobody has said yet that it may send; see `server/webhooks/copy.ts`. */
  copy: '',
} as const

type SettingName = keyof typeof defaults

export async function setting(db: Db, name: SettingName, fallback: string = defaults[name]): Promise<string> {
  const row = await db.q.selectFrom('setting').select('value').where('name', '=', name).executeTakeFirst()
  return row?.value ?? fallback
}

/** Several at once, in one query. */
export async function settings<Name extends SettingName>(
  db: Db,
  names: readonly Name[],
): Promise<Record<Name, string>> {
  const rows = await db.q.selectFrom('setting').selectAll().where('name', 'in', names).execute()
  const stored = new Map(rows.map(({ name, value }) => [name, value]))
  return Object.fromEntries(names.map((name) => [name, stored.get(name) ?? defaults[name]])) as Record<Name, string>
}

/** Writes a setting over the one that stands. */
export const setSetting = (db: Db, name: SettingName, value: string): Statement =>
  db.q
    .insertInto('setting')
    .values({ name, value })
    .onConflict((on) => on.column('name').doUpdateSet({ value }))

/** Writes a setting only where there is none yet: what was decided once at the first start stays. */
export const keepSetting = (db: Db, name: SettingName, value: string): Statement =>
  db.q
    .insertInto('setting')
    .values({ name, value })
    .onConflict((on) => on.column('name').doNothing())

/** Back to what holds until somebody writes it. */
export const clearSetting = (db: Db, name: SettingName): Statement =>
  db.q.deleteFrom('setting').where('name', '=', name)

/** The same, unless somebody has written another value meanwhile. */
export const clearSettingFrom = (db: Db, name: SettingName, value: string): Statement =>
  db.q.deleteFrom('setting').where('name', '=', name).where('value', '=', value)
