import { encode } from 'uqr'
import { personById, type Person } from '../../db/queries/people.ts'
import { setting } from '../../db/queries/settings.ts'
import type { Refusal } from '../access/access.ts'
import { otpauthUrl } from '../access/totp.ts'
import {
  beginTwoFactor,
  confirmTwoFactor,
  removeTwoFactor,
  renewRecoveryCodes,
  twoFactorOf,
} from '../access/two-factor.ts'
import type { Handlers } from '../api/handlers.ts'
import type { Deps } from '../deps.ts'
import { notFound, type FieldError } from '../lib/errors.ts'
import { msg } from '../lib/message.ts'
import type { C } from '../web/env.ts'
import { seeOther } from '../web/flash.ts'
import { errorsByPath, readForm } from '../web/forms.ts'
import { setCookies } from './login.ts'
import { faultsNotice, page } from './page.ts'
import { refusalNotice, refusalStatus } from './password-try.ts'

const PATH = '/account/two-factor'

/** A person's own second factor. Whatever changes it asks for the password, ends the other sessions and renews this one. */
export const twoFactorRoutes = (deps: Deps): Handlers => ({
  'GET /account/two-factor': async (c) => twoFactorPage(c, deps, await self(c, deps)),

  'POST /account/two-factor': async (c) => {
    await beginTwoFactor(deps, c.var.actor.id)
    return c.redirect(PATH, 303)
  },

  'POST /account/two-factor/confirm': async (c) => {
    const [person, form] = await Promise.all([self(c, deps), readForm(c)])
    const password = form.get('password')
    const confirmed = await deps.access.confirm(c.var.actor, password)
    if (!confirmed.ok) return twoFactorPage(c, deps, person, { refused: confirmed })
    const remember = await isRemembered(c, deps)
    const codes = await confirmTwoFactor(deps, c.var.actor, person, form.get('code'))
    if (codes === null) {
      const message = msg('This is not the code that the app shows now.')
      return twoFactorPage(c, deps, person, { errors: [{ path: 'code', message }] })
    }
    await goOn(c, deps, person, password, remember)
    return codesPage(c, deps, codes, true)
  },

  'POST /account/two-factor/recovery': async (c) => {
    const [person, form] = await Promise.all([self(c, deps), readForm(c)])
    const confirmed = await deps.access.confirm(c.var.actor, form.get('password'))
    if (!confirmed.ok) return twoFactorPage(c, deps, person, { refused: confirmed })
    if ((await twoFactorOf(deps, person.id)).state !== 'on') return c.redirect(PATH, 303)
    return codesPage(c, deps, await renewRecoveryCodes(deps, c.var.actor, person), false)
  },

  'POST /account/two-factor/remove': async (c) => {
    const [person, form] = await Promise.all([self(c, deps), readForm(c)])
    const password = form.get('password')
    const confirmed = await deps.access.confirm(c.var.actor, password)
    if (!confirmed.ok) return twoFactorPage(c, deps, person, { refused: confirmed })
    const remember = await isRemembered(c, deps)
    await removeTwoFactor(deps, c.var.actor, person)
    await goOn(c, deps, person, password, remember)
    return seeOther(c, deps, '/account', {
      tone: 'good',
      title: msg('Two-factor is off.'),
      text: msg('You are logged out everywhere else.'),
    })
  },
})

async function self(c: C, deps: Deps): Promise<Person> {
  const person = await personById(deps.db, c.var.actor.id)
  if (!person) throw notFound()
  return person
}

const isRemembered = async (c: C, deps: Deps): Promise<boolean> =>
  (await deps.access.sessionOf(c.req.raw.headers))?.remembered ?? false

/** All sessions have ended, this one too: the person goes on in a new one. */
async function goOn(c: C, deps: Deps, { email }: Person, password: string, remember: boolean): Promise<void> {
  const who = { email, password, remember, address: c.get('address'), codeTaken: true }
  const login = await deps.access.login(c.req.raw.headers, who)
  if (login.ok) setCookies(c, login.cookies)
}

async function twoFactorPage(
  c: C,
  deps: Deps,
  person: Person,
  { errors = [], refused }: { errors?: readonly FieldError[]; refused?: Refusal } = {},
): Promise<Response> {
  const { t } = c.var
  const [standing, network] = await Promise.all([twoFactorOf(deps, person.id), setting(deps.db, 'network_name')])
  const pending = standing.state === 'pending' ? standing.secret : null
  return page(c, deps, 'pages/account/two-factor', {
    title: t('Two-factor'),
    crumbs: [{ href: '/account', label: t('Account') }],
    headers: { 'cache-control': 'no-store' },
    notices: [
      ...(errors.length > 0 ? [faultsNotice(t, errors)] : []),
      ...(refused ? [refusalNotice(t, refused, t('Check the current password.'))] : []),
    ],
    ...(errors.length > 0 && { status: 422 }),
    ...(refused && refusalStatus(refused)),
    data: {
      state: standing.state,
      codesLeft: standing.state === 'on' ? standing.codesLeft : 0,
      secret: pending?.replaceAll(/(.{4})(?=.)/g, '$1 ') ?? '',
      qr: pending && qrOf(otpauthUrl(network, person.email, pending)),
      errors: errorsByPath(errors, t),
    },
  })
}

function codesPage(c: C, deps: Deps, codes: readonly string[], isNew: boolean): Promise<Response> {
  const { t } = c.var
  return page(c, deps, 'pages/account/recovery', {
    title: t('Recovery codes'),
    crumbs: [{ href: '/account', label: t('Account') }],
    status: 201,
    headers: { 'cache-control': 'no-store' },
    notices: [
      {
        tone: 'good',
        title: isNew ? t('Two-factor is on.') : t('The old codes no longer work.'),
        text: t('Keep these codes: they are shown only once.'),
      },
    ],
    data: { codes },
  })
}

/** A QR code as one path of an SVG: its runs of dark squares, row by row, in units of a square. */
function qrOf(text: string): { readonly size: number; readonly path: string } {
  const { data, size } = encode(text, { ecc: 'M', border: 2 })
  const runs = data.flatMap((row, y) =>
    row.flatMap((dark, x) => {
      if (!dark || row[x - 1]) return []
      const end = row.indexOf(false, x)
      return [`M${x} ${y}h${(end < 0 ? size : end) - x}v1H${x}z`]
    }),
  )
  return { size, path: runs.join('') }
}
