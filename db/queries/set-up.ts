import { sql } from 'kysely'
import type { Db, Statement } from '../db.ts'
import { must } from '../must.ts'
import { rowFields } from '../prepared.ts'
import { anyOfEach, inPieces } from '../rows.ts'
import type { PluginSiteTable, SiteState, SiteTable } from '../schema.ts'
import { counterNow, raiseCounter, type Counter } from './counters.ts'
import { afresh } from './dispatch.ts'
import { isGuarded } from './guards.ts'
import type { Person } from './people.ts'
import type { SourceRow } from './sources.ts'
import { UNSAVED, type WebhookSecret } from './webhook-secrets.ts'
import { chosenEvents, joinEvents, type Webhook } from './webhooks.ts'

// The set-up as a whole, for export and import: everything of a kind at once, in an order that does not change.

/** Also deleted ones: their slugs are taken until their log is gone. */
export const everySite = (db: Db): Promise<Pick<SiteTable, 'id' | 'slug' | 'name' | 'state'>[]> =>
  db.q.selectFrom('site').select(['id', 'slug', 'name', 'state']).orderBy('slug').execute()

export type Somebody = Pick<Person, 'id' | 'name' | 'email' | 'role' | 'siteId' | 'locale'>

export const everybody = (db: Db): Promise<Somebody[]> =>
  db.q.selectFrom('user').select(['id', 'name', 'email', 'role', 'siteId', 'locale']).orderBy('email').execute()

export async function everyWebhook(db: Db): Promise<Webhook[]> {
  const [rows, chosen] = await Promise.all([
    db.q.selectFrom('webhook').selectAll().orderBy('owner').orderBy('id').execute(),
    chosenEvents(db).execute(),
  ])
  return joinEvents(rows, chosen)
}

/** The secrets of all webhooks, without those that were rotated and those of forms. */
export const everySecret = (db: Db): Promise<WebhookSecret[]> =>
  db.q
    .selectFrom('webhook_secret')
    .selectAll()
    .where('webhook_id', '<>', UNSAVED)
    .where('expires_at', 'is', null)
    .orderBy('id')
    .execute()

export const everySource = (db: Db): Promise<SourceRow[]> =>
  db.q
    .selectFrom('source')
    .innerJoin('site', 'site.id', 'source.site_id')
    .where('site.state', '<>', sql.lit<SiteState>('deleted'))
    .selectAll('source')
    .select('site.slug as site_slug')
    .orderBy('source.id')
    .execute()

/** What was switched or set for plugins at single sites. */
export const everyPluginSite = (db: Db): Promise<PluginSiteTable[]> =>
  db.q
    .selectFrom('plugin_site')
    .selectAll()
    .where((eb) => eb.or([eb('active', '=', 1), eb('settings', '<>', '{}')]))
    .orderBy('slug')
    .orderBy('site_id')
    .execute()

/** The counters that every change of a webhook, or of what runs where, raises. */
export type SetUpCounter = Extract<Counter, 'webhooks' | 'plugins'>

export async function countersNow(db: Db): Promise<Record<SetUpCounter, number>> {
  const [webhooks, plugins] = await Promise.all([counterNow(db, 'webhooks'), counterNow(db, 'plugins')])
  return { webhooks, plugins }
}

/** Raises a counter, which takes its lock, and breaks the commit when somebody else raised it since it was `from`. */
export const raiseFrom = (db: Db, name: SetUpCounter, from: number, by: number): Statement[] => [
  raiseCounter(db, name, by),
  must(db, sql`(select value from counter where name = ${name}) <> cast(${from + by} as bigint)`),
]

export const forgetEvents = (db: Db, webhooks: readonly string[]): Statement[] =>
  anyOfEach(db, webhooks).map((ids) => sql`delete from webhook_event where webhook_id in ${ids}`.compile(db.q))

export const forgetSecrets = (db: Db, ids: readonly string[]): Statement[] =>
  anyOfEach(db, ids).map((list) => sql`delete from webhook_secret where id in ${list}`.compile(db.q))

/** The sessions and links of these people end. */
export const endSessionsOf = (db: Db, people: readonly string[]): Statement[] =>
  anyOfEach(db, people).flatMap((ids) => [
    sql`delete from session where "userId" in ${ids}`.compile(db.q),
    sql`delete from one_time_link where user_id in ${ids}`.compile(db.q),
  ])

/** Breaks the commit when one of these people is a super admin by now. */
export const mustBeOrdinary = (db: Db, people: readonly string[]): Statement[] =>
  anyOfEach(db, people).map((ids) =>
    must(db, sql`exists (select 1 from "user" where role = 'super_admin' and id in ${ids})`),
  )

/** What waits at these webhooks is held, each with the reason of its webhook. */
export const holdOpenOf = (db: Db, webhooks: readonly string[], usual: string): Statement[] =>
  anyOfEach(db, webhooks).map((ids) =>
    sql`update delivery set state = 'held', due_at = null,
        reason = coalesce((select w.state_reason from webhook w where w.id = delivery.webhook_id), ${usual})
      where id in (
        select id from delivery where webhook_id in ${ids} and due_at is not null and state in ('pending', 'retrying')
        union all select id from delivery where webhook_id in ${ids} and batch_id = '' and state = 'pending')`.compile(
      db.q,
    ),
  )

/** What was held at these webhooks goes out again, but for what a guard holds. */
export const sendHeldOf = (db: Db, webhooks: readonly string[], now: number): Statement[] =>
  anyOfEach(db, webhooks).map((ids) =>
    sql`update delivery set ${afresh(now)}, reason = null
      where webhook_id in ${ids} and state = 'held' and not ${isGuarded}`.compile(db.q),
  )

/** Breaks the commit when one of these sources was changed since it had that revision. */
export const mustBeSources = (db: Db, sources: readonly { id: string; revision: number }[]): Statement[] =>
  inPieces(sources).map((json) => {
    const of = rowFields(db, sql`r.value`)
    return must(
      db,
      sql`exists (select 1 from ${db.dialect.rows(json)} as r left join source s on s.id = ${of('id')}
        where s.revision is null or s.revision <> ${of('revision', 'number')})`,
    )
  })

/** Breaks the commit when the settings of the network are of another revision by now. */
export const mustBeSettings = (db: Db, revision: string): Statement =>
  must(db, sql`coalesce((select value from setting where name = 'settings_revision'), '0') <> ${revision}`)

/** The pieces of an uploaded file, in their order; none for another person, or where it is too old. */
export async function importFile(db: Db, id: string, userId: string, since: number): Promise<string[]> {
  const rows = await db.q
    .selectFrom('import_file')
    .select('cipher')
    .where('id', '=', id)
    .where('user_id', '=', userId)
    .where('created_at', '>', since)
    .orderBy('n')
    .execute()
  return rows.map(({ cipher }) => cipher)
}

/** The last one that a person uploaded is all that is kept of them. */
export const forgetImportFiles = (db: Db, userId: string): Statement =>
  db.q.deleteFrom('import_file').where('user_id', '=', userId)

export const forgetAllImportFiles = (db: Db): Statement => db.q.deleteFrom('import_file')
