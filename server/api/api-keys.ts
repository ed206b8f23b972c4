import { z } from 'zod'
import { keyById, keysAfter, oldOfKeys, type KeyRow } from '../../db/queries/api-keys.ts'
import { countHooksOf } from '../../db/queries/key-hooks.ts'
import { siteBySlugOrId } from '../../db/queries/sites.ts'
import { createKey, keyState, rotate } from '../access/api-keys.ts'
import { revoke } from '../access/key-end.ts'
import { wrongName } from '../access/person.ts'
import { scopes } from '../access/roles.ts'
import type { Deps } from '../deps.ts'
import { isoTime } from '../lib/clock.ts'
import type { Owner } from '../lib/actor.ts'
import { invalid, notFound } from '../lib/errors.ts'
import { msg } from '../lib/message.ts'
import { overlaps, usualOverlap } from '../webhooks/rotate.ts'
import type { C } from '../web/env.ts'
import { parsed, readJsonObject } from './body.ts'
import type { Handlers } from './handlers.ts'
import { listAnswer, pageOf } from './list.ts'

const LIST = 'api-keys'

/** `site`: slug or id; without it the key is of the network, or of the site of the key that asks. */
export const newKey = z.strictObject({
  name: z.string(),
  scopes: z.array(z.enum(scopes)).min(1),
  site: z.string().optional(),
  expires_at: z.iso.datetime({ offset: true }).nullable().optional(),
})
export const keyRotation = z.strictObject({ overlap_hours: z.literal(overlaps).optional() })

export const apiKeyApiRoutes = (deps: Deps): Handlers => ({
  'GET /api/v1/api-keys': async (c) => {
    const { limit, position } = pageOf(c, LIST, ['string'])
    const { owner } = c.var.actor
    const rows = await keysAfter(
      deps.db,
      owner === 'network' ? null : owner,
      position ? String(position[0]) : '',
      limit + 1,
    )
    const show = await shower(deps, rows.slice(0, limit))
    return listAnswer(LIST, rows, limit, show, ({ id }) => [id])
  },

  'GET /api/v1/api-keys/:id': async (c) => answer(deps, await find(deps, c)),

  'POST /api/v1/api-keys': async (c) => {
    const body = parsed(newKey, await readJsonObject(c))
    const name = body.name.trim()
    const expiresAt = typeof body.expires_at === 'string' ? Date.parse(body.expires_at) : null
    const wrong = wrongName(name)
    if (wrong) throw invalid([{ path: 'name', message: wrong }])
    if (expiresAt !== null && expiresAt <= deps.clock())
      throw invalid([{ path: 'expires_at', message: msg('This time has passed.') }])
    const owner = await ownerOf(deps, c, body.site)
    const { id, secret } = await createKey(deps, c.var.actor, { name, scopes: body.scopes, owner, expiresAt })
    return answer(deps, await byId(deps, id), { status: 201, more: { key: secret } })
  },

  // It stays in the list, so that the audit log can be read: the answer is the key as it is now.
  'DELETE /api/v1/api-keys/:id': async (c) => {
    const key = await find(deps, c)
    const { hooks } = key.revoked_at === null ? await revoke(deps, c.var.actor, key) : { hooks: 0 }
    return answer(deps, await byId(deps, key.id), { more: { hooks_retired: hooks } })
  },

  'POST /api/v1/api-keys/:id/rotate': async (c) => {
    const key = await find(deps, c)
    const { overlap_hours: overlap = usualOverlap } = parsed(keyRotation, await readJsonObject(c))
    const { secret, oldUntil } = await rotate(deps, c.var.actor, key, { overlap, seen: key.rotated_at })
    return Response.json(
      { id: key.id, key: secret, overlap_hours: overlap, old_until: isoTime(oldUntil) },
      { headers: { 'cache-control': 'no-store' } },
    )
  },
})

async function find(deps: Deps, c: C): Promise<KeyRow> {
  const key = await keyById(deps.db, c.req.param('id') ?? '', c.var.actor.owner)
  if (!key) throw notFound()
  return key
}

async function byId(deps: Deps, id: string): Promise<KeyRow> {
  const key = await keyById(deps.db, id)
  if (!key) throw notFound()
  return key
}

async function ownerOf(deps: Deps, c: C, named: string | undefined): Promise<Owner> {
  const { owner } = c.var.actor
  if (named === undefined) return owner
  const site = await siteBySlugOrId(deps.db, named)
  if (site?.state === 'active' && (owner === 'network' || owner === site.id)) return site.id
  throw invalid([{ path: 'site', message: msg('There is no site of this name.') }])
}

async function answer(
  deps: Deps,
  key: KeyRow,
  { status = 200, more = {} }: { readonly status?: number; readonly more?: object } = {},
): Promise<Response> {
  const show = await shower(deps, [key])
  return Response.json({ ...show(key), ...more }, { status, headers: { 'cache-control': 'no-store' } })
}

/** Shows these keys, with what is looked up for all of them at once. */
async function shower(deps: Deps, rows: readonly KeyRow[]) {
  const now = deps.clock()
  const ids = rows.map(({ id }) => id)
  const [hooks, old] = await Promise.all([countHooksOf(deps.db, ids), oldOfKeys(deps.db, ids, now)])
  const timeOf = (at: number | null) => (at === null ? null : isoTime(at))
  return (key: KeyRow) => ({
    id: key.id,
    name: key.name,
    hint: key.hint,
    scopes: JSON.parse(key.scopes) as string[],
    site: key.siteSlug,
    state: keyState(key, now),
    maker: key.maker,
    made_by: key.made_by,
    hooks: hooks.get(key.id) ?? 0,
    created_at: isoTime(key.created_at),
    rotated_at: timeOf(key.rotated_at),
    old_until: timeOf(old.find(({ key_id: id }) => id === key.id)?.until ?? null),
    expires_at: timeOf(key.expires_at),
    revoked_at: timeOf(key.revoked_at),
    last_used_at: timeOf(key.last_used_at),
  })
}
