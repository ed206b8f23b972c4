import type { Deps } from '../deps.ts'
import { notFound } from '../lib/errors.ts'
import type { EventType } from '../plugin/host.ts'
import type { Handlers } from './handlers.ts'

export const eventTypeRoutes = (deps: Deps): Handlers => ({
  'GET /api/v1/event-types': () => Response.json({ data: deps.host.eventTypes().map(show), next_cursor: null }),

  'GET /api/v1/event-types/:name': (c) => Response.json(show(find(deps, c.req.param('name')))),

  // An array of one: the form in which Zapier and its like ask for samples.
  'GET /api/v1/event-types/:name/sample': (c) => Response.json([find(deps, c.req.param('name')).sample]),
})

function find(deps: Deps, name: string | undefined): EventType {
  const type = deps.host.eventType(name ?? '')
  if (!type) throw notFound()
  return type
}

const show = (type: EventType) => ({
  name: type.name,
  title: type.title,
  sentence: type.sentence,
  description: type.description,
  lane: type.lane,
  plugin: type.plugin,
  schema: type.schema,
  sample: type.sample,
})
