import { holderOf, PASS_LIFETIME, mailReset, setPasswordByPass, swapLink } from '../access/links.ts'
import { normalEmail, wrongEmail, wrongPassword } from '../access/person.ts'
import { takeTurn } from '../access/throttle.ts'
import type { Handlers } from '../api/handlers.ts'
import type { Deps } from '../deps.ts'
import type { FieldError } from '../lib/errors.ts'
import { msg } from '../lib/message.ts'
import { cookieOf } from '../web/cookie.ts'
import type { C } from '../web/env.ts'
import { seeOther } from '../web/flash.ts'
import { errorsByPath, readForm } from '../web/forms.ts'
import { faultsNotice, plainPage } from './page.ts'
import { refusalNotice, refusalStatus } from './password-try.ts'

/** The pass of a link that was opened. */
const kept = cookieOf('hookline.link')

/** The ways in for who has no password: to ask for a link by mail, and to set one by a link. */
export const setPasswordRoutes = (deps: Deps): Handlers => ({
  'GET /forgot-password': (c) => forgotForm(c, deps, '', []),

  'POST /forgot-password': async (c) => {
    const email = normalEmail((await readForm(c)).get('email'))
    const wrong = wrongEmail(email)
    if (wrong) return forgotForm(c, deps, email, [{ path: 'email', message: wrong }])
    // Counted like tries at a password, apart from them: so nobody fills the mailbox of another.
    const turn = await takeTurn(deps, `link ${email}`, `link ${c.get('address')}`)
    if (turn.wait > 0) {
      const t = c.get('t')
      const refusal = { ok: false, wait: turn.wait, left: 0 } as const
      return plainPage(c, deps, 'pages/login/forgot', {
        title: t('Forgot your password?'),
        ...refusalStatus(refusal),
        data: { email, mail: true, errors: {} },
        notices: [refusalNotice(t, refusal, '')],
      })
    }
    if (deps.mailer) await mailReset(deps, email)
    return seeOther(c, deps, '/login', {
      tone: 'good',
      title: msg('A link is on its way.'),
      text: msg(
        'If there is an account with this address, it gets a mail within a minute. The link works once, within an hour.',
      ),
    })
  },

  'GET /set-password': async (c) => {
    const token = c.req.query('token')
    if (token === undefined) {
      const holder = await holderIn(c, deps)
      return holder ? passwordForm(c, deps, holder.email, []) : closed(c, deps)
    }
    // This address holds the token: it goes nowhere as a referrer, not even to ourselves.
    c.header('referrer-policy', 'no-referrer')
    const pass = await swapLink(deps, token)
    if (pass === null) return closed(c, deps)
    kept.set(c, deps, pass, PASS_LIFETIME)
    return c.redirect('/set-password', 303)
  },

  'POST /set-password': async (c) => {
    const holder = await holderIn(c, deps)
    const pass = kept.read(c, deps) ?? ''
    if (!holder) return closed(c, deps)
    const password = (await readForm(c)).get('password')
    const wrong = wrongPassword(password)
    if (wrong) return passwordForm(c, deps, holder.email, [{ path: 'password', message: wrong }])
    if (!(await setPasswordByPass(deps, holder, pass, password, c.get('address')))) return closed(c, deps)
    kept.drop(c, deps)
    return seeOther(c, deps, '/login', {
      tone: 'good',
      title: msg('Your password is set.'),
      text: msg('Log in with it now.'),
    })
  },
})

async function holderIn(c: C, deps: Deps) {
  const pass = kept.read(c, deps)
  return pass === undefined ? null : holderOf(deps, pass)
}

function forgotForm(c: C, deps: Deps, email: string, errors: readonly FieldError[]): Response {
  const t = c.get('t')
  return plainPage(c, deps, 'pages/login/forgot', {
    title: t('Forgot your password?'),
    status: errors.length > 0 ? 422 : 200,
    data: { email, mail: deps.mailer !== undefined, errors: errorsByPath(errors, t) },
  })
}

function passwordForm(c: C, deps: Deps, email: string, errors: readonly FieldError[]): Response {
  const t = c.get('t')
  return plainPage(c, deps, 'pages/login/set-password', {
    title: t('Choose a password'),
    status: errors.length > 0 ? 422 : 200,
    notices: errors.length > 0 ? [faultsNotice(t, errors)] : [],
    headers: { 'cache-control': 'no-store' },
    data: { email, errors: errorsByPath(errors, t) },
  })
}

const closed = (c: C, deps: Deps): Response =>
  plainPage(c, deps, 'pages/login/closed', { title: c.get('t')('This link does not work'), status: 403 })
