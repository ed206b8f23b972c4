import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { listSites } from '../../db/queries/sites.ts'
import { rules, type RouteKey, type Rule } from '../access/rules.ts'
import type { Deps } from '../deps.ts'
import { can } from '../lib/actor.ts'
import type { AppError, FieldError } from '../lib/errors.ts'
import { takeNotice, type Notice } from '../web/flash.ts'
import { fieldId } from '../web/forms.ts'
import type { C } from '../web/env.ts'
import { pickLocale, translator, type Translator } from '../web/i18n.ts'
import { render } from '../web/render.ts'
import { copyOf, type Copy } from '../webhooks/copy.ts'
import { isSending } from '../webhooks/sending.ts'
import { menuOf } from './menu.ts'
import type { Check } from './health-checks.ts'
import { copyInWords } from './health-sending.ts'
import { isSafe } from './safe-mode.ts'
import type { ScreenOptions } from './screen.ts'

/*
 * How a page is made. A handler reads, and hands its template exactly what it shows:
 *
 *   return page(c, deps, 'pages/webhooks/list', {
 *     title: t('Webhooks'),
 *     action: { href: `${base}/webhooks/new`, label: t('Add New Webhook') },   // beside the heading
 *     data: { rows, views, pager },
 *   })
 *
 * The template is views/pages/webhooks/list.eta. It starts below the <h1>, which the layout writes, and has `it` (the
 * data), `t`, `base` (`/network` or `/sites/<slug>/admin`), `asset`, `safeUrl` and `pretty`. It is built of partials:
 * `<%~ include('partials/status', { kind: 'webhook', state: row.state }) %>`; see views/pages/styleguide for each of them.
 * After a form was taken: `return seeOther(c, deps, path, { tone: 'good', title: msg('Webhook saved.') })`.
 * A form with faults is shown again with status 422 and `notices: [faultsNotice(t, errors)]`.
 */

export interface Page {
  /** The heading, and the first part of the window's title. */
  readonly title: string
  readonly data?: object
  readonly status?: ContentfulStatusCode
  readonly headers?: Readonly<Record<string, string>>
  /** The way up, from the nearest: usually one place. */
  readonly crumbs?: readonly { readonly href: string; readonly label: string }[]
  readonly action?: { readonly href: string; readonly label: string; readonly icon?: string }
  /** The template of what stands beside the heading: how the thing fares, and what can be done with it. It has `data` too. */
  readonly head?: string
  /** One sentence below the heading. */
  readonly lead?: string
  readonly notices?: readonly Shown[]
  /** Screen Options, of a list. */
  readonly screen?: ScreenOptions
  /** What a help tab says: paragraphs. */
  readonly help?: readonly string[]
  /** What may be critical, where the page has asked: the menu counts it and does not ask again. */
  readonly urgent?: readonly Check[]
}

/** A notice in the reader's language. `items` links to the fields that it is about. */
export interface Shown {
  readonly tone: Notice['tone']
  readonly title: string
  readonly text?: string
  readonly link?: { readonly href: string; readonly text: string }
  readonly items?: readonly { readonly href: string; readonly text: string }[]
  /** Whether the page opens with the focus on it. */
  readonly first?: boolean
}

/** A page of the admin in its frame: bar, menu, heading, notices, footer. */
export async function page(c: C, deps: Deps, template: string, given: Page): Promise<Response> {
  const { actor, scope, t } = c.var
  const may = (route: RouteKey): boolean => {
    const rule: Rule = rules[route]
    return rule === 'public' || rule === 'session' || can(actor, rule, scope.owner)
  }
  const area = scope.site?.name ?? t('Network Admin')
  const [menu, mySites, sending] = await Promise.all([
    menuOf(c, deps, may, given.urgent),
    sitesOf(c, deps),
    isSending(deps),
  ])
  const copy = sending ? null : await copyOf(deps.db)
  const health = may('GET /network/health') ? '/network/health' : null
  const html = render('layout', {
    t,
    base: scope.base,
    area,
    template,
    title: given.title,
    data: given.data ?? {},
    crumbs: given.crumbs ?? [],
    action: given.action,
    head: given.head,
    lead: given.lead,
    screen: given.screen ?? null,
    help: given.help ?? [],
    notices: [
      ...waiting(c, deps, t),
      ...(sending ? [] : [sendingOff(t, deps.config, { copy, health, path: c.req.path })]),
      ...(isSafe(c, deps) ? [safeNotice(t, c.req.path)] : []),
      ...(given.notices ?? []),
    ],
    menu,
    sites: mySites.list,
    siteSearch: mySites.more && may('GET /network/sites') ? '/network/sites' : null,
    person: actor.name,
    sending,
    newWebhook: may('GET {area}/webhooks/new') ? `${scope.base}/webhooks/new` : null,
    sendingAt: health ?? (may('GET {area}/deliveries') ? `${scope.base}/deliveries` : null),
    version: deps.version,
    now: deps.clock(),
    network: translator(t.locale, c.var.networkZone),
  })
  return c.html(html, given.status ?? 200, { ...given.headers })
}

