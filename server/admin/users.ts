import { passwordHash } from '../../db/queries/access.ts'
import { personById, type Person } from '../../db/queries/people.ts'
import type { Site } from '../../db/queries/sites.ts'
import { hasTwoFactor } from '../../db/queries/two-factor.ts'
import { removeTwoFactor } from '../access/two-factor.ts'
import { giveLink, newLink, type LinkKind } from '../access/links.ts'
import { changePerson, createPerson, logOutEverywhere, removePerson } from '../access/people.ts'
import { normalEmail, readRole, wrongFields } from '../access/person.ts'
import { roleHas, roleMay, roles } from '../access/roles.ts'
import type { Handlers } from '../api/handlers.ts'
import type { Deps } from '../deps.ts'
import { capabilities } from '../lib/actor.ts'
import { AppError, notFound, type FieldError } from '../lib/errors.ts'
import { newId } from '../lib/ids.ts'
import { msg } from '../lib/message.ts'
import type { C } from '../web/env.ts'
import { seeOther } from '../web/flash.ts'
import { errorsByPath, readForm, type Form } from '../web/forms.ts'
import type { Translator } from '../web/i18n.ts'
import { capabilityInWords } from './capability-words.ts'
import { onceIn } from './once.ts'
import { faultsNotice, page } from './page.ts'
import { roleName } from './role-name.ts'
import { chosenSite, siteChoice } from './sites/choice.ts'
import { userBulkRoutes } from './users/bulk.ts'
import { userListRoutes } from './users/list.ts'

const LIST = '/network/users'

export const userRoutes = (deps: Deps): Handlers => ({
  ...userListRoutes(deps),
  ...userBulkRoutes(deps),

  'GET /network/users/roles': (c) => {
    const { t } = c.var
    return page(c, deps, 'pages/users/roles', {
      title: t('Roles'),
      crumbs: crumbs(t),
      lead: t('What each role may do. A site admin may do it on one site, the others on the whole network.'),
      data: {
        roles: roles.map((role) => roleName(t, role)),
        rows: capabilities.map((capability) => ({
          capability,
          words: capabilityInWords(t, capability),
          plugin: null,
          may: roles.map((role) => roleMay(role, capability)),
        })),
        added: deps.host.capabilities().map((one) => ({
          capability: one.name,
          words: t(/* translated elsewhere */ one.title),
          plugin: t(/* translated elsewhere */ one.pluginTitle),
          may: roles.map((role) => roleHas(role, one)),
        })),
      },
    })
  },

  'GET /network/users/new': (c) => addForm(c, deps, { ...nothing, id: newId('usr', deps) }, []),

  'POST /network/users': async (c) => {
    const form = await readForm(c)
    const byLink = form.get('entry') === 'link'
    const person = {
      name: form.get('name').trim(),
      email: normalEmail(form.get('email')),
      password: byLink ? null : form.get('password'),
    }
    const role = await roleOf(deps, form, ({ state }) => state === 'active')
    const id = onceIn(form, 'usr', deps)
    const again = (errors: readonly FieldError[]) =>
      addForm(
        c,
        deps,
        { id, name: person.name, email: person.email, role: form.get('role'), site: form.get('site'), byLink },
        errors,
      )
    const errors = [...wrongFields(person), ...(role.ok ? [] : role.errors)]
    if (errors.length > 0 || !role.ok) return again(errors)
    const { siteId } = role
    const link = byLink ? await newLink(deps, c.var.actor, { id, ...role }, 'invite') : null
    try {
      await createPerson(deps, c.get('actor'), { ...person, id, role: role.role, siteId }, link?.statements)
    } catch (error) {
      const made = await personById(deps.db, id)
      if (made?.email !== person.email) {
        if (error instanceof AppError && error.errors.length > 0) return again(error.errors)
        throw error
      }
      // A double click: the link went out with the answer to the first.
      return seeOther(c, deps, `${LIST}/${id}`, {
        tone: 'info',
        title: msg('This account was made already.'),
        text: msg('Make a new link if you did not copy the first.'),
      })
    }
    if (link) return linkPage(c, deps, { id, name: person.name }, link.url, 'invite')
    return seeOther(c, deps, LIST, { tone: 'good', title: msg('{name} can log in now.', { name: person.name }) })
  },

  'GET /network/users/:id': async (c) => roleForm(c, deps, await asked(c, deps), []),

  'POST /network/users/:id': async (c) => {
    const [person, form] = await Promise.all([asked(c, deps), readForm(c)])
    const role = await roleOf(deps, form)
    if (!role.ok) return roleForm(c, deps, person, role.errors)
    const refused = await expected(changePerson(deps, c.get('actor'), person, role))
    if (refused) return roleForm(c, deps, person, [{ path: 'role', message: refused.detail }])
    const isLeftOut = (role.role !== person.role || role.siteId !== person.siteId) && !(await hasPassword(deps, person))
    return seeOther(c, deps, LIST, {
      tone: 'good',
      title: msg('{name} saved.', { name: person.name }),
      ...(isLeftOut && { text: msg('The invitation from before no longer opens. Make a new link.') }),
    })
  },

  'POST /network/users/:id/link': async (c) => {
    const person = await asked(c, deps)
    const kind = (await hasPassword(deps, person)) ? 'reset' : 'invite'
    const url = await giveLink(deps, c.var.actor, person, kind)
    return linkPage(c, deps, person, url, kind)
  },

  'POST /network/users/:id/end-sessions': async (c) => {
    const person = await asked(c, deps)
    await logOutEverywhere(deps, c.var.actor, person)
    const title = msg('{name} is logged out everywhere.', { name: person.name })
    return seeOther(c, deps, `${LIST}/${person.id}`, { tone: 'good', title })
  },

  'POST /network/users/:id/two-factor/remove': async (c) => {
    const person = await asked(c, deps)
    await removeTwoFactor(deps, c.var.actor, person)
    const title = msg('{name} logs in without a code now.', { name: person.name })
    return seeOther(c, deps, `${LIST}/${person.id}`, { tone: 'good', title })
  },

  'GET /network/users/:id/delete': async (c) => deleteForm(c, deps, await asked(c, deps)),

  'POST /network/users/:id/delete': async (c) => {
    const person = await personById(deps.db, c.req.param('id') ?? '')
    // Sent twice: it is gone, which is what was asked for.
    if (!person) return c.redirect(LIST, 303)
    const refused = await expected(removePerson(deps, c.get('actor'), person))
    if (refused) return deleteForm(c, deps, person, refused)
    return seeOther(c, deps, LIST, { tone: 'good', title: msg('{name} is deleted.', { name: person.name }) })
  },
})

