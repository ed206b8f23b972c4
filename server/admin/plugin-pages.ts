import { MAIN_SITE } from '../../db/queries/sites.ts'
import type { Handlers } from '../api/handlers.ts'
import type { Deps } from '../deps.ts'
import { AppError, notFound } from '../lib/errors.ts'
import type { PluginView } from '../plugin/host.ts'
import type { C } from '../web/env.ts'
import { render } from '../web/render.ts'
import { safeNext } from '../web/safe-url.ts'
import { asAppError } from '../web/surprise.ts'
import { page, type Page } from './page.ts'

/** The pages that plugins bring along, in our frame: `/network/plugins/<slug>/…` works on the main site. */
export const pluginPageRoutes = (deps: Deps): Handlers => ({
  'GET {area}/plugins/:slug/*': (c) =>
    unlessBroken(c, deps, async () => {
      const { slug, path, site } = askedFor(c)
      const view = await deps.host.view(slug, path, site, c.req.raw, c.var.actor)
      if (!view) throw notFound()
      return pluginPage(c, deps, view, 200)
    }),

  'POST {area}/plugins/:slug/*': (c) =>
    unlessBroken(c, deps, async () => {
      const { slug, path, site } = askedFor(c)
      const answer = await deps.host.route(slug, path, site, c.req.raw, c.var.actor)
      if (!answer) throw notFound()
      return answer.view ? pluginPage(c, deps, answer.view, answer.status) : passedOn(c, deps, answer)
    }),
})

/** The plugin and the path in it. In the area of a site, the first `:slug` of the route is that of the site. */
function askedFor(c: C): { slug: string; path: string; site: string } {
  const [, slug = '', path = ''] = /\/plugins\/([^/]+)(\/.*)?$/.exec(c.req.path) ?? []
  return { slug, path, site: c.var.scope.site?.id ?? MAIN_SITE }
}

/** The plugin's template is rendered by itself, so that what fails in it is told from what fails around it. */
function pluginPage(c: C, deps: Deps, view: PluginView, status: number): Promise<Response> {
  const { t, scope } = c.var
  return page(c, deps, 'pages/plugin/page', {
    title: t(/* translated elsewhere */ view.title),
    status: status as NonNullable<Page['status']>,
    data: { html: rendered() },
  })

  function rendered(): string {
    try {
      return render(view.template, { t, base: scope.base, ...view.data })
    } catch (error) {
      throw asAppError(deps, error)
    }
  }
}

const KEPT = ['content-type', 'content-disposition', 'cache-control']

/** What a plugin answered itself: without cookies and policies, which are ours to set, and never leading to elsewhere. */
function passedOn(c: C, deps: Deps, answer: Response): Response {
  const headers = new Headers()
  for (const name of KEPT) {
    const value = answer.headers.get(name)
    if (value !== null) headers.set(name, value)
  }
  const location = answer.headers.get('location')
  if (location !== null) {
    const url = URL.parse(location, new URL(c.req.path, deps.publicUrl()))
    headers.set('location', safeNext(url?.href ?? '', deps.publicUrl()) ?? c.var.scope.base)
  }
  return new Response(answer.body, { status: answer.status, headers })
}

/** A plugin that fails takes down its own page and nothing else: the frame stays, and says what to tell the operator. */
async function unlessBroken(c: C, deps: Deps, answer: () => Promise<Response>): Promise<Response> {
  try {
    return await answer()
  } catch (error) {
    if (!(error instanceof AppError) || error.status < 500) throw error
    const { t } = c.var
    const text = t('Everything else goes on.')
    return page(c, deps, 'pages/plugin/broken', {
      title: t('This page does not work right now'),
      status: error.status,
      notices: [{ tone: 'bad', title: t.say(error.detail), text }],
    })
  }
}
