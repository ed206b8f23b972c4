import { Hono } from 'hono'
import { DbError } from '../db/db.ts'
import { siteBySlug, siteOrItsRest } from '../db/queries/sites.ts'
import { settings } from '../db/queries/settings.ts'
import type { Visitor } from './access/access.ts'
import { createRequestLimit } from './access/limits.ts'
import { pageAbove } from './access/page-above.ts'
import { pathsOf, rules, type RouteKey, type Rule } from './access/rules.ts'
import { adminRoutes } from './admin/routes.ts'
import { errorPage } from './admin/page.ts'
import { problem } from './api/problem.ts'
import { apiRoutes } from './api/routes.ts'
import { wuProblem } from './api/wu/answers.ts'
import { actorByPair, noPair } from './api/wu/credentials.ts'
import type { Deps } from './deps.ts'
import { can, type Actor } from './lib/actor.ts'
import { AppError, fail, notFound } from './lib/errors.ts'
import { msg } from './lib/message.ts'
import type { C, Env, Handler, Scope } from './web/env.ts'
import { pickLocale, translator } from './web/i18n.ts'
import { clientAddress, hostCheck, sameOriginOnly, securityHeaders } from './web/security.ts'
import { asAppError } from './web/surprise.ts'

const NETWORK: Scope = { base: '/network', owner: 'network', site: null }
/** Where tools made for Ultimate Multisite look for its REST API. */
const WU = '/wp-json/'
/** Asked by machines, and most of all when something is wrong: nothing may stand in front of them. */
const PROBES = ['/healthz', '/readyz']
/** What the path names is all that counts there: neither a session nor a key is looked at. */
const OPEN = /^\/(bin|ingest)\/|^\/metrics$/
/** Who asks there reads problems, not pages. */
const isForMachines = (path: string): boolean =>
  /^\/(api\/(?!docs)|wp-json\/|ingest\/|metrics$)/.test(path) || PROBES.includes(path)

