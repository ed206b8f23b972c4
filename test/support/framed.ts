import { Hono } from 'hono'
import type { Handlers } from '../../server/api/handlers.ts'
import type { Deps } from '../../server/deps.ts'
import { capabilities, type Actor, type Capability } from '../../server/lib/actor.ts'
import { notFound } from '../../server/lib/errors.ts'
import { errorPage } from '../../server/admin/page.ts'
import { favicon, serveAsset } from '../../server/web/assets.ts'
import type { C, Env, Scope } from '../../server/web/env.ts'
import { translator, type Locale } from '../../server/web/i18n.ts'
import { hostCheck, sameOriginOnly, securityHeaders } from '../../server/web/security.ts'
import { asAppError } from '../../server/web/surprise.ts'

export const NETWORK: Scope = { base: '/network', owner: 'network', site: null }

export const anActor = (rights: readonly Capability[] = capabilities, owner = 'network'): Actor => ({
  kind: 'user',
  id: 'usr_0',
  name: 'Ingrid Nord',
  owner,
  capabilities: new Set(rights),
  address: '192.0.2.7',
})

export interface Frame {
  readonly actor?: Actor
  readonly scope?: Scope
  readonly locale?: Locale
}

/** The web layer as the app puts it together, around the given pages, with somebody who is logged in already. */
export function framed(deps: Deps, routes: (deps: Deps) => Handlers, frame: Frame = {}): Hono<Env> {
  const app = new Hono<Env>()
  app.use(securityHeaders(deps.config), hostCheck(deps.config), sameOriginOnly(deps.config), async (c, next) => {
    c.set('actor', frame.actor ?? anActor())
    c.set('scope', frame.scope ?? NETWORK)
    c.set('t', translator(frame.locale ?? 'en'))
    await next()
  })
  app.notFound((c) => errorPage(c as C, deps, notFound()))
  app.onError((error, c) => errorPage(c as C, deps, asAppError(deps, error)))
  app.get('/assets/:file', serveAsset)
  app.get('/favicon.ico', favicon)
  for (const [key, handler] of Object.entries(routes(deps))) {
    const [method = '', path = ''] = key.split(' ')
    app.on(method, path.replace('{area}', (frame.scope ?? NETWORK).base), handler)
  }
  return app
}
