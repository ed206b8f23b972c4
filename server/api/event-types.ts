import { siteById, siteFor } from '../../db/queries/sites.ts'
import type { Deps } from '../deps.ts'
import type { Owner } from '../lib/actor.ts'
import { badCursor } from '../lib/cursor.ts'
import { notFound } from '../lib/errors.ts'
import type { Json } from '../lib/json.ts'
import type { EventType } from '../plugin/host.ts'
import { flat } from '../webhooks/formats.ts'
import { formatNetwork } from '../webhooks/network.ts'
import type { Handlers } from './handlers.ts'
import { listAnswer, pageOf } from './list.ts'

const LIST = 'event-types'

export const eventTypeRoutes = (deps: Deps): Handlers => ({
  // Without a page asked for, all of them: builders fill a dropdown with what one request gives.
  'GET /api/v1/event-types': (c) => {
    const types = deps.host.eventTypes()
    const asked = c.req.query('limit') !== undefined || c.req.query('cursor') !== undefined
    if (!asked) return Response.json({ data: types.map(show), next_cursor: null })
    const { limit, position } = pageOf(c, LIST, ['string'])
    const last = position === null ? -1 : types.findIndex(({ name }) => name === position[0])
    if (position !== null && last < 0) throw badCursor()
    return listAnswer(LIST, types.slice(last + 1, last + 2 + limit), limit, show, ({ name }) => [name])
  },

  'GET /api/v1/event-types/:name': (c) => Response.json(show(find(deps, c.req.param('name')))),

  // An array of one, with the fields that a REST hook delivers: so Zapier and its like ask for samples.
  'GET /api/v1/event-types/:name/sample': async (c) => {
    const flatten = await sampler(deps, c.get('actor').owner)
    return Response.json([flatten(find(deps, c.req.param('name')))])
  },
})

/** The same each time: builders take another id for another event. */
const SAMPLE_ID = 'evt_00000000000000000000000000'

/** Makes of a type what a flat webhook of this owner would get with its sample. */
export async function sampler(deps: Deps, owner: Owner): Promise<(type: EventType) => Json> {
  const [site, network] = await Promise.all([siteById(deps.db, siteFor(owner)), formatNetwork(deps)])
  return ({ name, sample }) => {
    const event = { id: SAMPLE_ID, type: name, occurredAt: deps.clock(), site: site?.slug ?? 'main', data: sample }
    return flat.one(event, network, {})
  }
}

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