/** On every page of whoever switched it on. */
function safeNotice(t: Translator, path: string): Shown {
  const title = t('Safe mode is on for you.')
  const text = t('Your pages show nothing of plugins. For everybody else all goes on, deliveries too.')
  const link = { href: '/network/plugins', text: t('Go to Plugins') }
  return { tone: 'warn', title, text, ...(path !== link.href && { link }) }
}

/** On every page while it is so. `health`: the page that tells more, for those who may see it. */
function sendingOff(
  t: Translator,
  config: Deps['config'],
  { copy, health, path }: { copy: Copy | null; health: string | null; path: string },
): Shown {
  const title = copy === null ? t('Sending is off.') : t('Sending is off on this copy.')
  const what = copy === null ? '' : `${copyInWords(t, copy)} `
  if (health === null) {
    const text = t('Events are kept and deliveries wait, until a super admin of this network switches it on.')
    return { tone: 'warn', title, text: what + text }
  }
  const text = config.delivery
    ? t('Events are kept and deliveries wait. They go out as soon as it is switched on.')
    : t('Events are kept and deliveries wait. They go out after a start with DELIVERY=on.')
  return {
    tone: 'warn',
    title,
    text: what + text,
    ...(path !== health && { link: { href: health, text: t('Go to Health') } }),
  }
}

/** A page without the frame: log-in, set-up, and errors before anybody is known. Its template writes the <h1>. */
export function plainPage(c: C, deps: Pick<Deps, 'publicUrl'>, template: string, given: Page): Response {
  const t = translatorOf(c)
  const notices = [...waiting(c, deps, t), ...(given.notices ?? [])]
  const html = render('plain', { t, base: '', template, title: given.title, data: given.data ?? {}, notices })
  return c.html(html, given.status ?? 200, { ...given.headers })
}

/**
 * What a failed request is answered with: in the frame where somebody is logged in. A fault of ours is told without it,
 * because the frame reads from the database, which may be the very thing that failed.
 */
export async function errorPage(c: C, deps: Deps, error: AppError): Promise<Response> {
  const t = translatorOf(c)
  const known = c.var.actor !== undefined && c.var.scope !== undefined
  const framed = known && error.status < 500
  const title = titleOf(t, error.status)
  const given: Page = {
    title,
    status: error.status,
    headers: error.headers,
    data: {
      heading: framed ? null : title,
      detail: t.say(error.detail),
      todo: framed && error.status === 404 ? t('Check the address, or look for it from the dashboard.') : null,
      errors: error.errors.map(({ message }) => t.say(message)),
      way: known
        ? { href: c.var.scope.base, text: t('Back to the dashboard') }
        : { href: '/login', text: t('Go to the log-in page') },
    },
  }
  return framed ? page(c, deps, 'pages/error/error', given) : plainPage(c, deps, 'pages/error/error', given)
}

/** The notice above a form that was not taken: what is wrong, each with a link to its field. */
export const faultsNotice = (t: Translator, errors: readonly FieldError[]): Shown => ({
  tone: 'bad',
  title: t('This was not saved.'),
  text: t.n('Please correct one thing:', 'Please correct {count} things:', errors.length),
  items: errors.map(({ path, message }) => ({ href: `#${fieldId(path)}`, text: t.say(message) })),
  first: true,
})

function titleOf(t: Translator, status: number): string {
  if (status === 403) return t('Not allowed')
  if (status === 404) return t('Not found')
  if (status === 429) return t('Too many tries')
  return status >= 500 ? t('Something went wrong') : t('That did not work')
}

/** Set for every request by the app; an error before that still speaks the browser's language. */
const translatorOf = (c: C): Translator => c.var.t ?? translator(pickLocale(null, c.req.header('accept-language')))

function waiting(c: C, deps: Pick<Deps, 'publicUrl'>, t: Translator): Shown[] {
  const notice = takeNotice(c, deps)
  if (!notice) return []
  const { tone, title, text, link } = notice
  return [
    {
      tone,
      title: t.say(title),
      ...(text && { text: t.say(text) }),
      ...(link && { link: { href: link.href, text: t.say(link.label) } }),
    },
  ]
}

/** Network Admin and the first sites, for those who may go to more than one place; where there are more, one searches. */
async function sitesOf(c: C, deps: Deps) {
  const { actor, scope, t } = c.var
  if (actor.owner !== 'network') return { list: [], more: false }
  const first = { sort: 'created_at', descending: false, after: null, limit: MOST_SITES + 1 } as const
  const found = await listSites(deps.db, { state: 'active' }, first)
  const few = found.slice(0, MOST_SITES)
  const here = scope.site && !few.some(({ id }) => id === scope.site?.id) ? [scope.site] : []
  const list = [
    { href: '/network', name: t('Network Admin'), current: scope.site === null },
    ...[...here, ...few].map(({ id, slug, name }) => ({
      href: `/sites/${slug}/admin`,
      name,
      current: scope.site?.id === id,
    })),
  ]
  return { list, more: found.length > MOST_SITES }
}
const MOST_SITES = 20
