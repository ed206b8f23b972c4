import { everybody } from '../../db/queries/set-up.ts'
import { newPersonRow } from '../../db/queries/people.ts'
import { LINK_MADE, linkRows } from '../access/links.ts'
import { lessThanRole } from '../access/people.ts'
import { normalEmail, readRole, wrongEmail, wrongName } from '../access/person.ts'
import { lackedFor } from '../access/roles.ts'
import { isoTime } from '../lib/clock.ts'
import type { FieldError } from '../lib/errors.ts'
import { newId } from '../lib/ids.ts'
import { msg } from '../lib/message.ts'
import { locales } from '../web/i18n.ts'
import { created, differences, noSuchSite, refused, settled, skipped, twice, type Planning, type Step } from './step.ts'

/**
 * People get the role that the file gives them, but nobody becomes a super admin by a file, and none of those who are is
 * changed by it; a key gives no role that may do more than itself. New ones are invited: they set their passwords themselves. What is told of new accounts (`account_created`)
 * is not told of them: they have an account already, and receivers would greet them again.
 */
export async function planPeople(planning: Planning): Promise<Step[]> {
  const { deps, setUp, sites } = planning
  if (setUp.people.length === 0) return []
  const here = new Map((await everybody(deps.db)).map((person) => [person.email, person]))
  const slugs = new Map([...sites.values()].map(({ id, slug }) => [id, slug]))
  const seen = new Set<string>()
  const steps: Step[] = []
  for (const [index, entry] of setUp.people.entries()) {
    const path = `people.${index}`
    const email = normalEmail(entry.email)
    const name = entry.name.trim()
    const found = { kind: 'person', name: email, site: entry.site ?? null, path } as const
    const site = entry.site ? sites.get(entry.site) : null
    const role = readRole(entry.role, site?.id ?? null)
    const errors = wrongPerson(path, { ...entry, name, email })
    if (seen.has(email)) errors.push(twice(`${path}.email`))
    seen.add(email)
    if (site === undefined) errors.push(noSuchSite(`${path}.site`))
    else if (!role.ok) errors.push(...role.errors.map((error) => ({ ...error, path: `${path}.${error.path}` })))
    const old = here.get(email)
    if (entry.role === 'super_admin' && old?.role !== 'super_admin') {
      const message = msg(
        'An import makes no super admins. Leave this person out of the file, and add them under Users.',
      )
      errors.push({ path: `${path}.role`, message })
    }
    if (errors.length > 0 || !role.ok) {
      steps.push(refused(found, errors))
      continue
    }
    const { role: wanted, siteId } = role
    if (old?.role === 'super_admin') {
      steps.push(skipped(found, msg('This person is a super admin here, which no import changes.')))
      continue
    }
    const lacked = old?.role === wanted && old.siteId === siteId ? [] : lackedFor(planning.by, wanted)
    if (lacked.length > 0) {
      steps.push(refused(found, [{ path: `${path}.role`, message: lessThanRole(lacked) }]))
      continue
    }
    const at = isoTime(deps.clock())
    if (old) {
      const before = { role: old.role, site: slugs.get(old.siteId) ?? null }
      const changes = differences(before, { role: wanted, site: slugs.get(siteId) ?? null })
      steps.push(
        settled(planning, found, changes, () => ({
          rows: { user: [newPersonRow({ ...old, role: wanted, siteId, at })] },
          people: [old.id],
          audit: [
            {
              action: 'user.role_changed',
              target: old.id,
              owner: old.siteId,
              before: { role: old.role, site: old.siteId },
              after: { role: wanted, site: siteId },
            },
          ],
        })),
      )
      continue
    }
    const id = newId('usr', deps)
    const { link, mail } = await linkRows(deps, id, 'invite')
    const note = mail
      ? msg('Gets an invitation by mail to set a password.')
      : msg('Has no password yet, and there is no mail: make a link under Users and hand it over.')
    const { hash, kind, until } = link
    const now = deps.clock()
    steps.push(
      created(
        { ...found, notes: [note] },
        {
          rows: {
            user: [newPersonRow({ id, name, email, role: wanted, siteId, locale: entry.language ?? null, at })],
            // Without mail nobody would ever see the address of the link.
            ...(mail && {
              one_time_link: [{ hash, kind, user_id: id, until, opened: 0 }],
              mail: [
                { id: mail.id, user_id: id, about: mail.about, created_at: now, due_at: now, tries: 0, error: null },
              ],
            }),
          },
          audit: [
            {
              action: 'user.created',
              target: id,
              owner: siteId,
              after: { name, email, role: wanted, site: siteId },
            },
            ...(mail ? [{ action: LINK_MADE.invite, target: id, owner: siteId }] : []),
          ],
        },
      ),
    )
  }
  return steps
}

function wrongPerson(
  path: string,
  person: { readonly name: string; readonly email: string; readonly language?: string | null | undefined },
): FieldError[] {
  const { language = null } = person
  const isKnown = language === null || locales.some((locale) => locale === language)
  const wrong = {
    email: wrongEmail(person.email),
    name: wrongName(person.name),
    language: isKnown ? null : msg('Choose one of the languages.'),
  }
  return Object.entries(wrong).flatMap(([field, message]) => (message ? [{ path: `${path}.${field}`, message }] : []))
}
