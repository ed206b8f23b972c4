import {
  countHolds,
  forgetGuard,
  guardsThatHold,
  heldEvents,
  keepGuard,
  pluginGuards,
  settleHolds,
  type Answers,
  type HeldEvent,
} from '../../db/queries/guards.ts'
import { mutedHandlers } from '../../db/queries/mutes.ts'
import { pluginsChanged, pluginStates } from '../../db/queries/plugins.ts'
import type { PluginGuardTable } from '../../db/schema.ts'
import { MINUTE } from '../lib/clock.ts'
import { storedPayload, type JsonObject } from '../lib/json.ts'
import { inEnglish, msg, type Message } from '../lib/message.ts'
import { RETIRED } from '../webhooks/lifecycle.ts'
import type { Hold } from '../webhooks/outbox.ts'
import type { Core } from './core.ts'
import { presentable } from './fault.ts'
import { runFilter, type About } from './filter.ts'
import type { GuardInfo } from './insight.ts'
import { sentenceOf } from './loaded.ts'
import { isRejection, webhookGuard } from './points.ts'
import { isOnForAll } from './standing.ts'

/** What the guards say about an event: it may go out, may not, or nobody knows yet. */
export interface Verdict {
  readonly rejected: string | null
  readonly hold: Hold | null
}
export const PASSED: Verdict = { rejected: null, hold: null }

/** As many events are asked about again in one tick, per guard. */
const STEP = 200
export const MOST_COUNTED = 1000

/**
 * Asks every guard that is in force for the site. One that throws, takes too long or gives back something else than the
 * payload is closed, and so is one whose plugin is paused or missing: a guard that is gone must not be a guard that agrees.
 * No guard agrees to what cannot be read (null).
 */
export async function askGuards(core: Core, payload: JsonObject | null, about: About): Promise<Verdict> {
  const { standing } = about
  const dueAt = core.engine.clock() + MINUTE
  for (const guard of standing.guards) {
    if (!guard.runs)
      return { rejected: null, hold: { handler: guard.handler, reason: inEnglish(whyClosed(guard)), dueAt } }
  }
  let text: string | null = null
  const mustBeSame = (given: JsonObject) => {
    text ??= JSON.stringify(payload)
    if (JSON.stringify(given) === text) return
    throw new Error('A guard has to give the payload back as it is, or reject(reason). Change it at webhook_payload.')
  }
  for (const filter of core.filters.get(webhookGuard.name) ?? []) {
    if (!standing.runs(filter.slug) || standing.isMuted(filter.id)) continue
    if (payload === null) return { rejected: null, hold: failed(filter.id, 'The event cannot be read.', dueAt) }
    const ran = await runFilter(core, filter, payload, about, mustBeSame)
    if (!ran.ok) {
      return { rejected: null, hold: failed(filter.id, presentable(sentenceOf(ran.error), 500), dueAt) }
    }
    if (isRejection(ran.value)) return { rejected: ran.value.reason, hold: null }
  }
  return PASSED
}

const failed = (guard: string, error: string, dueAt: number): Hold => {
  return { handler: guard, reason: inEnglish(msg('The guard {guard} failed: {error}', { guard, error })), dueAt }
}

const whyClosed = ({ handler, title, paused }: { handler: string; title: string; paused: boolean }): Message =>
  paused
    ? msg('The guard {guard} is closed: the plugin {plugin} is paused.', { guard: handler, plugin: title })
    : msg('The guard {guard} is closed: the plugin {plugin} is missing or cannot run.', {
        guard: handler,
        plugin: title,
      })

/** Asks again about events that wait: called by every tick, in steps, so that what was held goes out gently. */
export async function askAboutHeld(core: Core): Promise<void> {
  const { db, clock } = core.engine
  if (core.safeMode) return
  for (const handler of await guardsThatHold(db)) {
    const events = await heldEvents(db, handler, clock(), STEP)
    if (events.length === 0) continue
    const answers = await answersTo(core, events)
    const off = !core.engine.config.delivery
    await db.commit(settleHolds(db, answers, { now: clock(), off, retired: RETIRED }))
    if (answers.opened.length > 0) core.engine.wake()
  }
}

async function answersTo(core: Core, events: readonly HeldEvent[]): Promise<Answers> {
  const opened: string[] = []
  const refused: { event: string; reason: string }[] = []
  const closed: { event: string; handler: string; reason: string; due: number }[] = []
  const standings = await core.standings.of(events.map(({ site_id: site }) => site))
  for (const { event_id: id, type, site_id: site, payload, occurred_at: occurredAt } of events) {
    const standing = standings.get(site)
    // Of a site that was deleted, all deliveries have ended.
    const verdict = standing
      ? await askGuards(core, storedPayload(payload), { standing, event: { id, type, occurredAt } })
      : PASSED
    if (verdict.hold) closed.push({ event: id, ...verdict.hold, due: verdict.hold.dueAt })
    else if (verdict.rejected !== null) refused.push({ event: id, reason: verdict.rejected })
    else opened.push(id)
  }
  return { opened, refused, closed }
}

/** Writes down which guards there are, so that one whose plugin is missing at a later start still guards. */
export async function rememberGuards(core: Core): Promise<void> {
  const { db } = core.engine
  const known = new Map((await pluginGuards(db)).map((guard) => [guard.handler, guard]))
  const now = new Map(
    (core.filters.get(webhookGuard.name) ?? []).flatMap(({ id, slug }): [string, PluginGuardTable][] => {
      const plugin = core.plugins.get(slug)
      if (plugin?.state !== 'ready') return []
      const byDefault = isOnForAll(plugin, undefined) ? 1 : 0
      return [[id, { handler: id, slug, title: plugin.manifest.title, on_by_default: byDefault }]]
    }),
  )
  const isNew = (guard: PluginGuardTable) => {
    const was = known.get(guard.handler)
    return was?.title !== guard.title || was.on_by_default !== guard.on_by_default
  }
  const fresh = [...now.values()].filter(isNew)
  const gone = [...known.values()].filter(
    ({ slug, handler }) => core.plugins.get(slug)?.state === 'ready' && !now.has(handler),
  )
  if (fresh.length + gone.length === 0) return
  await db.commit([
    ...fresh.map((guard) => keepGuard(db, guard)),
    ...gone.map(({ handler }) => forgetGuard(db, handler)),
    pluginsChanged(db),
  ])
}

/** The guards that hold something, or that somebody has muted: both want to be seen. */
export async function guardsToShow(core: Core): Promise<GuardInfo[]> {
  const { db } = core.engine
  const guards = await pluginGuards(db)
  if (guards.length === 0) return []
  const muted = new Set((await mutedHandlers(db)).map(({ handler }) => handler))
  const paused = new Set((await pluginStates(db)).filter((row) => row.paused_at !== null).map(({ slug }) => slug))
  const all = await Promise.all(
    guards.map(async ({ handler, slug, title }) => {
      const plugin = core.plugins.get(slug)
      const state = plugin?.state !== 'ready' ? 'missing' : paused.has(slug) ? 'paused' : 'running'
      const held = await countHolds(db, handler, MOST_COUNTED + 1)
      return { handler, plugin: slug, title, state, muted: muted.has(handler), held } satisfies GuardInfo
    }),
  )
  return all.filter(({ muted, held }) => muted || held > 0)
}
