import { sql } from 'kysely'
import type { Deps } from '../deps.ts'
import { isSending } from '../webhooks/sending.ts'
import type { Handlers } from './handlers.ts'

export const healthRoutes = (deps: Deps): Handlers => ({
  'GET /healthz': () => Response.json({ status: 'ok' }),

  // Ready: the database answers with our tables in place, and somebody sends what is due.
  'GET /readyz': async () => {
    const database = await sql`select value from counter where name = 'event'`.execute(deps.db.q).then(
      () => 'ok',
      () => 'unreachable',
    )
    const switchedOff = database === 'ok' && !(await isSending(deps))
    const dispatcher = switchedOff ? 'off' : deps.dispatcher()
    const ready = database === 'ok' && dispatcher !== 'stalled'
    return Response.json({ status: ready ? 'ok' : 'not ready', database, dispatcher }, { status: ready ? 200 : 503 })
  },
})
