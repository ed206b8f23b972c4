import { isConstraint, type Statement } from '../../db/db.ts'
import { must } from '../../db/must.ts'
import { deletePasswords, endSessions, setPassword } from '../../db/queries/access.ts'
import {
  deletePerson,
  insertPerson,
  isSuperAdmin,
  noSuperAdmin,
  personByEmail,
  updatePerson,
  type Person,
} from '../../db/queries/people.ts'
import { revokeKeysOf } from '../../db/queries/api-keys.ts'
import { keysOfPerson } from '../../db/queries/key-hooks.ts'
import { deleteLinksOf } from '../../db/queries/one-time-links.ts'
import { siteFor } from '../../db/queries/sites.ts'
import { deleteTwoFactor } from '../../db/queries/two-factor.ts'
import type { Role } from '../../db/schema.ts'
import { deleteScreens } from '../../db/queries/screens.ts'
import type { Actor, By, Capability } from '../lib/actor.ts'
import { isoTime } from '../lib/clock.ts'
import { AppError, fail } from '../lib/errors.ts'
import { newId } from '../lib/ids.ts'
import type { JsonObject } from '../lib/json.ts'
import { msg, type Message } from '../lib/message.ts'
import type { Host } from '../plugin/host.ts'
import type { Engine } from '../webhooks/engine.ts'
import type { Access } from './access.ts'
import { auditEntry } from './audit.ts'
import { endHooks } from './key-end.ts'
import type { NewPerson } from './person.ts'
import { lackedFor } from './roles.ts'

/** What changing people takes. */
export interface PeopleDeps extends Engine {
  readonly host: Host
  readonly access: Access
}

/** Whoever lets somebody in, or makes somebody more, could be that person: so no key does that may do less. Throws `forbidden`. */
export function mustBeAbleToLetIn(by: Actor, role: Role): void {
  if (by.kind === 'key' && role === 'super_admin') throw forPeopleOnly()
  const lacked = lackedFor(by, role)
  if (lacked.length > 0) throw new AppError('forbidden', lessThanRole(lacked))
}

export const lessThanRole = (lacked: readonly Capability[]): Message =>
  msg('A key lets nobody do more than it may do itself. For this role it lacks: {scopes}.', {
    scopes: lacked.join(', '),
  })

/**
 * Makes an account: person, password, audit entry and `account_created` in one commit, with `also`. Throws `conflict` when
 * the address is taken, and `forbidden` where a key lets in who may do more. `by` null: the person makes the own account, as
 * at set-up.
 */
export async function createPerson(
  deps: PeopleDeps,
  by: Actor | null,
  person: NewPerson,
  also: readonly Statement[] = [],
): Promise<string> {
  const { db } = deps
  if (by) mustBeAbleToLetIn(by, person.role)
  const id = person.id ?? newId('usr', deps)
  const at = isoTime(deps.clock())
  const hash = person.password === null ? null : await deps.access.hash(person.password)
  const { name, email, role, siteId, locale = null } = person
  const prepared = await announce(deps, 'account_created', siteId, created({ id, name, email, siteId }, at))
  const own: Statement[] = [
    ...auditEntry(deps, by ?? { id, name, address: 'local' }, {
      action: 'user.created',
      target: id,
      owner: siteId,
      after: { name, email, role, site: siteId },
    }),
    ...also,
    insertPerson(db, { id, name, email, role, siteId, locale, at }),
    ...(hash === null ? [] : [setPassword(db, { userId: id, hash, at })]),
  ]
  try {
    const results = await db.commit([...own, ...prepared.statements])
    prepared.finish(results.slice(own.length))
  } catch (error) {
    if (isConstraint(error) && (await personByEmail(db, email))) throw emailTaken()
    throw error
  }
  return id
}

/**
 * Gives another name, role or site, in one commit; with another role or site the person's sessions and links end, as who has
 * one could do more by it than they were let in for. Throws `conflict` for the last super admin, and `forbidden` where a key
 * would make or change one, or somebody who may do more than itself.
 */
export async function changePerson(
  deps: PeopleDeps,
  by: Actor,
  person: Pick<Person, 'id' | 'name' | 'role' | 'siteId'>,
  { name = person.name, role, siteId }: { readonly name?: string; readonly role: Role; readonly siteId: string },
): Promise<void> {
  const { db } = deps
  const isRenamed = name !== person.name
  const isMoved = role !== person.role || siteId !== person.siteId
  if (!isRenamed && !isMoved) return
  if (isMoved) mustBeAbleToLetIn(by, role)
  const about = { target: person.id, owner: person.siteId }
  await keepingSuperAdmins(deps, by, [
    ...(isRenamed
      ? auditEntry(deps, by, { action: 'user.updated', ...about, before: { name: person.name }, after: { name } })
      : []),
    ...(isMoved
      ? auditEntry(deps, by, {
          action: 'user.role_changed',
          ...about,
          before: { role: person.role, site: person.siteId },
          after: { role, site: siteId },
        })
      : []),
    ...sparedByKeys(deps, by, person.id),
    updatePerson(db, person.id, {
      ...(isRenamed && { name }),
      ...(isMoved && { role, siteId }),
      updatedAt: isoTime(deps.clock()),
    }),
    ...(isMoved ? [endSessions(db, person.id), deleteLinksOf(db, person.id)] : []),
    ...oneIsLeft(deps, by),
  ])
}

