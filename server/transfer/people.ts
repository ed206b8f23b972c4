import { everybody, type Somebody } from '../../db/queries/set-up.ts'
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
import type { PersonEntry } from './file.ts'
import {
  below,
  created,
  differences,
  noSuchSite,
  refused,
  settled,
  skipped,
  twice,
  type Planning,
  type Step,
} from './step.ts'

/** What is here, and whom the file has named so far. */
interface Here {
  readonly people: ReadonlyMap<string, Somebody>
  readonly slugOf: (siteId: string) => string | null
  readonly seen: Set<string>
}

interface Found {
  readonly kind: 'person'
  readonly name: string
  readonly site: string | null
  readonly path: string
}

/** What a person may do, and at which site. */
type Place = Pick<Somebody, 'role' | 'siteId'>

/**
 * People get the role that the file gives them, but nobody becomes a super admin by a file, and none of those who are is
 * changed by it; a key gives no role that may do more than itself. New ones are invited: they set their passwords themselves.
 * What is told of new accounts (`account_created`) is not told of them: they have an account already, and receivers would
 * greet them again.
 */
export async function planPeople(planning: Planning): Promise<Step[]> {
  const { deps, setUp, sites } = planning
  if (setUp.people.length === 0) return []
  const slugs = new Map([...sites.values()].map(({ id, slug }) => [id, slug]))
  const here: Here = {
    people: new Map((await everybody(deps.db)).map((person) => [person.email, person])),
    slugOf: (siteId) => slugs.get(siteId) ?? null,
    seen: new Set(),
  }
  const steps: Step[] = []
  for (const [index, entry] of setUp.people.entries()) {
    const person = { ...entry, name: entry.name.trim(), email: normalEmail(entry.email) }
    steps.push(await planOne(planning, here, person, `people.${index}`))
  }
  return steps
}

async function planOne(planning: Planning, here: Here, entry: PersonEntry, path: string): Promise<Step> {
  const found: Found = { kind: 'person', name: entry.email, site: entry.site ?? null, path }
  const old = here.people.get(entry.email)
  const site = entry.site ? planning.sites.get(entry.site) : null
  const read = readRole(entry.role, site?.id ?? null)
  const errors = wrongPerson(entry)
  if (here.seen.has(entry.email)) errors.push(twice('email'))
  here.seen.add(entry.email)
  if (site === undefined) errors.push(noSuchSite('site'))
  else if (!read.ok) errors.push(...read.errors)
  if (entry.role === 'super_admin' && old?.role !== 'super_admin')
    errors.push({ path: 'role', message: NO_SUPER_ADMINS })
  if (errors.length > 0 || !read.ok) return refused(found, below(path, errors))

  if (old?.role === 'super_admin')
    return skipped(found, msg('This person is a super admin here, which no import changes.'))
  const place: Place = { role: read.role, siteId: read.siteId }
  const stays = old?.role === place.role && old.siteId === place.siteId
  const lacked = stays ? [] : lackedFor(planning.by, place.role)
  if (lacked.length > 0) return refused(found, below(path, [{ path: 'role', message: lessThanRole(lacked) }]))
  return old ? planChange(planning, here, found, old, place) : planNew(planning, found, entry, place)
}

const NO_SUPER_ADMINS = msg(
  'An import makes no super admins. Leave this person out of the file, and add them under Users.',
)

function planChange(planning: Planning, { slugOf }: Here, found: Found, old: Somebody, place: Place): Step {
  const at = isoTime(planning.deps.clock())
  const shown = ({ role, siteId }: Place) => ({ role, site: slugOf(siteId) })
  const audited = ({ role, siteId }: Place) => ({ role, site: siteId })
  return settled(planning, found, differences(shown(old), shown(place)), () => ({
    rows: { user: [newPersonRow({ ...old, ...place, at })] },
    people: [old.id],
    audit: [
      { action: 'user.role_changed', target: old.id, owner: old.siteId, before: audited(old), after: audited(place) },
    ],
  }))
}

async function planNew({ deps }: Planning, found: Found, entry: PersonEntry, { role, siteId }: Place): Promise<Step> {
  const { name, email, language = null } = entry
  const id = newId('usr', deps)
  const now = deps.clock()
  const { link, mail } = await linkRows(deps, id, 'invite')
  const { hash, kind, until } = link
  const invitation = mail && {
    one_time_link: [{ hash, kind, user_id: id, until, opened: 0 }],
    mail: [{ id: mail.id, user_id: id, about: mail.about, created_at: now, due_at: now, tries: 0, error: null }],
  }
  const note = invitation
    ? msg('Gets an invitation by mail to set a password.')
    : msg('Has no password yet, and there is no mail: make a link under Users and hand it over.')
  return created(
    { ...found, notes: [note] },
    {
      // Without mail nobody would ever see the address of the link.
      rows: {
        user: [newPersonRow({ id, name, email, role, siteId, locale: language, at: isoTime(now) })],
        ...invitation,
      },
      audit: [
        { action: 'user.created', target: id, owner: siteId, after: { name, email, role, site: siteId } },
        ...(invitation ? [{ action: LINK_MADE.invite, target: id, owner: siteId }] : []),
      ],
    },
  )
}

function wrongPerson({ name, email, language = null }: PersonEntry): FieldError[] {
  const isKnown = language === null || locales.some((locale) => locale === language)
  const wrong = {
    email: wrongEmail(email),
    name: wrongName(name),
    language: isKnown ? null : msg('Choose one of the languages.'),
  }
  return Object.entries(wrong).flatMap(([path, message]) => (message ? [{ path, message }] : []))
}
