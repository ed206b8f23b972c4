import { setting } from '../../db/queries/settings.ts'
import { personById } from '../../db/queries/people.ts'
import type { Refusal } from '../access/access.ts'
import { normalEmail } from '../access/person.ts'
import type { Handlers } from '../api/handlers.ts'
import type { Deps } from '../deps.ts'
import { MINUTE } from '../lib/clock.ts'
import { fail } from '../lib/errors.ts'
import { msg } from '../lib/message.ts'
import type { C } from '../web/env.ts'
import { seeOther } from '../web/flash.ts'
import { readForm } from '../web/forms.ts'
import { safeNext } from '../web/safe-url.ts'

import { plainPage } from './page.ts'
import { refusalNotice, refusalStatus } from './password-try.ts'

/** The app sends those who belong to one site on to its admin. */
const START = '/network'

export const loginRoutes = (deps: Deps): Handlers => ({
  'GET /login': async (c) => {
    const visitor = await deps.access.bySession(c.req.raw.headers, c.get('address'))
    const next = ownPath(deps, c.req.query('next'))
    if (visitor) return c.redirect(next ?? START, 303)
    if (!(await deps.access.isSetUp())) return c.redirect('/setup', 303)
    return loginForm(c, deps, { email: '', remember: false, next })
  },

  'POST /login': async (c) => {
    const form = await readForm(c)
    const next = ownPath(deps, form.get('next'))
    const email = normalEmail(form.get('email'))
    const remember = form.has('remember')
    const who = { email, password: form.get('password'), remember, address: c.get('address') }
    const login = await deps.access.login(c.req.raw.headers, who)
    if (!login.ok) return loginForm(c, deps, { email, remember, next }, login)
    setCookies(c, login.cookies)
    if (login.needsCode)
      return c.redirect(`/login/code${next === null ? '' : `?next=${encodeURIComponent(next)}`}`, 303)
    return c.redirect(next ?? START, 303)
  },

  'GET /login/code': async (c) => {
    if (!(await deps.access.awaitingCode(c.req.raw.headers))) return c.redirect('/login', 303)
    return codeForm(c, deps, ownPath(deps, c.req.query('next')))
  },

  'POST /login/code': async (c) => {
    const { headers } = c.req.raw
    if (!(await deps.access.awaitingCode(headers))) return c.redirect('/login', 303)
    const form = await readForm(c)
    const next = ownPath(deps, form.get('next'))
    const entered = await deps.access.enterCode(headers, form.get('code'), c.get('address'))
    return entered.ok ? c.redirect(next ?? START, 303) : codeForm(c, deps, next, entered)
  },

  'POST /logout': async (c) => {
    setCookies(c, await deps.access.logout(c.req.raw.headers))
    return seeOther(c, deps, '/login', { tone: 'good', title: msg('You are logged out.') })
  },

  'GET /confirm-password': (c) => confirmForm(c, deps, ownPath(deps, c.req.query('next'))),

  'POST /confirm-password': async (c) => {
    const form = await readForm(c)
    const next = ownPath(deps, form.get('next'))
    const { headers } = c.req.raw
    const [person, session] = await Promise.all([
      personById(deps.db, c.get('actor').id),
      deps.access.sessionOf(headers),
    ])
    if (!person) throw fail('unauthorized', 'Log in first.')
    const login = await deps.access.login(headers, {
      email: person.email,
      password: form.get('password'),
      remember: session?.remembered ?? false,
      address: c.get('address'),
    })
    if (!login.ok) return confirmForm(c, deps, next, login)
    setCookies(c, login.cookies)
    return c.redirect(next ?? START, 303)
  },
})

const RECENT = 10 * MINUTE

/** Whether the person typed the password within the last 10 minutes, as secrets ask for. */
export async function recentPassword(c: C, deps: Deps): Promise<boolean> {
  const session = await deps.access.sessionOf(c.req.raw.headers)
  return session !== null && deps.clock() - session.startedAt < RECENT
}

/** Sends the person to type the password, and from there to `next`, a page that can be asked for with GET. */
export const askPassword = (c: C, next: string): Response =>
  c.redirect(`/confirm-password?next=${encodeURIComponent(next)}`, 303)

export const setCookies = (c: C, cookies: readonly string[]): void => {
  for (const cookie of cookies) c.header('set-cookie', cookie, { append: true })
}

/** A path of ours to go to next, if it is one. */
const ownPath = (deps: Deps, next: string | undefined): string | null =>
  next ? safeNext(next, deps.publicUrl()) : null

interface Typed {
  readonly email: string
  readonly remember: boolean
  readonly next: string | null
}

async function loginForm(c: C, deps: Deps, typed: Typed, refused?: Refusal): Promise<Response> {
  const t = c.get('t')
  const network = await setting(deps.db, 'network_name')
  const notice = refused && refusalNotice(t, refused, t('Check the e-mail address and the password.'))
  return plainPage(c, deps, 'pages/login/login', {
    title: t('Log In'),
    data: { ...typed, network, notice },
    ...(refused && refusalStatus(refused)),
  })
}

function codeForm(c: C, deps: Deps, next: string | null, refused?: Refusal): Response {
  const t = c.get('t')
  const what = t('Check the code: each one works once, and for half a minute.')
  return plainPage(c, deps, 'pages/login/code', {
    title: t('Enter the code'),
    data: { next, notice: refused && refusalNotice(t, refused, what) },
    ...(refused && refusalStatus(refused)),
  })
}

function confirmForm(c: C, deps: Deps, next: string | null, refused?: Refusal): Response {
  const t = c.get('t')
  return plainPage(c, deps, 'pages/login/confirm', {
    title: t('Confirm your password'),
    data: {
      next,
      name: c.get('actor').name,
      notice: refused && refusalNotice(t, refused, t('Check the password.')),
    },
    ...(refused && refusalStatus(refused)),
  })
}
