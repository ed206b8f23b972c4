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
