import { ensureState, pluginsChanged } from '../../db/queries/plugins.ts'
import { beginRemoval, endRemoval, mustBeOff, pluginToRemove, removeRows, rowsOf } from '../../db/queries/uninstall.ts'
import type { Statement } from '../../db/db.ts'
import type { Core } from './core.ts'
import type { Ready } from './loaded.ts'

/** Rows of each table that one step takes. */
const STEP = 500

/** What goes with a plugin. */
export interface Holdings {
  readonly records: number
  readonly faults: number
  /** Sites that it was switched on, set or upgraded for. */
  readonly sites: number
}

export async function holdingsOf({ engine: { db } }: Core, { slug }: Ready): Promise<Holdings> {
  const rows = await rowsOf(db, slug)
  return { records: rows.plugin_record, faults: rows.plugin_fault, sites: rows.plugin_site }
}

/** Begins to remove all that is kept of a plugin. The commit is refused as `constraint` while it is on anywhere. */
export function uninstall({ engine: { db, clock } }: Core, { slug, manifest }: Ready): readonly Statement[] {
  return [
    ensureState(db, slug, manifest.defaultActive === true, manifest.version),
    mustBeOff(db, slug),
    ...beginRemoval(db, slug, clock()),
    pluginsChanged(db),
  ]
}

/** Goes on with a removal that has begun, a bounded step each time. */
export async function removalStep({ engine: { db }, plugins }: Core): Promise<void> {
  const slug = await pluginToRemove(db)
  if (slug === undefined) return
  const results = await db.commit(removeRows(db, slug, STEP))
  if (results.some(({ changes }) => changes === STEP)) return
  const isDefault = plugins.get(slug)?.manifest.defaultActive === true
  await db.commit([endRemoval(db, slug, isDefault), pluginsChanged(db)])
}