/** The whole product behind one `fetch`. `remoteAddress` says whose socket a request came through. */
export function createApp(deps: Deps, remoteAddress: (c: C) => string): Hono<Env> {
  const app = new Hono<Env>()
  const reach = { host: deps.config.host, publicUrl: deps.config.publicUrl }
  const countRequest = createRequestLimit(deps.clock)
  let warned = false

  app.use(async (c, next) => {
    warnOfProxy(c)
    c.set('address', clientAddress(c, deps.config.trustProxy, remoteAddress(c)))
    c.set('t', translator(pickLocale(null, c.req.header('accept-language'))))
    await next()
  })
  app.use(securityHeaders(reach), hostCheck(reach), sameOriginOnly(reach))
  app.notFound(nothing)
  app.onError((error, c) => failed(c, error))

  for (const [key, handler] of Object.entries({ ...apiRoutes(deps), ...adminRoutes(deps) })) {
    mount(key as RouteKey, handler)
  }
  return app

  /** Behind a proxy that nobody told us of, all visitors look like one: log-in limits then hit everybody. Said once. */
  function warnOfProxy(c: C): void {
    if (warned || deps.config.trustProxy > 0 || c.req.header('x-forwarded-for') === undefined) return
    warned = true
    deps.log.warn(
      'Requests come with X-Forwarded-For. If there is a proxy in front, set TRUST_PROXY to the number of them.',
    )
  }

  function mount(key: RouteKey, handler: Handler): void {
    const [method = '', path = ''] = key.split(' ')
    const rule: Rule = rules[key]
    const open = PROBES.includes(path) || OPEN.test(path) || (rule === 'public' && path.startsWith('/api/v1/'))
    const guarded = open
      ? handler
      : path.startsWith('/api/v1/') || path.startsWith(WU)
        ? guardApi(rule, handler, path.startsWith(WU))
        : guardPage(rule, handler)
    for (const each of pathsOf(path)) app.on(method, each, guarded)
  }

  function guardApi(rule: Rule, handler: Handler, byPair: boolean): Handler {
    return async (c) => {
      const actor = byPair
        ? await actorByPair(deps, c)
        : await deps.access.byKey(c.req.header('authorization') ?? '', c.get('address'))
      if (!actor) {
        if (byPair) throw noPair()
        const detail = msg('Send an API key: Authorization: Bearer hk_…')
        throw new AppError('unauthorized', detail, [], { 'www-authenticate': 'Bearer' })
      }
      countRequest(actor.id)
      // What is the network's, a key that is bound to one site never reaches, whoever made it.
      const owner = /^(network|metrics|privacy):/.test(rule) ? 'network' : actor.owner
      if (rule !== 'public' && rule !== 'session' && !can(actor, rule, owner)) {
        throw fail('forbidden', 'This key lacks the scope {scope}.', { scope: rule })
      }
      c.set('actor', actor)
      return handler(c)
    }
  }

  function guardPage(rule: Rule, handler: Handler): Handler {
    return async (c) => {
      const visitor = await visitorOf(c)
      await speakTo(c, visitor)
      if (rule === 'public') return handler(c)
      if (!visitor) return toLogin(c)
      const { actor } = visitor
      const scope = await letIn(c, actor)
      if (!scope) throw notFound()
      const home = c.get('scope')
      if (scope.site === null && home.site !== null && c.req.path === '/network') return c.redirect(home.base, 303)
      if (rule !== 'session' && !can(actor, rule, scope.owner)) {
        throw fail('forbidden', 'Your role does not allow this. Ask a super admin of this network.')
      }
      c.set('scope', scope)
      return handler(c)
    }
  }

  /** Where no route leads: somebody who is logged in keeps the frame, with the menu of where they are. */
  async function nothing(c: C): Promise<Response> {
    const visitor = isForMachines(c.req.path) || OPEN.test(c.req.path) ? null : await visitorOf(c)
    if (visitor) {
      await speakTo(c, visitor)
      const scope = await letIn(c, visitor.actor)
      if (scope && can(visitor.actor, rules['GET {area}'], scope.owner)) c.set('scope', scope)
    }
    return failed(c, notFound())
  }

  function visitorOf(c: C): Promise<Visitor | null> {
    return deps.access.bySession(c.req.raw.headers, c.get('address'))
  }

  /** From here on in the language and on the clock of the visitor, else of the network. */
  async function speakTo(c: C, visitor: Visitor | null): Promise<void> {
    const network = await settings(deps.db, ['language', 'time_zone'])
    const language = visitor?.locale ?? (network.language || null)
    const timeZone = visitor?.timeZone ?? network.time_zone
    c.set('t', translator(pickLocale(language, c.req.header('accept-language')), timeZone))
    c.set('networkZone', network.time_zone)
  }

  /** Places somebody at home, where they are told what goes wrong, and gives the area of the path; null if it is not theirs. */
  async function letIn(c: C, actor: Actor): Promise<Scope | null> {
    const home = await homeOf(actor.owner)
    c.set('actor', actor)
    c.set('scope', home)
    const [, slug] = /^\/sites\/([^/]*)/.exec(c.req.path) ?? []
    if (slug === undefined) return c.req.path.startsWith('/network') ? NETWORK : home
    const scope = await scopeOf(slug)
    return actor.owner === 'network' || actor.owner === scope?.owner ? scope : null
  }

  /** Where an actor belongs: Network Admin, or the admin of the one site. */
  async function homeOf(owner: string): Promise<Scope> {
    if (owner === 'network') return NETWORK
    const site = await siteOrItsRest(deps.db, owner)
    return site ? { base: `/sites/${site.slug}/admin`, owner, site } : { ...NETWORK, owner }
  }

  async function scopeOf(slug: string): Promise<Scope | null> {
    const site = await siteBySlug(deps.db, slug)
    return site ? { base: `/sites/${site.slug}/admin`, owner: site.id, site } : null
  }

  async function toLogin(c: C): Promise<Response> {
    if (c.req.method !== 'GET') return c.redirect('/login', 303)
    const url = new URL(c.req.url)
    const next = url.pathname === '/network' ? '' : `?next=${encodeURIComponent(url.pathname + url.search)}`
    return c.redirect(`/login${next}`, 303)
  }

  function failed(c: C, thrown: unknown): Response | Promise<Response> {
    const error = thrown instanceof DbError && thrown.kind === 'busy' ? busy(thrown) : asAppError(deps, thrown)
    const { path } = c.req
    if (path.startsWith(WU)) return wuProblem(error)
    if (isForMachines(path)) return problem(error)
    // After a form was sent, its address may stand in the address bar, and be asked for as if it were a page.
    const above = error.status === 404 && c.req.method === 'GET' ? pageAbove(new URL(c.req.url).pathname) : null
    return above === null ? errorPage(c, deps, error) : c.redirect(above, 303)
  }

  /** The database could not take it: nothing was stored, nothing acknowledged. */
  function busy(error: DbError): AppError {
    deps.log.error('The database could not take a write', { error: error.message })
    const detail = msg('The database cannot take this right now, so nothing was stored. Try again in a moment.')
    return new AppError('unavailable', detail, [], { 'retry-after': '1' })
  }
}
