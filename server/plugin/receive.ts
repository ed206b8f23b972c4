import { isKeySince } from '../../db/queries/events.ts'
import { DAY, MINUTE, SECOND } from '../lib/clock.ts'
import { AppError, fail } from '../lib/errors.ts'
import { digestOf } from '../lib/hmac.ts'
import type { JsonObject } from '../lib/json.ts'
import { traceOf } from '../lib/trace.ts'
import { baseContext, demandNamed } from './context.ts'
import type { Core } from './core.ts'
import type { PluginEvent } from './define.ts'
import { noteSuccess, recordFault } from './fault.ts'
import type { Emission } from './host.ts'
import type { Ready, Source } from './loaded.ts'
import { applyMapping, type Mapping } from './mapping.ts'
import { isRejection } from './points.ts'
import { safeMode } from './prepare.ts'
import type { Inbound, SourceContext, Told } from './source.ts'
import type { Standing } from './standing.ts'
import { mayRun } from './upgrade.ts'
import { run } from './run.ts'

const LONGEST_KEY = 200

/** A request at the address of a source, `id`, that somebody added. */
export interface Arrival {
  readonly source: string
  readonly id: string
  readonly site: string
  readonly secret: string | null
  readonly settings: JsonObject
  readonly mapping: Mapping | null
  readonly hops: number
  readonly request: Inbound
}

/** What a source made of a request: events to prepare and commit, none for a ping; or why it was not taken. */
export type Received =
  { readonly ok: true; readonly emissions: readonly Emission[] } | { readonly ok: false; readonly error: AppError }

const refuse = (error: AppError): Received => ({ ok: false, error })

/** See `Host.receive`. What the source itself does wrong is a fault; what a sender does wrong is an answer. */
export async function receive(core: Core, arrival: Arrival): Promise<Received> {
  const { engine, limits } = core
  if (core.safeMode) return refuse(safeMode())
  const source = core.sources.get(arrival.source)
  const plugin = source && core.plugins.get(source.slug)
  const standing = await core.standings.at(arrival.site)
  if (standing?.site.state === 'archived')
    return refuse(
      fail('site_archived', 'The site {site} is archived; nothing happens there.', { site: standing.site.slug }),
    )
  const isOn = plugin?.state === 'ready' && standing !== undefined && (await mayRun(core, plugin, standing))
  if (!source || !isOn || standing.isMuted(source.id))
    return refuse(fail('plugin_inactive', 'The plugin of this source is not active here.'))

  const ran = await run(core, source, limits.source, (signal) => read(core, source, plugin, standing, arrival, signal))
  if (ran.ok) {
    await noteSuccess(engine, standing, source)
    return ran.value instanceof AppError ? refuse(ran.value) : { ok: true, emissions: ran.value }
  }
  if (ran.error instanceof AppError) return refuse(ran.error)
  const { error, ms } = ran
  const fault = await recordFault(core, { handler: source, site: arrival.site, event: null, error, ms, quiet: true })
  return refuse(fail('internal', 'The source failed at this request. Its fault is kept as {fault}.', { fault }))
}

async function read(
  core: Core,
  { about }: Source,
  plugin: Ready,
  standing: Standing,
  arrival: Arrival,
  signal: AbortSignal,
): Promise<AppError | readonly Emission[]> {
  const { request, secret } = arrival
  if (about.isPing?.(request)) return []
  const settings: unknown = about.settings ? about.settings.parse(arrival.settings) : {}
  const ctx: SourceContext<unknown> = { ...baseContext(core, plugin, standing, signal), settings }
  if (secret === null && about.secret?.required)
    return fail(
      'unauthorized',
      'This source has no secret yet. Enter it on its page, so that signatures can be checked.',
    )
  if (secret !== null && about.verify) {
    const verdict = await about.verify(request, secret, ctx)
    if (isRejection(verdict)) return fail('unauthorized', '{problem}', { problem: verdict.reason })
    if (verdict !== true) return fail('unauthorized', 'The signature does not fit the body and the secret.')
  }
  if (about.toEvents === 'mapped') return mapped(core, arrival)
  const told = await about.toEvents(request, ctx)
  if (isRejection(told)) return fail('invalid', '{problem}', { problem: told.reason })
  for (const { event } of told) demandNamed(plugin, event)
  return Promise.all(told.map((one) => emissionOf(core, arrival, one)))
}

async function mapped(core: Core, arrival: Arrival): Promise<AppError | readonly Emission[]> {
  const { mapping, request } = arrival
  const type = mapping && core.types.get(mapping.event)
  if (!type) return fail('conflict', 'This source does not know which event to make. Choose one on its page.')
  const { payload, key, occurredAt } = applyMapping(mapping, request.json(), type.schema)
  const told = {
    event: type.event,
    payload,
    key: await shortKey(key ?? request.bytes),
    ...(occurredAt && { occurredAt }),
  }
  return [await emissionOf(core, arrival, told)]
}

const shortKey = async (key: string | Inbound['bytes']): Promise<string> =>
  typeof key === 'string' && key.length <= LONGEST_KEY ? key : digestOf(key)

async function emissionOf(
  core: Core,
  { id, site, hops, request }: Arrival,
  told: Told<PluginEvent>,
): Promise<Emission> {
  const { clock } = core.engine
  if (typeof told.key !== 'string' || told.key === '' || told.key.length > LONGEST_KEY)
    throw new Error(`The key of ${told.event.name} has to be a text of 1 to ${LONGEST_KEY} characters.`)
  const key = `${id}:${told.key}`
  const occurred = told.occurredAt?.getTime() ?? clock()
  return {
    type: told.event.name,
    site,
    data: told.payload as Emission['data'],
    source: `source:${id}`,
    key: told.within === undefined ? key : await keyFor(core, site, key, told.within * SECOND),
    once: true,
    occurredAt: occurred >= clock() - 30 * DAY && occurred <= clock() + 5 * MINUTE ? occurred : clock(),
    hops,
    trace: traceOf(request.headers),
  }
}

/** A key that holds for so many milliseconds: the one of the last event, where that is not older, else a new one. */
async function keyFor({ engine: { db, clock } }: Core, site: string, key: string, ms: number): Promise<string> {
  const now = clock()
  const period = Math.floor(now / ms)
  const before = `${key}@${period - 1}`
  return (await isKeySince(db, site, before, now - ms)) ? before : `${key}@${period}`
}