/**
 * Deletes an account: its sessions and keys end with it. Throws `conflict` for the last super admin, and `forbidden` where a
 * key would delete one.
 */
export async function removePerson(
  deps: PeopleDeps,
  by: Actor,
  person: Pick<Person, 'id' | 'name' | 'email' | 'role' | 'siteId'>,
): Promise<void> {
  const { db } = deps
  const now = deps.clock()
  const prepared = await announce(deps, 'account_deleted', person.siteId, {
    user_id: person.id,
    user_name: person.name,
    user_email: person.email,
    date: isoTime(now),
  })
  const own: Statement[] = [
    ...(await endHooks(deps, keysOfPerson(person.id))).statements,
    ...auditEntry(deps, by, {
      action: 'user.deleted',
      target: person.id,
      owner: person.siteId,
      before: { name: person.name, email: person.email, role: person.role, site: person.siteId },
    }),
    ...sparedByKeys(deps, by, person.id),
    endSessions(db, person.id),
    deleteLinksOf(db, person.id),
    ...deleteTwoFactor(db, person.id),
    deletePasswords(db, person.id),
    revokeKeysOf(db, person.id, now),
    deletePerson(db, person.id),
    deleteScreens(db, person.id),
    ...oneIsLeft(deps, by),
  ]
  const results = await keepingSuperAdmins(deps, by, [...own, ...prepared.statements])
  prepared.finish(results.slice(own.length))
}

/** Ends all sessions of a person, whose devices then ask for the password again. */
export async function logOutEverywhere(deps: PeopleDeps, by: By, person: Person): Promise<void> {
  await deps.db.commit([
    ...auditEntry(deps, by, { action: 'session.all_ended', target: person.id, owner: person.siteId }),
    endSessions(deps.db, person.id),
  ])
}

/** Stores a new password; all sessions of the person end. */
export async function changePassword(deps: PeopleDeps, by: By, person: Person, password: string): Promise<void> {
  const { db } = deps
  const hash = await deps.access.hash(password)
  await db.commit([
    ...auditEntry(deps, by, { action: 'user.password_changed', target: person.id, owner: person.siteId }),
    setPassword(db, { userId: person.id, hash, at: isoTime(deps.clock()) }),
    endSessions(db, person.id),
    deleteLinksOf(db, person.id),
  ])
}

export async function changeProfile(
  deps: PeopleDeps,
  by: By,
  person: Person,
  set: { name: string; locale: string | null; timeZone: string | null },
): Promise<void> {
  await deps.db.commit([
    ...auditEntry(deps, by, {
      action: 'user.updated',
      target: person.id,
      owner: person.siteId,
      before: { name: person.name, locale: person.locale, timeZone: person.timeZone },
      after: set,
    }),
    updatePerson(deps.db, person.id, { ...set, updatedAt: isoTime(deps.clock()) }),
  ])
}

const emailTaken = (): AppError =>
  new AppError('conflict', msg('Somebody has this e-mail address already.'), [
    { path: 'email', message: msg('Somebody has this e-mail address already.') },
  ])

const forPeopleOnly = (): AppError =>
  fail('forbidden', 'A key neither makes, changes nor deletes super admins. A super admin does that under Users.')

/** Stands behind the audit entry, whose counter makes a commit wait for one that makes a super admin, and before the change. */
const sparedByKeys = ({ db }: PeopleDeps, by: Actor, id: string): Statement[] =>
  by.kind === 'key' ? [must(db, isSuperAdmin(id))] : []

/** Stands behind the change. Whoever changes no super admin at all takes none away. */
const oneIsLeft = ({ db }: PeopleDeps, by: Actor): Statement[] => (by.kind === 'user' ? [must(db, noSuperAdmin)] : [])

async function keepingSuperAdmins(deps: PeopleDeps, by: Actor, list: readonly Statement[]) {
  try {
    return await deps.db.commit(list)
  } catch (error) {
    if (!isConstraint(error)) throw error
    if (by.kind === 'key') throw forPeopleOnly()
    throw fail('conflict', 'This is the last super admin. Make somebody else one first.')
  }
}

/** The event about an account, for the same commit; nothing when the plugin that owns it is not running. */
async function announce(deps: PeopleDeps, type: string, siteId: string, data: JsonObject) {
  const site = siteFor(siteId)
  const known = deps.host.eventType(type) !== undefined && (await deps.host.isAvailable(type, site))
  return known
    ? deps.host.prepare([{ type, site, data, source: 'plugin:accounts' }])
    : { statements: [], finish: () => [] }
}

function created(person: Pick<Person, 'id' | 'name' | 'email' | 'siteId'>, at: string): JsonObject {
  const [first = '', ...rest] = person.name.split(' ')
  return {
    user_id: person.id,
    user_login: person.email,
    user_firstname: first,
    user_lastname: rest.join(' ') || null,
    user_email: person.email,
    created_at: at,
    user_site_id: person.siteId === 'network' ? null : person.siteId,
    plan_name: null,
  }
}
