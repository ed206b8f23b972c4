import { sql } from 'kysely'
import type { Deps } from '../deps.ts'
import type { Handlers } from './handlers.ts'

export const healthRoutes = (deps: Deps): Handlers => ({
  'GET /healthz': () => Response.json({ status: 'ok' }),

  // Ready: the database answers with our tables in place, and somebody sends what is due.
  'GET /readyz': async () => {
    const dispatcher = deps.dispatcher()
    const database = await sql`select value from counter where name = 'event'`.execute(deps.db.q).then(
      () => 'ok',
      () => 'unreachable',
    )
    const ready = database === 'ok' && dispatcher !== 'stalled'
    return Response.json({ status: ready ? 'ok' : 'not ready', database, dispatcher }, { status: ready ? 200 : 503 })
  },
})
