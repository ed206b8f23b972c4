import type { Db, Statement } from '../db.ts'

/** Plugins that took a process down while they were loaded, and that nobody resumed since. */
export async function crashes(db: Db): Promise<string[]> {
  const rows = await db.q.selectFrom('plugin_crash').select('slug').orderBy('slug').execute()
  return rows.map(({ slug }) => slug)
}

export const keepCrash = (db: Db, slug: string, at: number): Statement =>
  db.q
    .insertInto('plugin_crash')
    .values({ slug, at })
    .onConflict((oc) => oc.column('slug').doUpdateSet({ at }))

export const forgetCrash = (db: Db, slug: string): Statement => db.q.deleteFrom('plugin_crash').where('slug', '=', slug)

/** Pauses a plugin, whatever its faults. `defaults` are for one that nobody ever switched. */
export const pausePlugin = (
  db: Db,
  { slug, at, reason }: { slug: string; at: number; reason: string },
  defaults: { readonly active: boolean; readonly version: string },
): readonly Statement[] => [
  db.q
    .insertInto('plugin_state')
    .values({
      slug,
      network_active: defaults.active ? 1 : 0,
      installed_version: defaults.version,
      paused_at: at,
      paused_reason: reason,
      settings: '{}',
    })
    .onConflict((oc) => oc.column('slug').doUpdateSet({ paused_at: at, paused_reason: reason })),
]
