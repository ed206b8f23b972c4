import { z } from 'zod'
import { requestById, requestsBefore } from '../../db/queries/privacy.ts'
import type { PrivacyRequestTable } from '../../db/schema.ts'
import { normalEmail, wrongEmail } from '../access/person.ts'
import type { Deps } from '../deps.ts'
import { isoTime } from '../lib/clock.ts'
import { fail, invalid, notFound, type AppError } from '../lib/errors.ts'
import { isId } from '../lib/ids.ts'
import { msg } from '../lib/message.ts'
import { exportAnswer } from '../privacy/export.ts'
import { progressOf, startErasing, startSearch, stop, tallyOf } from '../privacy/request.ts'
import type { C } from '../web/env.ts'
import { parsed, readJsonObject } from './body.ts'
import type { Handlers } from './handlers.ts'
import { listAnswer, pageOf } from './list.ts'

const LIST = 'privacy'

/** To erase, the address is given once more, so that it is nobody else by mistake. */
export const addressed = z.strictObject({ address: z.string() })

/** Personal data by e-mail address: a search is a request, which then is exported or erased. */
export const privacyApiRoutes = (deps: Deps): Handlers => ({
  'GET /api/v1/privacy': async (c) => {
    const { limit, position } = pageOf(c, LIST, ['number', 'string'])
    const before = position && { at: Number(position[0]), id: String(position[1]) }
    const rows = await requestsBefore(deps.db, before, limit + 1)
    return listAnswer(LIST, rows, limit, show, ({ created_at: at, id }) => [at, id])
  },

  'POST /api/v1/privacy': async (c) => {
    const { address } = parsed(addressed, await readJsonObject(c))
    const wrong = wrongEmail(address.trim())
    if (wrong) throw invalid([{ path: 'address', message: wrong }])
    const id = await startSearch(deps, c.var.actor, normalEmail(address))
    return Response.json(show(await byId(deps, id)), { status: 201 })
  },

  'GET /api/v1/privacy/:id': async (c) => Response.json(show(await asked(deps, c))),

  'POST /api/v1/privacy/:id/export': async (c) => {
    const request = await asked(deps, c)
    if (request.state !== 'found' || request.address === null) throw notNow()
    return exportAnswer(deps, c.var.actor, request)
  },

  'POST /api/v1/privacy/:id/erase': async (c) => {
    const request = await asked(deps, c)
    const { address } = parsed(addressed, await readJsonObject(c))
    if (request.address === null) throw notNow()
    if (normalEmail(address) !== request.address) {
      const message = msg('Type {address}, so that it is nobody else by mistake.', { address: request.address })
      throw invalid([{ path: 'address', message }])
    }
    if (!(await startErasing(deps, c.var.actor, request))) throw notNow()
    return Response.json(show(await byId(deps, request.id)), { status: 202 })
  },

  'POST /api/v1/privacy/:id/stop': async (c) => {
    const request = await asked(deps, c)
    if (!(await stop(deps, c.var.actor, request))) throw notNow()
    return Response.json(show(await byId(deps, request.id)))
  },
})

const notNow = (): AppError =>
  fail(
    'conflict',
    'That cannot be done with this request now: what was found is exported or erased while its address is known, and only what runs is stopped.',
  )

async function byId(deps: Deps, id: string): Promise<PrivacyRequestTable> {
  const request = isId('prv', id) ? await requestById(deps.db, id) : undefined
  if (!request) throw notFound()
  return request
}

const asked = (deps: Deps, c: C): Promise<PrivacyRequestTable> => byId(deps, c.req.param('id') ?? '')

const show = (request: PrivacyRequestTable) => ({
  id: request.id,
  address: request.address,
  masked: request.masked,
  state: request.state,
  waits: progressOf(request).waits,
  created_at: isoTime(request.created_at),
  ended_at: request.ended_at === null ? null : isoTime(request.ended_at),
  places: tallyOf(request),
})
