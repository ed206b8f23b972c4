import { isConstraint } from '../../db/db.ts'
import { eventsBefore, type EventRow } from '../../db/queries/events.ts'
import { siteBySlugOrId } from '../../db/queries/sites.ts'
import type { Deps } from '../deps.ts'
import { isoTime } from '../lib/clock.ts'
import { fail, invalid } from '../lib/errors.ts'
import { isObject, type Json, type JsonObject } from '../lib/json.ts'
import { msg } from '../lib/message.ts'
import type { Emission, Emitted } from '../plugin/host.ts'
import { ownEvent } from '../webhooks/own.ts'
import type { C } from '../web/env.ts'
import { KIB, MIB, readJson, readJsonObject } from './body.ts'
import { emissionReader } from './emission.ts'
import type { Handlers } from './handlers.ts'
import { listAnswer, pageOf, timeOf } from './list.ts'

const MOST_IN_BATCH = 500

export const eventRoutes = (deps: Deps): Handlers => ({
  'POST /api/v1/events': async (c) => {
    // The payload may have 256 KiB; what stands around it needs a little room of its own.
    const body = await readJsonObject(c, 264 * KIB)
    const emission = await emissionReader(deps, c)(body, { key: c.req.header('idempotency-key') })
    const [emitted] = await deps.host.emit([emission])
    if (!emitted) throw new Error('The host did not answer for an emission.')
    return Response.json(show(emitted), { status: 202 })
  },

  'POST /api/v1/events/batch': async (c) => {
    const body = await readJson(c, deps.eventBatch ?? 4 * MIB)
    if (!Array.isArray(body)) throw fail('bad_json', 'The body has to be one JSON array of events.')
    if (body.length === 0 || body.length > MOST_IN_BATCH)
      throw fail('too_large', 'Send 1 to {most} events at a time.', { most: MOST_IN_BATCH })
    const items = body.map((item: Json, n) => {
      if (isObject(item)) return item
      throw invalid([{ path: String(n), message: msg('This has to be one JSON object.') }])
    })
    const list: Emission[] = []
    const read = emissionReader(deps, c)
    for (const [n, item] of items.entries()) list.push(await read(item, { path: `${n}.` }))
    const emitted = await deps.host.emit(list).catch((error: unknown) => {
      if (!isConstraint(error)) throw error
      throw fail(
        'idempotency_mismatch',
        'One of the ids was used before with another body. Nothing of this batch was stored.',
      )
    })
    return Response.json({ data: emitted.map(show) }, { status: 202 })
  },

  'GET /api/v1/events': async (c) => {
    const { limit, position } = pageOf(c, 'events', ['number'])
    const owner = c.get('actor').owner
    const rows = await eventsBefore(deps.db, {
      siteId: owner === 'network' ? await siteFilter(deps, c) : owner,
      type: c.req.query('type'),
      since: timeOf(c, 'since'),
      until: timeOf(c, 'until'),
      test: testFilter(c),
      before: position === null ? null : Number(position[0]),
      limit: limit + 1,
    })
    return listAnswer('events', rows, limit, showEvent, (row) => [row.seq])
  },

  'GET /api/v1/events/:id': async (c) => {
    return Response.json(showEvent(await ownEvent(deps.db, c.get('actor').owner, c.req.param('id') ?? '')))
  },
})

/** `true`, `false`, or absent for both. */
export const testFilter = (c: C): boolean | null => {
  const raw = c.req.query('test')
  return raw === undefined ? null : raw === 'true' || raw === '1'
}

export async function siteFilter(deps: Deps, c: C): Promise<string | null> {
  const raw = c.req.query('site')
  if (raw === undefined) return null
  return (await siteBySlugOrId(deps.db, raw))?.id ?? 'none'
}

const show = ({ id, deliveries, duplicate }: Emitted) => ({ id, deliveries, duplicate })

export const showEvent = (event: EventRow) => ({
  id: event.id,
  type: event.type,
  site: event.site_slug,
  data: JSON.parse(event.payload) as JsonObject,
  source: event.source,
  test: event.test === 1,
  rejected: event.rejected,
  occurred_at: isoTime(event.occurred_at),
  created_at: isoTime(event.created_at),
  erased_at: event.erased_at === null ? null : isoTime(event.erased_at),
})
