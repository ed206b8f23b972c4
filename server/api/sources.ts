import { z } from 'zod'
import { sourceById, sourcesAfter, type SourceRow } from '../../db/queries/sources.ts'
import { siteBySlugOrId } from '../../db/queries/sites.ts'
import type { Deps } from '../deps.ts'
import { can } from '../lib/actor.ts'
import { isoTime } from '../lib/clock.ts'
import { fail, invalid, notFound, type AppError } from '../lib/errors.ts'
import { isId, newId } from '../lib/ids.ts'
import type { Json, JsonObject } from '../lib/json.ts'
import { msg } from '../lib/message.ts'
import type { SourceKind } from '../plugin/host.ts'
import { readSource, type SourceDraft, type SourceInput } from '../sources/draft.ts'
import { addressOf, addSource, changeSource, removeSource, rotateToken, switchSource } from '../sources/lifecycle.ts'
import type { C } from '../web/env.ts'
import { MASK } from '../webhooks/redact.ts'
import { parsed, readJsonObject } from './body.ts'
import { siteFilter } from './events.ts'
import type { Handlers } from './handlers.ts'
import { listAnswer, pageOf } from './list.ts'

const fields = z.strictObject({
  name: z.string(),
  secret: z.string().nullable(),
  settings: z.record(z.string(), z.json()),
  mapping: z.json(),
})
export const newSource = fields
  .partial()
  .required({ name: true })
  .extend({ kind: z.string(), site: z.string().optional() })
export const changedSource = fields.partial().extend({ active: z.boolean().optional() })
export const newAddress = z.strictObject({ at_once: z.boolean().default(false) })

export const sourceRoutes = (deps: Deps): Handlers => ({
  'GET /api/v1/sources': async (c) => {
    const { limit, position } = pageOf(c, 'sources', ['string'])
    const { owner } = c.get('actor')
    const site = owner === 'network' ? await siteFilter(deps, c) : owner
    const rows = await sourcesAfter(deps.db, site, String(position?.[0] ?? ''), limit + 1)
    return listAnswer(
      'sources',
      rows,
      limit,
      (row) => show(deps, row),
      (row) => [row.id],
    )
  },

  'GET /api/v1/sources/:id': async (c) => Response.json(show(deps, await asked(c, deps))),

  'POST /api/v1/sources': async (c) => {
    const body = parsed(newSource, await readJsonObject(c))
    const kind = kindOf(deps, body.kind)
    const { owner } = c.get('actor')
    const site = await siteBySlugOrId(deps.db, owner === 'network' ? (body.site ?? 'main') : owner)
    if (!site) throw invalid([{ path: 'site', message: msg('There is no site of this name.') }])
    const { name, secret = null, settings = {}, mapping = null } = body
    const draft = checked(deps, kind, { name, secret, settings, mapping })
    const id = newId('src', deps)
    const url = await addSource(deps, c.get('actor'), { ...draft, id, kind: kind.name, site: site.id })
    const made = await sourceById(deps.db, id)
    if (!made) throw new Error('The database did not keep a source that it just stored.')
    return Response.json({ ...show(deps, made), url }, { status: 201 })
  },

  'PATCH /api/v1/sources/:id': async (c) => {
    const source = await asked(c, deps)
    const { active, ...body } = parsed(changedSource, await readJsonObject(c))
    if (Object.keys(body).length > 0) {
      const draft = checked(deps, kindOf(deps, source.kind), {
        name: body.name ?? source.name,
        // null and '' both mean: no secret any more.
        secret: body.secret === undefined ? null : (body.secret ?? ''),
        settings: body.settings ?? (JSON.parse(source.settings) as JsonObject),
        mapping: body.mapping ?? (source.mapping === null ? null : (JSON.parse(source.mapping) as Json)),
      })
      if (!(await changeSource(deps, c.get('actor'), source, draft))) throw changedMeanwhile()
    }
    if (active !== undefined) {
      const state = active ? 'active' : 'retired'
      if (!(await switchSource(deps, c.get('actor'), await asked(c, deps), state))) throw changedMeanwhile()
    }
    return Response.json(show(deps, await asked(c, deps)))
  },

  'DELETE /api/v1/sources/:id': async (c) => {
    await removeSource(deps, c.get('actor'), await asked(c, deps))
    return new Response(null, { status: 204 })
  },

  'POST /api/v1/sources/:id/rotate-address': async (c) => {
    const source = await asked(c, deps)
    const { at_once: atOnce } = parsed(newAddress, await readJsonObject(c))
    const url = await rotateToken(deps, c.get('actor'), source, { atOnce })
    if (url === null) throw changedMeanwhile()
    return Response.json({ ...show(deps, await asked(c, deps)), url })
  },
})

/** A source as the API tells of it. Its address is a secret: only who makes a new one gets it whole. */
const show = (deps: Deps, row: SourceRow) => ({
  id: row.id,
  kind: row.kind,
  name: row.name,
  site: row.site_slug,
  active: row.state === 'active',
  url: addressOf(deps, row.kind, MASK),
  old_url_until: row.previous_until !== null && row.previous_until > deps.clock() ? isoTime(row.previous_until) : null,
  has_secret: row.secret !== null,
  settings: JSON.parse(row.settings) as JsonObject,
  mapping: row.mapping === null ? null : (JSON.parse(row.mapping) as JsonObject),
  taken: row.taken,
  refused: row.refused,
  last_taken_at: row.last_taken_at === null ? null : isoTime(row.last_taken_at),
  last_refused_at: row.last_refused_at === null ? null : isoTime(row.last_refused_at),
  created_at: isoTime(row.created_at),
})

async function asked(c: C, deps: Deps): Promise<SourceRow> {
  const id = c.req.param('id') ?? ''
  const source = isId('src', id) ? await sourceById(deps.db, id) : undefined
  if (!source || !can(c.get('actor'), 'network:read', source.site_id)) throw notFound()
  return source
}

function kindOf(deps: Deps, name: string): SourceKind {
  const kind = deps.host.sources().find((one) => one.name === name)
  if (kind) return kind
  const kinds = deps.host.sources().map((one) => one.name)
  throw invalid([{ path: 'kind', message: msg('This has to be one of {values}.', { values: kinds.join(', ') }) }])
}

function checked(deps: Deps, kind: SourceKind, input: SourceInput): SourceDraft {
  const read = readSource(deps.host, kind, input)
  if (!read.ok) throw invalid(read.errors)
  return read.draft
}

const changedMeanwhile = (): AppError =>
  fail('revision_conflict', 'Somebody else changed this source meanwhile. Read it again and repeat your change.')
