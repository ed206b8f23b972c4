import { setting } from '../../db/queries/settings.ts'
import type { Deps } from '../deps.ts'
import type { Handlers } from './handlers.ts'

export const meRoutes = (deps: Deps): Handlers => ({
  // Flat, because builders such as Zapier show these fields as the label of a connection.
  'GET /api/v1/me': async (c) => {
    const { id, name } = c.get('actor')
    return Response.json({ id, name, network: await setting(deps.db, 'network_name') })
  },
})
