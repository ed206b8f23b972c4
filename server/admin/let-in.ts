import { siteBySlug, siteOrItsRest } from '../../db/queries/sites.ts'
import { settings } from '../../db/queries/settings.ts'
import type { Visitor } from '../access/access.ts'
import { rules, type Rule } from '../access/rules.ts'
import type { Deps } from '../deps.ts'
import { can, type Actor } from '../lib/actor.ts'
import { fail, notFound } from '../lib/errors.ts'
import type { C, Handler, Scope } from '../web/env.ts'
import { pickLocale, translator } from '../web/i18n.ts'

const NETWORK: Scope = { base: '/network', owner: 'network', site: null }

/** Makes a route for people: who is logged in is let in as far as the role goes; who is not logs in first. */
export const forPeople =
  (deps: Deps, rule: Rule, handler: Handler): Handler =>
  async (c) => {
    const visitor = await visitorOf(deps, c)
    await speakTo(deps, c, visitor)
    if (rule === 'public') return handler(c)
    if (!visitor) return toLogin(c)
    const { actor } = visitor
    const scope = await enter(deps, c, actor)
    if (!scope) throw notFound()
    const home = c.get('scope')
    if (scope.site === null && home.site !== null && c.req.path === '/network') return c.redirect(home.base, 303)
    if (rule !== 'session' && !can(actor, rule, scope.owner)) {
      throw fail('forbidden', 'Your role does not allow this. Ask a super admin of this network.')
    }
    c.set('scope', scope)
    return handler(c)
  }

/** Where no route leads: somebody who is logged in keeps the frame, with the menu of where they are. */
export async function keepFrame(deps: Deps, c: C): Promise<void> {
  const visitor = await visitorOf(deps, c)
  if (!visitor) return
  await speakTo(deps, c, visitor)
  const scope = await enter(deps, c, visitor.actor)
  if (scope && can(visitor.actor, rules['GET {area}'], scope.owner)) c.set('scope', scope)
}

const visitorOf = ({ access }: Deps, c: C): Promise<Visitor | null> =>
  access.bySession(c.req.raw.headers, c.get('address'))

/** From here on in the language and on the clock of the visitor, else of the network. */
async function speakTo({ db }: Deps, c: C, visitor: Visitor | null): Promise<void> {
  const network = await settings(db, ['language', 'time_zone'])
  const language = visitor?.locale ?? (network.language || null)
  const timeZone = visitor?.timeZone ?? network.time_zone
  c.set('t', translator(pickLocale(language, c.req.header('accept-language')), timeZone))
  c.set('networkZone', network.time_zone)
}

/** Places somebody at home, where they are told what goes wrong, and gives the area of the path; null if it is not theirs. */
async function enter(deps: Deps, c: C, actor: Actor): Promise<Scope | null> {
  const home = await homeOf(deps, actor.owner)
  c.set('actor', actor)
  c.set('scope', home)
  const [, slug] = /^\/sites\/([^/]*)/.exec(c.req.path) ?? []
  if (slug === undefined) return c.req.path.startsWith('/network') ? NETWORK : home
  const scope = await scopeOf(deps, slug)
  return actor.owner === 'network' || actor.owner === scope?.owner ? scope : null
}

/** Where an actor belongs: Network Admin, or the admin of the one site. */
async function homeOf({ db }: Deps, owner: string): Promise<Scope> {
  if (owner === 'network') return NETWORK
  const site = await siteOrItsRest(db, owner)
  return site ? { base: `/sites/${site.slug}/admin`, owner, site } : { ...NETWORK, owner }
}

async function scopeOf({ db }: Deps, slug: string): Promise<Scope | null> {
  const site = await siteBySlug(db, slug)
  return site ? { base: `/sites/${site.slug}/admin`, owner: site.id, site } : null
}

function toLogin(c: C): Response {
  if (c.req.method !== 'GET') return c.redirect('/login', 303)
  const url = new URL(c.req.url)
  const next = url.pathname === '/network' ? '' : `?next=${encodeURIComponent(url.pathname + url.search)}`
  return c.redirect(`/login${next}`, 303)
}
