import { normalEmail, wrongFields, wrongName } from '../access/person.ts'
import { finishSetup, holdsSetupPass, SETUP_LIFETIME, swapSetupToken } from '../access/setup.ts'
import type { Handlers } from '../api/handlers.ts'
import type { Deps } from '../deps.ts'
import { notFound, type FieldError } from '../lib/errors.ts'
import { msg } from '../lib/message.ts'
import { cookieOf } from '../web/cookie.ts'
import type { C } from '../web/env.ts'
import { seeOther } from '../web/flash.ts'
import { errorsByPath, readForm } from '../web/forms.ts'
import { languages, readLanguage } from './language.ts'
import { setCookies } from './login.ts'
import { faultsNotice, plainPage } from './page.ts'

/** The pass of a link that was opened. */
const kept = cookieOf('hookline.setup')

export const setupRoutes = (deps: Deps): Handlers => ({
  'GET /setup': async (c) => {
    if (await deps.access.isSetUp()) throw notFound()
    const token = c.req.query('token')
    if (token === undefined) return (await mayEnter(c, deps)) ? setupForm(c, deps, nothing, []) : closed(c, deps, false)
    const pass = await swapSetupToken(deps, token)
    if (pass === null) return closed(c, deps, true)
    kept.set(c, deps, pass, SETUP_LIFETIME)
    c.header('referrer-policy', 'no-referrer')
    return c.redirect('/setup', 303)
  },

  'POST /setup': async (c) => {
    if (await deps.access.isSetUp()) throw notFound()
    if (!(await mayEnter(c, deps))) return closed(c, deps, true)
    const form = await readForm(c)
    const person = {
      name: form.get('name').trim(),
      email: normalEmail(form.get('email')),
      password: form.get('password'),
    }
    const typed = { ...person, network: form.get('network').trim(), language: form.get('language') }
    const wrongNetwork = wrongName(typed.network)
    const errors = [...(wrongNetwork ? [{ path: 'network', message: wrongNetwork }] : []), ...wrongFields(person)]
    if (errors.length > 0) return setupForm(c, deps, typed, errors)
    const locale = readLanguage(typed.language)
    if (!(await finishSetup(deps, { ...person, network: typed.network, locale }))) throw notFound()
    kept.drop(c, deps)
    const address = c.get('address')
    const login = await deps.access.login(c.req.raw.headers, { ...person, remember: false, address })
    if (login.ok) setCookies(c, login.cookies)
    return seeOther(c, deps, '/network', {
      tone: 'good',
      title: msg('The network is set up.'),
      text: msg('Add a webhook next: pick an event and a place to send it.'),
    })
  },
})

interface Typed {
  readonly network: string
  readonly name: string
  readonly email: string
  readonly language: string
}
const nothing: Typed = { network: '', name: '', email: '', language: '' }

function setupForm(c: C, deps: Deps, typed: Typed, errors: readonly FieldError[]): Response {
  const t = c.get('t')
  const { network, name, email, language } = typed
  return plainPage(c, deps, 'pages/setup/setup', {
    title: t('Set up Hookline'),
    data: { network, name, email, language, languages: languages(t), errors: errorsByPath(errors, t) },
    status: errors.length > 0 ? 422 : 200,
    notices: errors.length > 0 ? [faultsNotice(t, errors)] : [],
  })
}

/**
 * `byLink`: somebody came by a link that does not work. Else by the bare address, as a newcomer does. The address may hold a
 * token: it goes to nobody as a referrer.
 */
const closed = (c: C, deps: Deps, byLink: boolean): Response =>
  plainPage(c, deps, 'pages/setup/closed', {
    title: byLink ? c.get('t')('This set-up link does not work') : c.get('t')('Set up Hookline'),
    data: { byLink },
    status: 403,
    headers: { 'referrer-policy': 'no-referrer' },
  })

const mayEnter = async (c: C, deps: Deps): Promise<boolean> => {
  const pass = kept.read(c, deps)
  return pass !== undefined && holdsSetupPass(deps, pass)
}
