import { sql } from 'kysely'
import { z } from 'zod'
import { tryCommit, type Db } from '../../db/db.ts'
import { must } from '../../db/must.ts'
import { pluginsChanged } from '../../db/queries/plugins.ts'
import { setSetting, settings } from '../../db/queries/settings.ts'
import type { Actor } from '../lib/actor.ts'
import type { FieldError } from '../lib/errors.ts'
import { msg, type Message } from '../lib/message.ts'
import { locales } from '../web/i18n.ts'
import type { Engine } from '../webhooks/engine.ts'
import { auditEntry } from './audit.ts'
import { wrongName } from './person.ts'

/** The whole numbers among the settings, each with its bounds; `optional`: empty stands for no limit. */
export const bounds = {
  payload_kib: { min: 1, max: 256, optional: false },
  webhooks_per_site: { min: 0, max: 1000, optional: false },
  webhooks_per_network: { min: 1, max: 100_000, optional: true },
  attempts_at_once: { min: 1, max: 256, optional: false },
  attempts_per_webhook: { min: 1, max: 64, optional: false },
  login_tries: { min: 3, max: 20, optional: false },
  keep_days_events: { min: 1, max: 3650, optional: false },
  keep_days_answers: { min: 1, max: 3650, optional: false },
  keep_days_audit: { min: 30, max: 3650, optional: false },
  keep_days_captures: { min: 1, max: 30, optional: false },
  bins: { min: 0, max: 100, optional: false },
  bin_captures: { min: 10, max: 1000, optional: false },
  backups_kept: { min: 1, max: 60, optional: true },
} as const

/** What a super admin sets for the whole network, in the order of the form. */
export const networkSettings = [
  'network_name',
  'time_zone',
  'language',
  'payload_kib',
  'webhooks_per_site',
  'webhooks_per_network',
  'attempts_at_once',
  'attempts_per_webhook',
  'login_tries',
  'keep_days_events',
  'keep_days_answers',
  'keep_days_audit',
  'keep_days_captures',
  'backups_kept',
  'bins',
  'bin_captures',
  'mail_from',
  'wu_query_credentials',
] as const
export type NetworkSetting = (typeof networkSettings)[number]
export type NetworkSettings = Readonly<Record<NetworkSetting, string>>

/** The settings as they stand, with the number of the change that made them so. */
export async function readNetworkSettings(db: Db): Promise<{ values: NetworkSettings; revision: string }> {
  const { settings_revision: revision, ...values } = await settings(db, [...networkSettings, 'settings_revision'])
  return { values, revision }
}

const email = z.email().max(254)
const isTimeZone = (zone: string): boolean => zone === 'UTC' || Intl.supportedValuesOf('timeZone').includes(zone)

/** The time zones to choose from. */
export const timeZones = (): readonly string[] => [...new Set(['UTC', ...Intl.supportedValuesOf('timeZone')])]

/** What is wrong with typed settings, by path. */
export function wrongSettings(typed: NetworkSettings): FieldError[] {
  const days = (name: 'keep_days_events' | 'keep_days_answers') => Number(typed[name])
  const found: Partial<Record<NetworkSetting, Message | null>> = {
    network_name: wrongName(typed.network_name),
    time_zone: isTimeZone(typed.time_zone) ? null : msg('Choose one of the time zones.'),
    language: ['', ...locales].includes(typed.language) ? null : msg('Choose one of the languages.'),
    ...Object.fromEntries(
      Object.entries(bounds).map(([name, bound]) => [name, wrongNumber(typed[name as never], bound)]),
    ),
    mail_from:
      typed.mail_from === '' || email.safeParse(typed.mail_from).success
        ? null
        : msg('This is not an e-mail address. It looks like name@example.com.'),
    wu_query_credentials: ['', 'on'].includes(typed.wu_query_credentials) ? null : msg('This is either on or off.'),
  }
  found.keep_days_answers ??=
    days('keep_days_answers') > days('keep_days_events')
      ? msg('An answer cannot be kept longer than its delivery.')
      : null
  return networkSettings.flatMap((path) => (found[path] ? [{ path, message: found[path] }] : []))
}

function wrongNumber(typed: string, { min, max, optional }: (typeof bounds)[keyof typeof bounds]): Message | null {
  if (optional && typed === '') return null
  const isWhole = /^\d{1,9}$/.test(typed) && Number(typed) >= min && Number(typed) <= max
  return isWhole ? null : msg('This has to be a whole number from {min} to {max}.', { min, max })
}

type Deps = Pick<Engine, 'db' | 'clock' | 'random'>

/**
 * Stores settings that were checked, if nobody changed any since `revision`; false if somebody did. What they are now is
 * what the next event, page and purge go by.
 */
export function saveNetworkSettings(
  deps: Deps,
  by: Actor,
  before: NetworkSettings,
  typed: NetworkSettings,
  revision: string,
): Promise<boolean> {
  const { db } = deps
  const changed = networkSettings.filter((name) => typed[name] !== before[name])
  const part = (of: NetworkSettings) => Object.fromEntries(changed.map((name) => [name, of[name]]))
  const stands = sql`coalesce((select value from setting where name = 'settings_revision'), '0')`
  return tryCommit(db, [
    ...auditEntry(deps, by, {
      action: 'settings.updated',
      target: 'network',
      owner: 'network',
      before: part(before),
      after: part(typed),
    }),
    must(db, sql`${stands} <> ${revision}`),
    ...changed.map((name) => setSetting(db, name, typed[name])),
    setSetting(db, 'settings_revision', String(Number(revision) + 1)),
    pluginsChanged(db),
  ])
}
