import { Hono } from 'hono'
import { DbError } from '../db/db.ts'
import { pageAbove } from './access/page-above.ts'
import { pathsOf, rules, type RouteKey, type Rule } from './access/rules.ts'
import { forPeople, keepFrame } from './admin/let-in.ts'
import { adminRoutes } from './admin/routes.ts'
import { errorPage } from './admin/page.ts'
import { forPrograms, WU } from './api/let-in.ts'
import { problem } from './api/problem.ts'
import { apiRoutes } from './api/routes.ts'
import { wuProblem } from './api/wu/answers.ts'
import type { Deps } from './deps.ts'
import { AppError, fail, notFound } from './lib/errors.ts'
import { msg } from './lib/message.ts'
import type { C, Env, Handler } from './web/env.ts'
import { pickLocale, translator } from './web/i18n.ts'
import { clientAddress, hostCheck, sameOriginOnly, securityHeaders } from './web/security.ts'
import { asAppError } from './web/surprise.ts'

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
  const programs = forPrograms(deps)
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
    const isForPrograms = path.startsWith('/api/v1/') || path.startsWith(WU)
    const isOpen = PROBES.includes(path) || OPEN.test(path) || (rule === 'public' && path.startsWith('/api/v1/'))
    const guarded = isForPrograms ? programs(path, rule, handler) : forPeople(deps, rule, handler)
    for (const each of pathsOf(path)) app.on(method, each, isOpen ? handler : guarded)
  }

  async function nothing(c: C): Promise<Response> {
    if (!isForMachines(c.req.path) && !OPEN.test(c.req.path)) await keepFrame(deps, c)
    return failed(c, notFound())
  }

  function failed(c: C, thrown: unknown): Response | Promise<Response> {
    const error = thrown instanceof DbError ? ofDatabase(thrown) : asAppError(deps, thrown)
    const { path } = c.req
    if (path.startsWith(WU)) return wuProblem(error)
    if (isForMachines(path)) return problem(error)
    // After a form was sent, its address may stand in the address bar, and be asked for as if it were a page.
    const above = error.status === 404 && c.req.method === 'GET' ? pageAbove(new URL(c.req.url).pathname) : null
    return above === null ? errorPage(c, deps, error) : c.redirect(above, 303)
  }

  function ofDatabase(error: DbError): AppError {
    if (error.kind === 'busy') return busy(error)
    if (error.kind === 'too_large')
      return fail('too_large', 'This is more than can be stored at once, so nothing was stored. Send less at a time.')
    return asAppError(deps, error)
  }

  /** The database could not take it: nothing was stored, nothing acknowledged. */
  function busy(error: DbError): AppError {
    deps.log.error('The database could not take a write', { error: error.message })
    const detail = msg('The database cannot take this right now, so nothing was stored. Try again in a moment.')
    return new AppError('unavailable', detail, [], { 'retry-after': '1' })
  }
}
