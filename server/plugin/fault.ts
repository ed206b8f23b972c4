import type { Db, Statement } from '../../db/db.ts'
import { insertFault, interruptFaults, pauseIfTooMany } from '../../db/queries/plugin-faults.ts'
import { pluginsChanged } from '../../db/queries/plugins.ts'
import { isoTime, MINUTE } from '../lib/clock.ts'
import { newId } from '../lib/ids.ts'
import type { JsonObject } from '../lib/json.ts'
import { inEnglish, msg } from '../lib/message.ts'
import type { Engine } from '../webhooks/engine.ts'
import { recordEvents } from '../webhooks/outbox.ts'
import { redactUrl } from '../webhooks/redact.ts'
import { ownEvent } from '../webhooks/tell.ts'
import { masked } from './secret.ts'
import { isOnForAll, type Standing } from './standing.ts'
import type { Core } from './core.ts'
import { sentenceOf, type Handler } from './loaded.ts'

export const IN_A_ROW = 5
export const IN_ALL = 20
export const WINDOW = 10 * MINUTE

/** What went wrong, and where. */
interface Mishap {
  readonly handler: Handler
  readonly site: string
  readonly event: { readonly id: string; readonly type: string } | null
  readonly error: unknown
  readonly ms: number
  /** Whether only the first fault a minute about one event type counts: payloads of strangers must not pause a plugin. */
  readonly quiet?: boolean
  /** Whether it says nothing of the next site: it counts among all faults, but not in a row. */
  readonly apart?: boolean
}

const REASON_IN_A_ROW = msg('One of its handlers failed {count} times in a row.', { count: IN_A_ROW })
const REASON_IN_ALL = msg('It failed {count} times within {minutes} minutes.', {
  count: IN_ALL,
  minutes: WINDOW / MINUTE,
})

/** A handler that was in trouble did well: its faults are no longer in a row. */
export const afterSuccess = (db: Db, standing: Standing, { id }: Handler): readonly Statement[] =>
  standing.isInTrouble(id) ? [interruptFaults(db, id), pluginsChanged(db)] : []

/** The same at once. */
export async function noteSuccess({ db }: Pick<Engine, 'db'>, standing: Standing, handler: Handler): Promise<void> {
  const statements = afterSuccess(db, standing, handler)
  if (statements.length > 0) await db.commit(statements)
}

/** Keeps a fault, pauses the plugin when there are too many, and answers with the fault's id. Never throws. */
export async function recordFault(core: Core, mishap: Mishap): Promise<string> {
  const { db, clock, log } = core.engine
  const { handler, event, error } = mishap
  const id = newId('flt', core.engine)
  const at = clock()
  const secrets = await secretsAt(core, handler.slug, mishap.site)
  const row = {
    id,
    slug: handler.slug,
    site_id: mishap.site,
    handler: handler.id,
    event_type: event?.type ?? null,
    event_id: event?.id ?? null,
    message: presentable(masked(sentenceOf(error), secrets), 500),
    stack: presentable(masked(error instanceof Error ? (error.stack ?? '') : '', secrets), 4000),
    duration_ms: Math.round(mishap.ms),
    at,
  }
  log.warn('A plugin failed.', { fault: id, handler: handler.id, site: mishap.site, error: row.message })
  const plugin = core.plugins.get(handler.slug)
  if (plugin?.state !== 'ready') return id
  const pausing = pauseIfTooMany(
    db,
    { slug: handler.slug, handler: handler.id, at, limits: { inARow: IN_A_ROW, inAll: IN_ALL, since: at - WINDOW } },
    { inARow: JSON.stringify(REASON_IN_A_ROW), inAll: JSON.stringify(REASON_IN_ALL) },
    { active: isOnForAll(plugin, undefined), version: plugin.manifest.version },
  )
  try {
    const [, , ...paused] = await db.commit([
      insertFault(db, { ...row, state: mishap.apart ? 'past' : 'open' }, mishap.quiet ? at - MINUTE : null),
      ...pausing,
      pluginsChanged(db),
    ])
    const n = paused.slice(0, 2).findIndex((result) => result.changes > 0)
    if (n >= 0) {
      log.error('A plugin was paused: it failed too often.', { plugin: handler.slug, fault: id })
      await tellPaused(core, {
        plugin: handler.slug,
        title: plugin.manifest.title,
        reason: inEnglish(n === 0 ? REASON_IN_A_ROW : REASON_IN_ALL),
        handler: handler.id,
        fault_id: id,
        fault: row.message,
        paused_at: isoTime(at),
      })
    }
  } catch (failure) {
    log.error('A fault could not be kept, or not be told of.', { fault: id, error: String(failure) })
  }
  return id
}

/** Whether a plugin was paused is known behind the commit only, so that telling of it is one of its own. */
export async function tellPaused({ engine }: Core, data: JsonObject): Promise<void> {
  const { statements } = await recordEvents(engine, [ownEvent(engine, 'plugin_paused', data)])
  await engine.db.commit(statements)
  engine.wake()
}

/** Short, and without the secrets that URLs carry. U+0000 is what PostgreSQL refuses. */
export const presentable = (text: string, length: number): string =>
  text
    .replaceAll(/https?:\/\/[^\s"'<>)]+/g, redactUrl)
    .replaceAll('\u0000', '')
    .toWellFormed()
    .slice(0, length)

/** The secret settings that a message may hold. Where they cannot be read, the handler did not get them either. */
const secretsAt = async (core: Core, slug: string, site: string): Promise<readonly string[]> => {
  try {
    const standing = await core.standings.at(site)
    return (await standing?.settings(slug))?.secrets ?? []
  } catch {
    return []
  }
}
