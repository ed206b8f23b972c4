import { Hono } from 'hono'
import { rules, type RouteKey } from '../../server/access/rules.ts'
import { accountRoutes } from '../../server/admin/account.ts'
import { apiKeyRoutes } from '../../server/admin/api-keys.ts'
import { loginRoutes } from '../../server/admin/login.ts'
import { errorPage } from '../../server/admin/page.ts'
import { setupRoutes } from '../../server/admin/setup.ts'
import { userRoutes } from '../../server/admin/users.ts'
import type { Deps } from '../../server/deps.ts'
import type { Env } from '../../server/web/env.ts'
import { pickLocale, translator } from '../../server/web/i18n.ts'
import { asAppError } from '../../server/web/surprise.ts'
import { ADDRESS, type World } from './people.ts'

/** Somebody with a browser of their own: it keeps cookies, and follows no redirect. */
export interface Visitor {
  get(path: string): Promise<Answer>
  post(path: string, fields: Record<string, string> | URLSearchParams): Promise<Answer>
  readonly cookies: Map<string, string>
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly html: string
}

/** The pages of people, with as little around them as they need. The rules are tested with the whole app. */
export function visit(world: World): Visitor {
  const deps: Deps = { ...world, dispatcher: () => 'on' }
  const app = new Hono<Env>()
  app.onError((error, c) => errorPage(c, deps, asAppError(deps, error)))
  app.use(async (c, next) => {
    const visitor = await deps.access.bySession(c.req.raw.headers, ADDRESS)
    c.set('address', ADDRESS)
    c.set('t', translator(pickLocale(visitor?.locale ?? null, c.req.header('accept-language'))))
    if (visitor) {
      c.set('actor', visitor.actor)
      c.set('scope', { base: '/network', owner: 'network', site: null })
    }
    await next()
  })
  const routes = [setupRoutes, loginRoutes, accountRoutes, userRoutes, apiKeyRoutes].map((make) => make(deps))
  for (const [key, handler] of routes.flatMap((list) => Object.entries(list))) {
    const [method = '', path = ''] = key.split(' ')
    app.on(method, path, (c) =>
      rules[key as RouteKey] === 'public' || c.get('actor') ? handler(c) : c.redirect('/login', 303),
    )
  }

  const cookies = new Map<string, string>()
  const ask = async (path: string, init: RequestInit): Promise<Answer> => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const answer = await app.request(path, { ...init, headers: { ...init.headers, cookie } })
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (/max-age=0\b/i.test(line)) cookies.delete(name)
      else cookies.set(name, value)
    }
    return { status: answer.status, headers: answer.headers, html: await answer.text() }
  }
  return {
    cookies,
    get: (path) => ask(path, {}),
    post: (path, fields) =>
      ask(path, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams(fields).toString(),
      }),
  }
}

/** The value that a page's field holds. */
export const valueOf = (html: string, name: string): string =>
  new RegExp(`name="${name}"[^>]*? value="([^"]*)"`).exec(html)?.[1] ?? ''
