import { AppError, fail, invalid } from '../lib/errors.ts'
import { digestOf } from '../lib/hmac.ts'
import { newId } from '../lib/ids.ts'
import { msg } from '../lib/message.ts'
import { recordEvents, type FinishedEvent } from '../webhooks/outbox.ts'
import type { Core } from './core.ts'
import { applyFilters } from './filter.ts'
import { askGuards, PASSED } from './guard.ts'
import type { Emission, Prepared } from './host.ts'
import { demandFit, snapshot } from './payload.ts'
import { webhookPayload } from './points.ts'
import type { Standing } from './standing.ts'

/** Validates and filters what shall be emitted; see `Host.prepare`. `chain` counts the listeners that led to it. */
export async function prepare(core: Core, list: readonly Emission[], chain = 0): Promise<Prepared> {
  if (core.safeMode) throw safeMode()
  if (list.length === 0) return { statements: [], filtered: [], meanwhile: () => {}, finish: () => [] }
  const standings = await core.standings.of(list.map((emission) => emission.site))
  const finished: FinishedEvent[] = []
  for (const [i, emission] of list.entries()) {
    finished.push(await finish(core, emission, standings, list.length > 1 ? `${i}.` : ''))
  }
  const { statements, meanwhile, read } = await recordEvents(core.engine, finished, core.engine.handOver)
  return {
    statements,
    meanwhile,
    filtered: finished.map(({ data, rejected, hold }) => ({ value: data, rejected, held: hold?.reason ?? null })),
    finish(results) {
      const emitted = read(results)
      const fresh = finished.filter((event, i) => event.ordinaryListeners && emitted[i]?.duplicate === false)
      core.hear(fresh.map(({ siteId, ...event }) => ({ ...event, site: siteId, chain })))
      return emitted
    },
  }
}

async function finish(
  core: Core,
  emission: Emission,
  standings: ReadonlyMap<string, Standing>,
  path: string,
): Promise<FinishedEvent> {
  const type = core.types.get(emission.type)
  if (!type) {
    throw invalid([
      { path: `${path}type`, message: msg('There is no event of this name: {type}.', { type: emission.type }) },
    ])
  }
  const standing = standings.get(emission.site)
  if (!standing) throw invalid([{ path: `${path}site`, message: msg('There is no site of this name.') }])
  if (standing.site.state === 'archived') {
    throw fail('site_archived', 'The site {site} is archived; nothing happens there.', { site: standing.site.slug })
  }
  if (!standing.runs(type.owner.slug)) {
    throw fail('plugin_inactive', 'The event {type} belongs to the plugin {plugin}, which is not active here.', {
      type: emission.type,
      plugin: type.owner.manifest.title,
    })
  }
  const data = snapshot(emission.data, standing.mostBytes)
  const check = (value: typeof data) => demandFit(type.event, value, path)
  check(data)
  const event = {
    id: newId('evt', core.engine),
    type: emission.type,
    occurredAt: emission.occurredAt ?? core.engine.clock(),
  }
  const about = { standing, event }
  const { value, rejected } = await applyFilters(core, webhookPayload, data, about, check)
  const verdict = rejected === null ? await askGuards(core, value, about) : PASSED
  const key = emission.key ?? null
  return {
    ...event,
    siteId: standing.site.id,
    siteSlug: standing.site.slug,
    data: value,
    source: emission.source,
    key,
    fingerprint: key === null ? '' : emission.once ? key : await fingerprint(emission.type, data),
    hops: emission.hops ?? 0,
    trace: emission.trace ?? null,
    lane: core.types.get(emission.type)?.event.lane ?? 'realtime',
    rejected: rejected ?? verdict.rejected,
    hold: verdict.hold,
    ordinaryListeners: (core.listeners.get(emission.type) ?? []).some(({ slug }) => standing.runs(slug)),
  }
}

export const safeMode = (): AppError =>
  new AppError('safe_mode', msg('Safe mode is on: no plugin code runs, so no events are taken. Try again later.'), [], {
    'retry-after': '60',
  })

/** What was asked for, before any filter: the same request again has to be known although filters may have changed. */
const fingerprint = (type: string, data: object): Promise<string> => digestOf(JSON.stringify([type, data]))
