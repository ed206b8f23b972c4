import { z } from 'zod'
import type { Role } from '../../db/schema.ts'
import type { FieldError } from '../lib/errors.ts'
import { msg, type Message } from '../lib/message.ts'
import { isPlainText } from '../lib/plain-text.ts'
import { roles } from './roles.ts'

const email = z.email().max(254)

/** Accounts are compared in this form. */
export const normalEmail = (typed: string): string => typed.trim().toLowerCase()

/** Each check answers what is wrong with a field, or null. */
export function wrongName(name: string): Message | null {
  if (name === '') return msg('Give a name.')
  if (name.length > 191) return msg('A name can have up to 191 characters.')
  return isPlainText(name)
    ? null
    : msg('The name holds control characters or marks that turn the reading direction. Type it again without them.')
}

export function wrongEmail(typed: string): Message | null {
  if (typed === '') return msg('Give an e-mail address.')
  return email.safeParse(typed).success ? null : msg('This is not an e-mail address. It looks like name@example.com.')
}

export function wrongPassword(password: string): Message | null {
  if (password.length < 12) return msg('A password has 12 characters or more.')
  if (password.length > 128) return msg('A password has up to 128 characters.')
  return null
}

export interface NewPerson {
  readonly name: string
  readonly email: string
  /** Null: the person sets it by a link. */
  readonly password: string | null
  readonly role: Role
  /** The site of a site admin; `network` for everybody else. */
  readonly siteId: string
  /** The language of the pages; null goes by the browser. */
  readonly locale?: string | null
  /** An id that a form was given when it was shown, so that sending it twice makes one person. */
  readonly id?: string
}

/** A role and its site, from what a form sends. `site` is the id of one that is there; null when none was chosen. */
export function readRole(
  role: string,
  site: string | null,
): { ok: true; role: Role; siteId: string } | { ok: false; errors: readonly FieldError[] } {
  const found = roles.find((known) => known === role)
  if (!found) return { ok: false, errors: [{ path: 'role', message: msg('Choose one of the roles.') }] }
  if (found !== 'site_admin') return { ok: true, role: found, siteId: 'network' }
  if (site !== null) return { ok: true, role: found, siteId: site }
  return { ok: false, errors: [{ path: 'site', message: msg('Choose the site of this site admin.') }] }
}

/** The fields of a person that are wrong, by path. */
export function wrongFields(person: Pick<NewPerson, 'name' | 'email' | 'password'>): FieldError[] {
  const found = {
    name: wrongName(person.name),
    email: wrongEmail(person.email),
    password: person.password === null ? null : wrongPassword(person.password),
  }
  return Object.entries(found).flatMap(([path, message]) => (message ? [{ path, message }] : []))
}
