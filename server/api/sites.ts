import { z } from 'zod'
import { DbError } from '../../db/db.ts'
import { insertSite, sites, updateSite } from '../../db/queries/sites.ts'
import { archiveWebhooks, cancelDeliveriesOf, wakeWebhooks } from '../../db/queries/site-state.ts'
import type { SiteTable } from '../../db/schema.ts'
import { auditEntry } from '../access/audit.ts'
import type { Deps } from '../deps.ts'
import { isoTime } from '../lib/clock.ts'
import { fail, invalid, notFound } from '../lib/errors.ts'
import { newId } from '../lib/ids.ts'
import { msg } from '../lib/message.ts'
import type { C } from '../web/env.ts'
import { parsed, readJsonObject } from './body.ts'
import { findSite } from './events.ts'
import type { Handlers } from './handlers.ts'

const RESERVED = ['new', 'admin', 'main', 'api', 'network']

const name = z.string().trim().min(1).max(191)
const slug = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, msg('A slug has 1 to 63 small letters, digits and dashes.').text)
  .refine((text) => !RESERVED.includes(text), msg('This slug is reserved. Take another one.').text)
const newSite = z.strictObject({ slug, name })
const change = z.strictObject({ name: name.optional(), state: z.enum(['active', 'archived']).optional() })

export const siteRoutes = (deps: Deps): Handlers => ({
  'GET /api/v1/sites': async () => Response.json({ data: (await sites(deps.db)).map(show), next_cursor: null }),

  'GET /api/v1/sites/:id': async (c) => Response.json(show(await find(deps, c))),

  'POST /api/v1/sites': async (c) => {
    const body = parsed(newSite, await readJsonObject(c))
    const row = { id: newId('sit', deps), ...body, created_at: deps.clock() }
    const audit = auditEntry(deps, c.get('actor'), {
      action: 'site.created',
      target: row.id,
      owner: 'network',
      after: body,
    })
    await deps.db.commit([insertSite(deps.db, row), ...audit]).catch((error: unknown) => {
      if (error instanceof DbError && error.kind === 'constraint') {
        throw invalid([{ path: 'slug', message: msg('Another site has this slug. Take another one.') }])
      }
      throw error
    })
    return Response.json(show({ ...row, state: 'active' }), { status: 201 })
  },

  'PATCH /api/v1/sites/:id': async (c) => {
    const site = await find(deps, c)
    const body = parsed(change, await readJsonObject(c))
    if (site.id === 'sit_main' && body.state === 'archived') throw fail('conflict', 'The main site cannot be archived.')
    const next = { name: body.name ?? site.name, state: body.state ?? site.state }
    const { db } = deps
    const moved =
      next.state === site.state
        ? []
        : next.state === 'archived'
          ? archiveWebhooks(db, site.id)
          : wakeWebhooks(db, site.id, deps.clock())
    const audit = auditEntry(deps, c.get('actor'), {
      action: 'site.updated',
      target: site.id,
      owner: site.id,
      before: { name: site.name, state: site.state },
      after: next,
    })
    await db.commit([updateSite(db, site.id, next), ...moved, ...audit])
    return Response.json(show({ ...site, ...next }))
  },

  'DELETE /api/v1/sites/:id': async (c) => {
    const site = await find(deps, c)
    if (site.id === 'sit_main') throw fail('conflict', 'The main site cannot be deleted.')
    const audit = auditEntry(deps, c.get('actor'), {
      action: 'site.deleted',
      target: site.id,
      owner: site.id,
      before: { slug: site.slug, name: site.name },
    })
    await deps.db.commit([
      updateSite(deps.db, site.id, { state: 'deleted' }),
      ...cancelDeliveriesOf(deps.db, site.id, deps.clock()),
      ...audit,
    ])
    return new Response(null, { status: 204 })
  },
})

async function find(deps: Deps, c: C): Promise<SiteTable> {
  const site = await findSite(deps, c.req.param('id') ?? '')
  if (!site) throw notFound()
  return site
}

const show = (site: SiteTable) => ({
  id: site.id,
  slug: site.slug,
  name: site.name,
  state: site.state,
  created_at: isoTime(site.created_at),
})
