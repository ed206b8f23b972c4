import { createRequestLimit } from '../access/limits.ts'
import type { Deps } from '../deps.ts'
import { MINUTE } from '../lib/clock.ts'
import { AppError, fail, invalid, notFound } from '../lib/errors.ts'
import { inboundOf } from '../plugin/inbound.ts'
import { createStrangerCount, findSource, noteRefusal, takeIn } from '../sources/ingest.ts'
import type { C, Handler } from '../web/env.ts'
import { KIB } from './body.ts'
import { readBytes } from '../web/forms.ts'
import type { Handlers } from './handlers.ts'
import { claimedHops, loop } from './hops.ts'

const MOST_A_MINUTE = 1200
const MOST_BYTES = 256 * KIB

/** Where senders post what happened at them. Nothing but the token in the path says who they are. */
export function ingestRoutes(deps: Deps): Handlers {
  const count = createRequestLimit(deps.clock, MOST_A_MINUTE)
  const countStrangers = createRequestLimit(deps.clock, MOST_A_MINUTE)
  const stranger = createStrangerCount(deps)
  /** Since when each source is being slowed down: its log says so once a minute. */
  const slowed = new Map<string, number>()

  const post: Handler = async (c) => {
    const { source: kind = '', token = '' } = c.req.param()
    const source = await findSource(deps, kind, token)
    if (!source) {
      countStrangers(c.get('address'))
      await stranger(kind)
      throw notFound()
    }
    try {
      count(source.id)
      const hops = claimedHops(c)
      if (hops === null) throw invalid([loop])
      return Response.json(await takeIn(deps, source, await read(c), hops + 1))
    } catch (error) {
      if (error instanceof AppError && isNews(source.id, error)) await noteRefusal(deps, source, error)
      throw error
    }
  }
  return { 'POST /ingest/:source/:token': post, 'POST /ingest/:source/:token/:event': post }

  function isNews(id: string, { code }: AppError): boolean {
    if (code !== 'too_many_requests') return true
    const minute = Math.floor(deps.clock() / MINUTE)
    if (slowed.get(id) === minute) return false
    slowed.set(id, minute)
    return true
  }
}

async function read(c: C) {
  if (c.req.header('content-encoding'))
    throw fail('unsupported_media_type', 'Send the body as it is, without content-encoding.')
  const bytes = await readBytes(c.req.raw, MOST_BYTES)
  return inboundOf(bytes, {
    headers: c.req.raw.headers,
    query: new URL(c.req.url).searchParams,
    event: c.req.param('event') ?? null,
  })
}
