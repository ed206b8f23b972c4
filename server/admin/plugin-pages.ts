import { MAIN_SITE, siteBySlug } from '../../db/queries/sites.ts'
import { createRequestLimit } from '../access/limits.ts'
import { readBytes } from '../web/forms.ts'
import type { Handlers } from '../api/handlers.ts'
import type { Deps } from '../deps.ts'
import { can } from '../lib/actor.ts'
import { AppError, fail, notFound } from '../lib/errors.ts'
import type { PluginView } from '../plugin/host.ts'
import type { C } from '../web/env.ts'
import { render } from '../web/render.ts'
import { safeNext } from '../web/safe-url.ts'
import { page, type Page } from './page.ts'
import { isSafe } from './safe-mode.ts'

/**
 * The pages that plugins bring along, in our frame: `/network/plugins/<slug>/…` works on the main site. What a plugin
 * opens to everybody stands at `/plugins/<slug>/…` as well, and at `/sites/<site>/plugins/<slug>/…`.
 */
export function pluginPageRoutes(deps: Deps): Handlers {
  const countRequest = createRequestLimit(deps.clock)

  const view = (c: C) =>
    unlessBroken(c, deps, async () => {
      demandPlugins(c, deps)
      const { slug, path, site } = askedFor(c)
      const found = await deps.host.view(slug, path, site, bare(c), visitor(c))
      return found
        ? pluginPage(c, deps, found, 200)
        : toPage(c, path, await deps.host.above(slug, path, site, visitor(c)))
    })
  const act = (c: C) =>
    unlessBroken(c, deps, async () => {
      demandPlugins(c, deps)
      const { slug, path, site } = askedFor(c)
      const answer = await deps.host.route(slug, path, site, bare(c), visitor(c))
      if (!answer) throw notFound()
      return answer.view ? pluginPage(c, deps, answer.view, answer.status) : passedOn(c, deps, answer)
    })
  const publicView = async (c: C) => {
    const { slug, path, site } = await publiclyAsked(c)
    const found = await deps.host.view(slug, path, site, bare(c))
    return found ? publicPage(c, deps, found, 200) : toPage(c, path, await deps.host.above(slug, path, site))
  }
  const publicAct = async (c: C) => {
    const { slug, path, site } = await publiclyAsked(c)
    const body = await readBytes(c.req.raw, MOST_PUBLIC_BYTES)
    const answer = await deps.host.route(slug, path, site, bare(c, body))
    if (!answer) throw notFound()
    if (answer.view) return publicPage(c, deps, answer.view, answer.status)
    const response = passedOn(c, deps, answer)
    response.headers.set('content-security-policy', PUBLIC_POLICY)
    return response
  }
  /** In the path of a site, the first `:slug` is the site's. */
  const publiclyAsked = async (c: C) => {
    const { slug, path } = askedFor(c)
    countRequest(`${slug} ${c.var.address}`)
    const named = c.req.path.startsWith('/sites/') ? c.req.param('slug') : undefined
    if (named === undefined) return { slug, path, site: MAIN_SITE }
    const site = await siteBySlug(deps.db, named)
    if (!site) throw notFound()
    return { slug, path, site: site.id }
  }

  return {
    'GET {area}/plugins/:plugin/*': view,
    'POST {area}/plugins/:plugin/*': act,
    'GET /plugins/:plugin/*': publicView,
    'POST /plugins/:plugin/*': publicAct,
    'GET /sites/:slug/plugins/:plugin/*': publicView,
    'POST /sites/:slug/plugins/:plugin/*': publicAct,
  }
}

const MOST_PUBLIC_BYTES = 256 * 1024

/** What strangers are shown runs no script, whoever wrote it, and sends forms to us alone. */
const PUBLIC_POLICY = [
  'sandbox allow-forms',
  "default-src 'none'",
  "style-src 'self'",
  "img-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** From the front, because a site may be called plugins. */
const IN_PLUGIN = /^(?:\/network|\/sites\/[^/]+(?:\/admin)?)?\/plugins\/([^/]+)(\/.*)?$/

/** The plugin and the path in it. */
function askedFor(c: C): { slug: string; path: string; site: string } {
  const [, slug = '', path = ''] = IN_PLUGIN.exec(c.req.path) ?? []
  return { slug, path, site: c.var.scope?.site?.id ?? MAIN_SITE }
}

/** Where a plugin has no page, a form may have been sent: then whoever reloads the answer is led to the page above. */
function toPage(c: C, path: string, above: string | null): Response {
  if (above === null) throw notFound()
  return c.redirect(c.req.path.slice(0, -path.length) + above, 303)
}

/** The request as a plugin gets it: without what proves who is logged in. */
function bare(c: C, body?: Uint8Array<ArrayBuffer>): Request {
  const { raw } = c.req
  const headers = new Headers(raw.headers)
  headers.delete('cookie')
  headers.delete('authorization')
  if (body) return new Request(raw.url, { method: raw.method, headers, body })
  return new Request(raw, { headers })
}

function demandPlugins(c: C, deps: Deps): void {
  if (isSafe(c, deps)) throw fail('conflict', 'Safe mode is on for you: what belongs to plugins is not shown.')
}

/** Who asks a plugin for something. */
export const visitor = ({ var: { actor, scope } }: C) => ({
  name: actor.name,
  may: (capability: Parameters<typeof can>[1]) => can(actor, capability, scope.owner),
})

/** The plugin's template is rendered by itself, so that what fails in it is told from what fails around it. */
async function pluginPage(c: C, deps: Deps, view: PluginView, status: number): Promise<Response> {
  const { t, scope } = c.var
  return page(c, deps, 'pages/plugin/page', {
    title: t(/* translated elsewhere */ view.title),
    status: status as NonNullable<Page['status']>,
    data: { html: await rendered(c, deps, view, scope.base) },
  })
}

/** For strangers: without the admin's frame, and without a look at its cookies. */
async function publicPage(c: C, deps: Deps, view: PluginView, status: number): Promise<Response> {
  const { t } = c.var
  const title = t(/* translated elsewhere */ view.title)
  const html = render('plain', {
    t,
    base: '',
    template: 'pages/plugin/public',
    title,
    data: { title, html: await rendered(c, deps, view, '') },
    notices: [],
  })
  return c.html(html, status as NonNullable<Page['status']>, { 'content-security-policy': PUBLIC_POLICY })
}

async function rendered(c: C, deps: Deps, view: PluginView, base: string): Promise<string> {
  try {
    return render(view.template, { t: c.var.t, base, ...view.data })
  } catch (error) {
    const fault = await deps.host.blame(view.handler, c.var.scope?.site?.id ?? null, error)
    throw fail('internal', 'The template of this page failed. Its fault is kept as {fault}.', { fault })
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
    headers.set('location', safeNext(url?.href ?? '', deps.publicUrl()) ?? c.var.scope?.base ?? '/')
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
