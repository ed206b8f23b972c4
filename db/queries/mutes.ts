import type { Db, Statement } from '../db.ts'

export const mutedHandlers = (db: Db): Promise<{ handler: string; muted_at: number; muted_by: string }[]> =>
  db.q.selectFrom('plugin_mute').select(['handler', 'muted_at', 'muted_by']).orderBy('handler').execute()

export const muteHandler = (db: Db, mute: { handler: string; slug: string; at: number; by: string }): Statement =>
  db.q
    .insertInto('plugin_mute')
    .values({ handler: mute.handler, slug: mute.slug, muted_at: mute.at, muted_by: mute.by })
    .onConflict((oc) => oc.column('handler').doNothing())

export const unmuteHandler = (db: Db, handler: string): Statement =>
  db.q.deleteFrom('plugin_mute').where('handler', '=', handler)
