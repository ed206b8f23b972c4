import { sql } from 'kysely'
import type { Db, Statement } from '../db.ts'
import { must } from '../must.ts'

/** Everything that is kept of a plugin beside its state, with what tells its rows apart. What is found first goes first. */
const TABLES = {
  plugin_index: ['site_id', 'collection', 'field', 'value', 'id'],
  plugin_record: ['site_id', 'collection', 'id'],
  plugin_fault: ['id'],
  plugin_cron: ['site_id', 'id'],
  plugin_mute: ['handler'],
  plugin_guard: ['handler'],
  plugin_crash: ['slug'],
  plugin_site: ['site_id'],
} as const
type Table = keyof typeof TABLES
const tables = Object.keys(TABLES) as Table[]

/** How many rows each table holds of a plugin. */
export async function rowsOf(db: Db, slug: string): Promise<Readonly<Record<Table, number>>> {
  const counts = await Promise.all(
    tables.map(async (table) => {
      const query = sql<{ n: number }>`select count(*) as n from ${sql.table(table)} where slug = ${slug}`
      return [table, Number((await query.execute(db.q)).rows[0]?.n ?? 0)] as const
    }),
  )
  return Object.fromEntries(counts) as Record<Table, number>
}

/** Refuses the commit while a plugin is on somewhere. */
export const mustBeOff = (db: Db, slug: string): Statement =>
  must(
    db,
    sql`exists (select 1 from plugin_state where slug = ${slug} and network_active = 1)
      or exists (select 1 from plugin_site where slug = ${slug} and active = 1)`,
  )

/** Refuses the commit while a plugin is being removed. */
export const mustNotGo = (db: Db, slug: string): Statement =>
  must(db, sql`exists (select 1 from plugin_state where slug = ${slug} and removing_at is not null)`)

/** From here on it is removed, step by step. Its secrets are gone at once. */
export const beginRemoval = (db: Db, slug: string, at: number): readonly Statement[] => [
  db.q.updateTable('plugin_state').set({ removing_at: at, settings: '{}' }).where('slug', '=', slug),
  db.q.updateTable('plugin_site').set({ settings: '{}' }).where('slug', '=', slug).where('settings', '<>', '{}'),
  db.q.deleteFrom('plugin_guard').where('slug', '=', slug),
  db.q.deleteFrom('plugin_mute').where('slug', '=', slug),
  db.q.deleteFrom('plugin_crash').where('slug', '=', slug),
]

/** The plugin whose removal began first. */
export async function pluginToRemove(db: Db): Promise<string | undefined> {
  const row = await db.q
    .selectFrom('plugin_state')
    .select('slug')
    .where('removing_at', 'is not', null)
    .orderBy('removing_at')
    .limit(1)
    .executeTakeFirst()
  return row?.slug
}

/** At most so many rows of each table. */
export const removeRows = (db: Db, slug: string, limit: number): readonly Statement[] =>
  tables.map((table) => {
    const key = sql.join(TABLES[table].map((column) => sql.ref(column)))
    const name = sql.table(table)
    return sql`delete from ${name} where slug = ${slug}
      and (${key}) in (select ${key} from ${name} where slug = ${slug} limit ${sql.lit(limit)})`.compile(db.q)
  })

/** With `isDefault` its row stays and says that it is off: without one it would be on by itself. */
export const endRemoval = (db: Db, slug: string, isDefault: boolean): Statement =>
  isDefault
    ? db.q
        .updateTable('plugin_state')
        .set({ removing_at: null, paused_at: null, paused_reason: null })
        .where('slug', '=', slug)
        .where('removing_at', 'is not', null)
    : db.q.deleteFrom('plugin_state').where('slug', '=', slug).where('removing_at', 'is not', null)