interface Typed {
  readonly id: string
  readonly name: string
  readonly email: string
  readonly role: string
  readonly site: string
  /** Whether the person sets the password, by a link. */
  readonly byLink: boolean
}
const nothing = { name: '', email: '', role: 'viewer', site: '', byLink: true }

async function asked(c: C, deps: Deps): Promise<Person> {
  const person = await personById(deps.db, c.req.param('id') ?? '')
  if (!person) throw notFound()
  return person
}

const hasPassword = async (deps: Deps, { id }: Person): Promise<boolean> => (await passwordHash(deps.db, id)) !== null

async function roleOf(deps: Deps, form: Form, fits: (site: Site) => boolean = () => true) {
  const site = await chosenSite(deps, form.get('site'))
  return readRole(form.get('role'), site && fits(site) ? site.id : null)
}

/** The failure that a form shows; anything else is thrown on. */
async function expected(work: Promise<void>): Promise<AppError | null> {
  try {
    await work
    return null
  } catch (error) {
    if (error instanceof AppError && error.code === 'conflict') return error
    throw error
  }
}

const choices = async (deps: Deps, t: Translator, site: string) => ({
  roles: roles.map((role) => ({ value: role, label: roleName(t, role) })),
  choice: await siteChoice(deps, site, t('None')),
})

const crumbs = (t: Translator) => [{ href: LIST, label: t('Users') }]

async function addForm(c: C, deps: Deps, typed: Typed, errors: readonly FieldError[]): Promise<Response> {
  const t = c.get('t')
  return page(c, deps, 'pages/users/new', {
    title: t('Add New User'),
    crumbs: crumbs(t),
    ...(errors.length > 0 && { status: 422, notices: [faultsNotice(t, errors)] }),
    data: { ...typed, ...(await choices(deps, t, typed.site)), errors: errorsByPath(errors, t) },
  })
}

async function roleForm(c: C, deps: Deps, person: Person, errors: readonly FieldError[]): Promise<Response> {
  const t = c.get('t')
  return page(c, deps, 'pages/users/edit', {
    title: person.name,
    crumbs: crumbs(t),
    ...(errors.length > 0 && { status: 422, notices: [faultsNotice(t, errors)] }),
    data: {
      id: person.id,
      email: person.email,
      role: person.role,
      twoFactor: await hasTwoFactor(deps.db, person.id),
      hasPassword: await hasPassword(deps, person),
      ...(await choices(deps, t, person.siteId === 'network' ? '' : person.siteId)),
      errors: errorsByPath(errors, t),
    },
  })
}

/** The link, shown this once; who opens it sets the password of the person. */
function linkPage(
  c: C,
  deps: Deps,
  person: { readonly id: string; readonly name: string },
  url: string,
  kind: LinkKind,
): Promise<Response> {
  const { t } = c.var
  return page(c, deps, 'pages/users/link', {
    title: t('A link for {name}', { name: person.name }),
    crumbs: crumbs(t),
    status: 201,
    headers: { 'cache-control': 'no-store' },
    data: { name: person.name, url, kind, mailed: deps.mailer !== undefined },
  })
}

function deleteForm(c: C, deps: Deps, person: Person, refused?: AppError): Promise<Response> {
  const t = c.get('t')
  return page(c, deps, 'pages/users/delete', {
    title: t('Delete {name}?', { name: person.name }),
    crumbs: crumbs(t),
    ...(refused && { status: 409, notices: [{ tone: 'bad', title: t.say(refused.detail) }] }),
    data: { id: person.id, email: person.email },
  })
}
