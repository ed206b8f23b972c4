import { z } from 'zod'
import { listSites, siteBySlugOrId, type Site } from '../../db/queries/sites.ts'
import { changeSite, createSite, deleteSite, wrongSiteName, wrongSlug } from '../access/sites.ts'
import type { Deps } from '../deps.ts'
import { isoTime } from '../lib/clock.ts'
import { fail, notFound } from '../lib/errors.ts'
import { newId } from '../lib/ids.ts'
import type { Message } from '../lib/message.ts'
import type { C } from '../web/env.ts'
import { parsed, readJsonObject } from './body.ts'
import type { Handlers } from './handlers.ts'
import { listAnswer, pageOf } from './list.ts'

const LIST = 'sites'
const STATES = ['active', 'archived'] as const

const text = (wrong: (text: string) => Message | null) =>
  z
    .string()
    .trim()
    .superRefine((value, ctx) => {
      const message = wrong(value)
      if (message) ctx.addIssue({ code: 'custom', message: message.text })
    })
const name = text(wrongSiteName)
export const newSite = z.strictObject({ slug: text(wrongSlug), name })
export const changedSite = z.strictObject({ name: name.optional(), state: z.enum(STATES).optional() })

export const siteRoutes = (deps: Deps): Handlers => ({
  'GET /api/v1/sites': async (c) => {
    const { limit, position } = pageOf(c, LIST, ['number', 'string'])
    const asked = c.req.query('state')
    const state = STATES.find((one) => one === asked)
    if (asked !== undefined && !state) throw fail('bad_request', 'state is active or archived.')
    const rows = await listSites(
      deps.db,
      { state, search: c.req.query('q')?.trim().slice(0, 100) },
      {
        sort: 'created_at',
        descending: false,
        after: position && { value: Number(position[0]), id: String(position[1]) },
        limit: limit + 1,
      },
    )
    return listAnswer(LIST, rows, limit, show, (row) => [row.created_at, row.id])
  },

  'GET /api/v1/sites/:id': async (c) => Response.json(show(await find(deps, c))),

  'POST /api/v1/sites': async (c) => {
    const body = parsed(newSite, await readJsonObject(c))
    const site = await createSite(deps, c.get('actor'), { id: newId('sit', deps), ...body })
    return Response.json(show(site), { status: 201 })
  },

  'PATCH /api/v1/sites/:id': async (c) => {
    const site = await find(deps, c)
    const body = parsed(changedSite, await readJsonObject(c))
    return Response.json(show(await changeSite(deps, c.get('actor'), site, body)))
  },

  'DELETE /api/v1/sites/:id': async (c) => {
    await deleteSite(deps, c.get('actor'), await find(deps, c))
    return new Response(null, { status: 204 })
  },
})

async function find(deps: Deps, c: C): Promise<Site> {
  const site = await siteBySlugOrId(deps.db, c.req.param('id') ?? '')
  if (!site) throw notFound()
  return site
}

const show = (site: Site) => ({
  id: site.id,
  slug: site.slug,
  name: site.name,
  state: site.state,
  created_at: isoTime(site.created_at),
})
