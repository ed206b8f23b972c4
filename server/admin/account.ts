import { endOtherSessions, endSession, sessionsOf } from '../../db/queries/access.ts'
import { personById, type Person } from '../../db/queries/people.ts'
import { hasTwoFactor } from '../../db/queries/two-factor.ts'
import type { Refusal } from '../access/access.ts'
import { changePassword, changeProfile } from '../access/people.ts'
import { auditEntry } from '../access/audit.ts'
import { timeZones } from '../access/network-settings.ts'
import { wrongName, wrongPassword } from '../access/person.ts'
import type { Handlers } from '../api/handlers.ts'
import type { Deps } from '../deps.ts'
import { isoTime } from '../lib/clock.ts'
import { notFound, type FieldError } from '../lib/errors.ts'
import { msg } from '../lib/message.ts'
import type { C } from '../web/env.ts'
import { seeOther } from '../web/flash.ts'
import { errorsByPath, readForm } from '../web/forms.ts'
import { deviceOf } from './device.ts'
import { languages, readLanguage } from './language.ts'
import { setCookies } from './login.ts'
import { faultsNotice, page, type Shown } from './page.ts'
import { refusalNotice, refusalStatus } from './password-try.ts'
import { roleName } from './role-name.ts'

export const accountRoutes = (deps: Deps): Handlers => ({
  'GET /account': async (c) => accountPage(c, deps, await self(c, deps)),

  'POST /account': async (c) => {
    const [person, form] = await Promise.all([self(c, deps), readForm(c)])
    const zone = form.get('time_zone')
    const typed = {
      name: form.get('name').trim(),
      locale: readLanguage(form.get('language')),
      timeZone: timeZones().includes(zone) ? zone : null,
    }
    const wrong = wrongName(typed.name)
    if (wrong) return accountPage(c, deps, { ...person, ...typed }, { errors: [{ path: 'name', message: wrong }] })
    await changeProfile(deps, c.get('actor'), person, typed)
    return seeOther(c, deps, '/account', { tone: 'good', title: msg('Account saved.') })
  },

  'POST /account/sessions/:id/end': async (c) => {
    const { actor } = c.var
    const person = await self(c, deps)
    const audit = auditEntry(deps, actor, { action: 'session.ended', target: person.id, owner: person.siteId })
    await deps.db.commit([...audit, endSession(deps.db, person.id, c.req.param('id') ?? '')])
    return seeOther(c, deps, '/account', { tone: 'good', title: msg('The session has ended.') })
  },

  'POST /account/sessions/end-others': async (c) => {
    const { actor } = c.var
    const [person, session] = await Promise.all([self(c, deps), deps.access.sessionOf(c.req.raw.headers)])
    const audit = auditEntry(deps, actor, { action: 'session.others_ended', target: person.id, owner: person.siteId })
    await deps.db.commit([...audit, endOtherSessions(deps.db, person.id, session?.id ?? '')])
    return seeOther(c, deps, '/account', { tone: 'good', title: msg('You are logged out everywhere else.') })
  },

  'POST /account/password': async (c) => {
    const [person, form] = await Promise.all([self(c, deps), readForm(c)])
    const fresh = form.get('new_password')
    const wrong = wrongPassword(fresh)
    if (wrong) return accountPage(c, deps, person, { errors: [{ path: 'new_password', message: wrong }] })
    const { headers } = c.req.raw
    const [session, confirmed] = await Promise.all([
      deps.access.sessionOf(headers),
      deps.access.confirm(c.get('actor'), form.get('password')),
    ])
    if (!confirmed.ok) return accountPage(c, deps, person, { refused: confirmed })
    await changePassword(deps, c.get('actor'), person, fresh)
    // All sessions have ended, this one too: the person goes on in a new one.
    const remember = session?.remembered ?? false
    const who = { email: person.email, password: fresh, remember, address: c.get('address'), codeTaken: true }
    const login = await deps.access.login(headers, who)
    if (login.ok) setCookies(c, login.cookies)
    return seeOther(c, deps, '/account', {
      tone: 'good',
      title: msg('Password changed.'),
      text: msg('You are logged out everywhere else.'),
    })
  },
})

async function self(c: C, deps: Deps): Promise<Person> {
  const person = await personById(deps.db, c.get('actor').id)
  if (!person) throw notFound()
  return person
}

async function accountPage(
  c: C,
  deps: Deps,
  person: Person,
  faults: { errors?: readonly FieldError[]; refused?: Refusal } = {},
): Promise<Response> {
  const t = c.get('t')
  const { errors = [], refused } = faults
  const [sessions, current, twoFactor] = await Promise.all([
    sessionsOf(deps.db, person.id, isoTime(deps.clock())),
    deps.access.sessionOf(c.req.raw.headers),
    hasTwoFactor(deps.db, person.id),
  ])
  const notices: Shown[] = [
    ...(errors.length > 0 ? [faultsNotice(t, errors)] : []),
    ...(refused ? [refusalNotice(t, refused, t('Check the current password.'))] : []),
  ]
  return page(c, deps, 'pages/account/account', {
    title: t('Account'),
    notices,
    ...(errors.length > 0 && { status: 422 }),
    ...(refused && refusalStatus(refused)),
    data: {
      name: person.name,
      email: person.email,
      role: roleName(t, person.role),
      language: person.locale ?? '',
      languages: languages(t),
      twoFactor,
      timeZone: person.timeZone ?? '',
      timeZones: [
        { value: '', label: t('The network’s ({zone})', { zone: c.var.networkZone }) },
        ...timeZones().map((zone) => ({ value: zone, label: zone.replaceAll('_', ' ') })),
      ],
      sessions: sessions.map((session) => ({
        id: session.id,
        device: deviceOf(t, session.userAgent ?? ''),
        address: session.ipAddress ?? '',
        startedAt: Date.parse(session.createdAt),
        current: session.id === current?.id,
      })),
      errors: errorsByPath(errors, t),
    },
  })
}
