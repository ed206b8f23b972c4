import { sql } from 'kysely'
import type { Db, Statement } from '../db.ts'
import { ensureState } from './plugins.ts'
import type { PluginFaultTable } from '../schema.ts'

/** The last faults of each of these plugins, newest first: up to so many of one, and those of the same moment. */
export async function lastFaults(db: Db, slugs: readonly string[], limit: number): Promise<PluginFaultTable[]> {
  const slug = db.dialect.field(sql`r.value`, 'slug', 'text')
  const { rows } = await sql<PluginFaultTable>`select plugin_fault.*
    from ${db.dialect.rows(JSON.stringify(slugs.map((one) => ({ slug: one }))))} as r
    join plugin_fault on plugin_fault.slug = ${slug}
      and plugin_fault.at >= coalesce((select last.at from plugin_fault as last
        where last.slug = ${slug} order by last.at desc limit 1 offset ${limit - 1}), 0)
    order by plugin_fault.at desc, plugin_fault.id desc`.execute(db.q)
  return rows
}

/** Handlers whose last run failed, as far as anybody wrote down. */
export async function handlersInTrouble(db: Db): Promise<string[]> {
  const rows = await db.q
    .selectFrom('plugin_fault')
    .select('handler')
    .distinct()
    .where('state', '=', sql.lit('open'))
    .execute()
  return rows.map(({ handler }) => handler)
}

/** A handler succeeded: its faults are no longer in a row. */
export const interruptFaults = (db: Db, handler: string): Statement =>
  db.q
    .updateTable('plugin_fault')
    .set({ state: 'past' })
    .where('handler', '=', handler)
    .where('state', '=', sql.lit('open'))

/** Keeps a fault; with `quietSince`, only if this handler had none about this event type (or about none at all) since then. */
export function insertFault(db: Db, row: PluginFaultTable, quietSince: number | null): Statement {
  if (quietSince === null) return db.q.insertInto('plugin_fault').values(row)
  return sql`insert into plugin_fault
      (id, slug, site_id, handler, event_type, event_id, message, stack, duration_ms, at, state)
    select ${row.id}, ${row.slug}, ${row.site_id}, ${row.handler}, ${row.event_type}, ${row.event_id}, ${row.message},
      ${row.stack}, cast(${row.duration_ms} as integer), cast(${row.at} as bigint), ${row.state}
    where not exists (select 1 from plugin_fault
      where handler = ${row.handler} and coalesce(event_type, '') = ${row.event_type ?? ''} and at > ${quietSince})`.compile(
    db.q,
  )
}

/** When faults are too many. */
interface FaultLimits {
  /** Faults of one handler without a success between them. */
  readonly inARow: number
  /** Faults of all handlers of one plugin since `since`. */
  readonly inAll: number
  readonly since: number
}

/** Pauses the plugin if its faults are too many by now. `defaults` are for a plugin that nobody ever switched. */
export function pauseIfTooMany(
  db: Db,
  { slug, handler, at, limits }: { slug: string; handler: string; at: number; limits: FaultLimits },
  reasons: { readonly inARow: string; readonly inAll: string },
  defaults: { readonly active: boolean; readonly version: string },
): readonly Statement[] {
  const pause = (reason: string) =>
    db.q
      .updateTable('plugin_state')
      .set({ paused_at: at, paused_reason: reason })
      .where('slug', '=', slug)
      .where('paused_at', 'is', null)
  return [
    ensureState(db, slug, defaults.active, defaults.version),
    pause(reasons.inARow).where((eb) =>
      eb(
        eb
          .selectFrom('plugin_fault')
          .select((f) => f.fn.countAll<number>().as('n'))
          .where('handler', '=', handler)
          .where('state', '=', sql.lit('open')),
        '>=',
        limits.inARow,
      ),
    ),
    pause(reasons.inAll).where((eb) =>
      eb(
        eb
          .selectFrom('plugin_fault')
          .select((f) => f.fn.countAll<number>().as('n'))
          .where('slug', '=', slug)
          .where('state', '<>', 'cleared')
          .where('at', '>', limits.since),
        '>=',
        limits.inAll,
      ),
    ),
  ]
}
