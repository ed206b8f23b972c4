import { eventsAfter, lastEventSeq } from '../../db/queries/events.ts'
import { setting } from '../../db/queries/settings.ts'
import type { Deps } from '../deps.ts'
import { DAY, HOUR, MINUTE, SECOND } from '../lib/clock.ts'
import { encodeCursor } from '../lib/cursor.ts'
import { fail } from '../lib/errors.ts'
import type { C } from '../web/env.ts'
import { showEvent } from './events.ts'
import type { Handlers } from './handlers.ts'
import { pageOf } from './list.ts'

const ASK_AGAIN = 10

/** Events to be pulled, in the order in which they were stored: for who cannot be called, and to catch up after an outage. */
export const journalRoutes = (deps: Deps): Handlers => ({
  'GET /api/v1/journal': async (c) => {
    const { limit, position } = pageOf(c, 'journal', ['number', 'number'])
    const since = seekOf(c, deps.clock())
    if (position && since !== null) throw fail('bad_request', 'Send cursor or seek, not both.')
    const days = Number(await setting(deps.db, 'keep_days_events'))
    if (position && Number(position[1]) < deps.clock() - days * DAY) {
      throw fail(
        'cursor_expired',
        'Events behind this cursor may be gone: they are kept {days} days. Begin anew with seek, or without a cursor.',
        { days },
      )
    }
    const { owner } = c.get('actor')
    const siteId = owner === 'network' ? null : owner
    // Read first: whatever has a number up to this one is stored by now, and the events read below are all of them.
    const top = await lastEventSeq(deps.db)
    const filter = { siteId, since, until: null, test: false, limit }
    const rows = (await eventsAfter(deps.db, filter, Number(position?.[0] ?? 0))).toReversed()
    const last = rows.at(-1)
    const next = encodeCursor('journal', last ? [last.seq, last.created_at] : [top, deps.clock()])
    const headers = { link: `<${deps.publicUrl()}/api/v1/journal?cursor=${next}&limit=${limit}>; rel="next"` }
    if (!last) return new Response(null, { status: 204, headers: { ...headers, 'retry-after': String(ASK_AGAIN) } })
    return Response.json({ data: rows.map(showEvent), next_cursor: next }, { headers })
  },
})

/** Where to begin: a time, or how long ago, as in -PT2H. */
function seekOf(c: C, now: number): number | null {
  const raw = c.req.query('seek')
  if (raw === undefined) return null
  const [whole, ...parts] =
    /^-P(?=.)(?:(\d{1,4})D)?(?:T(?=.)(?:(\d{1,4})H)?(?:(\d{1,6})M)?(?:(\d{1,8})S)?)?$/.exec(raw) ?? []
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = parts.map((part) => Number(part ?? 0))
  const time =
    whole === undefined ? Date.parse(raw) : now - days * DAY - hours * HOUR - minutes * MINUTE - seconds * SECOND
  if (Number.isNaN(time))
    throw fail('bad_request', 'seek is a time such as 2026-01-31T12:00:00Z, or a while ago: -PT2H.')
  return time
}
