import { z } from 'zod'
import { siteBySlugOrId } from '../../db/queries/sites.ts'
import { userById, usersAfter, type User } from '../../db/queries/people.ts'
import type { Role } from '../../db/schema.ts'
import { giveLink, LINK_LIFETIME, newLink, type LinkKind } from '../access/links.ts'
import { changePerson, createPerson, removePerson } from '../access/people.ts'
import { normalEmail, readRole, wrongFields, wrongName } from '../access/person.ts'
import { roles } from '../access/roles.ts'
import type { Deps } from '../deps.ts'
import { isoTime } from '../lib/clock.ts'
import { fail, invalid, notFound, type FieldError } from '../lib/errors.ts'
import { newId } from '../lib/ids.ts'
import { msg } from '../lib/message.ts'
import type { C } from '../web/env.ts'
import { parsed, readJsonObject } from './body.ts'
import type { Handlers } from './handlers.ts'
import { listAnswer, pageOf } from './list.ts'

const LIST = 'users'

/** `site`: slug or id, for a site admin. */
export const invited = z.strictObject({
  name: z.string(),
  email: z.string(),
  role: z.enum(roles),
  site: z.string().optional(),
})

/** What is left out stays. A site admin who gets another role has no site any more. */
export const changedUser = invited.omit({ email: true }).partial()

/** People, and links that let them in. Super admins are for people: no route of the API lets one in, or changes one. */
export const userApiRoutes = (deps: Deps): Handlers => ({
  'GET /api/v1/users': async (c) => {
    const { limit, position } = pageOf(c, LIST, ['string'])
    const asked = c.req.query('role')
    const role = roles.find((one) => one === asked)
    if (asked !== undefined && role === undefined)
      throw fail('bad_request', 'role is one of: {roles}.', { roles: roles.join(', ') })
    const search = (c.req.query('q') ?? '').trim().slice(0, 100)
    const after = position ? String(position[0]) : ''
    const rows = await usersAfter(deps.db, { role, search }, after, limit + 1)
    return listAnswer(LIST, rows, limit, show, ({ id }) => [id])
  },

  'GET /api/v1/users/:id': async (c) => Response.json(show(await find(deps, c))),

  'POST /api/v1/users': async (c) => {
    const body = parsed(invited, await readJsonObject(c))
    mustNotBeSuper(body.role)
    const site = body.site === undefined ? undefined : await siteBySlugOrId(deps.db, body.site)
    const role = readRole(body.role, site?.state === 'active' ? site.id : null)
    const person = { name: body.name.trim(), email: normalEmail(body.email), password: null }
    const errors = [...wrongFields(person), ...(role.ok ? [] : role.errors), ...siteToNobody(role, body.site)]
    if (errors.length > 0 || !role.ok) throw invalid(errors)
    const id = newId('usr', deps)
    const link = await newLink(deps, c.var.actor, { id, ...role }, 'invite')
    await createPerson(deps, c.var.actor, { ...person, id, role: role.role, siteId: role.siteId }, link.statements)
    const user = await userById(deps.db, id)
    if (!user) throw notFound()
    return Response.json({ ...show(user), ...shownLink(deps, 'invite', link.url) }, { status: 201 })
  },

  'PATCH /api/v1/users/:id': async (c) => {
    const user = await find(deps, c)
    const body = parsed(changedUser, await readJsonObject(c))
    const name = body.name?.trim() ?? user.name
    const role = readRole(body.role ?? user.role, await siteIdFor(deps, user, body.site))
    const wrong = body.name === undefined ? null : wrongName(name)
    const errors = [
      ...(wrong ? [{ path: 'name', message: wrong }] : []),
      ...(role.ok ? [] : role.errors),
      ...siteToNobody(role, body.site),
    ]
    if (errors.length > 0 || !role.ok) throw invalid(errors)
    await changePerson(deps, c.var.actor, user, { name, role: role.role, siteId: role.siteId })
    return Response.json(show(await find(deps, c)))
  },

  'DELETE /api/v1/users/:id': async (c) => {
    await removePerson(deps, c.var.actor, await find(deps, c))
    return new Response(null, { status: 204 })
  },

  'POST /api/v1/users/:id/reset': async (c) => {
    const user = await find(deps, c)
    mustNotBeSuper(user.role)
    const kind = user.hasPassword === 1 ? 'reset' : 'invite'
    const url = await giveLink(deps, c.var.actor, user, kind)
    return Response.json({ id: user.id, email: user.email, ...shownLink(deps, kind, url) })
  },
})

/** What is wrong with a site for somebody whose role goes for the whole network. */
const siteToNobody = (role: ReturnType<typeof readRole>, site: string | undefined): FieldError[] =>
  role.ok && role.siteId === 'network' && site !== undefined
    ? [{ path: 'site', message: msg('Only a site admin has a site.') }]
    : []

async function find(deps: Deps, c: C): Promise<User> {
  const user = await userById(deps.db, c.req.param('id') ?? '')
  if (!user) throw notFound()
  return user
}

/** The id of the site that is asked for, or else the one that somebody has. */
async function siteIdFor(deps: Deps, { siteId }: User, asked: string | undefined): Promise<string | null> {
  if (asked !== undefined) return (await siteBySlugOrId(deps.db, asked))?.id ?? null
  return siteId === 'network' ? null : siteId
}

/** Whoever holds such a link could do more than any key may. */
function mustNotBeSuper(role: Role): void {
  if (role !== 'super_admin') return
  throw fail(
    'forbidden',
    'A key lets no super admin in. A super admin makes this link on Users, or whoever runs the server with hookline db let-in.',
  )
}

/** It is in no answer but this one. */
const shownLink = (deps: Deps, kind: LinkKind, url: string) => ({
  kind,
  link: url,
  link_until: isoTime(deps.clock() + LINK_LIFETIME[kind]),
  mailed: deps.mailer !== undefined,
})

const show = (user: User) => ({
  id: user.id,
  name: user.name,
  email: user.email,
  role: user.role,
  site: user.site,
  has_password: user.hasPassword === 1,
  two_factor: user.twoFactor === 1,
  created_at: user.createdAt,
})
