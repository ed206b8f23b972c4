import { tryCommit, type Statement } from '../../db/db.ts'
import { must } from '../../db/must.ts'
import { endSessions, setPassword } from '../../db/queries/access.ts'
import { hasOtherRole, type Person } from '../../db/queries/people.ts'
import { insertMailFor, insertMailTo } from '../../db/queries/mail.ts'
import {
  deleteLinksOf,
  insertLink,
  insertLinkByEmail,
  openLink,
  passIsGone,
  personByPass,
} from '../../db/queries/one-time-links.ts'
import { DAY, HOUR, isoTime } from '../lib/clock.ts'
import type { Actor } from '../lib/actor.ts'
import { fail } from '../lib/errors.ts'
import { newId } from '../lib/ids.ts'
import type { Engine } from '../webhooks/engine.ts'
import { sealLetter, type MailedLink } from '../webhooks/mail.ts'
import { auditEntry } from './audit.ts'
import { mustBeAbleToLetIn, type PeopleDeps } from './people.ts'
import { newToken, sha256 } from './token.ts'

// A link opens once: GET swaps its token for a pass, which the browser keeps in a cookie until the password is set. So the
// token is worth nothing any more when it stands in a history or a log. Only hashes of both are stored.

export type LinkKind = 'invite' | 'reset'

/** How long a link holds, with the pass that it was swapped for. */
export const LINK_LIFETIME: Readonly<Record<LinkKind, number>> = { invite: 7 * DAY, reset: HOUR }

/** How long a browser may take to fill in the form behind a link. */
export const PASS_LIFETIME = HOUR

const addressOf = (deps: Pick<Engine, 'publicUrl'>, token: string): string =>
  `${deps.publicUrl()}/set-password?token=${token}`

/**
 * A new link for a person, and the statements that make it hold; they also mail it where mail is set up. Links that the
 * person had no longer open. Throws `forbidden` where a key asks for who may do more than itself; the commit is refused as
 * `constraint` where the person got another role since.
 */
export async function newLink(
  deps: PeopleDeps,
  by: Actor,
  person: Pick<Person, 'id' | 'siteId' | 'role'>,
  kind: LinkKind,
): Promise<{ readonly url: string; readonly statements: readonly Statement[] }> {
  mustBeAbleToLetIn(by, person.role)
  const { url, link, mail } = await linkRows(deps, person.id, kind)
  return {
    url,
    statements: [
      ...auditEntry(deps, by, {
        action: LINK_MADE[kind],
        target: person.id,
        owner: person.siteId,
      }),
      must(deps.db, hasOtherRole(person)),
      ...insertLink(deps.db, link),
      ...(mail ? [insertMailTo(deps.db, mail)] : []),
    ],
  }
}

/** Makes a link for somebody who is there, and gives its address. Throws as `newLink` does, and `conflict` where that is refused. */
export async function giveLink(
  deps: PeopleDeps,
  by: Actor,
  person: Pick<Person, 'id' | 'siteId' | 'role'>,
  kind: LinkKind,
): Promise<string> {
  const { url, statements } = await newLink(deps, by, person, kind)
  if (await tryCommit(deps.db, statements)) return url
  throw fail('conflict', 'This user got another role at the same moment. Try again.')
}

/** What the audit log says of a new link. */
export const LINK_MADE: Readonly<Record<LinkKind, string>> = {
  invite: 'user.invited',
  reset: 'user.reset_link_made',
}

/** A new link, and its row. */
export async function freshLink(deps: Pick<Engine, 'clock' | 'random' | 'publicUrl'>, userId: string, kind: LinkKind) {
  const token = newToken(deps.random)
  const link = { hash: await sha256(token), kind, userId, until: deps.clock() + LINK_LIFETIME[kind] }
  return { url: addressOf(deps, token), link }
}

/** A new link as rows; `mail` brings it to the person, where mail is set up. */
export async function linkRows(deps: Engine, userId: string, kind: LinkKind) {
  const { url, link } = await freshLink(deps, userId, kind)
  return {
    url,
    link,
    mail: deps.mailer ? { userId, ...(await mailOf(deps, { letter: kind, url, until: link.until })) } : null,
  }
}

/** Mails a link to whoever has this address. Takes the same time, and does the same, when nobody has. */
export async function mailReset(deps: PeopleDeps, email: string): Promise<void> {
  const token = newToken(deps.random)
  const hash = await sha256(token)
  const until = deps.clock() + LINK_LIFETIME.reset
  await deps.db.commit([
    insertLinkByEmail(deps.db, { hash, kind: 'reset', email, until }),
    insertMailFor(deps.db, { email, ...(await mailOf(deps, { letter: 'reset', url: addressOf(deps, token), until })) }),
  ])
}

async function mailOf(deps: Engine, link: MailedLink) {
  const id = newId('mal', deps)
  return { id, about: await sealLetter(deps, id, link), now: deps.clock() }
}

/** Takes the token of a link and gives a pass for it; null when it was opened before, or is too old. */
export async function swapLink(deps: PeopleDeps, given: string): Promise<string | null> {
  const fresh = newToken(deps.random)
  const [token, pass] = await Promise.all([sha256(given), sha256(fresh)])
  const [swapped] = await deps.db.commit([
    openLink(deps.db, { token, pass, now: deps.clock(), until: deps.clock() + PASS_LIFETIME }),
  ])
  return swapped?.changes === 1 ? fresh : null
}

export const holderOf = async (deps: PeopleDeps, pass: string) =>
  (await personByPass(deps.db, await sha256(pass), deps.clock())) ?? null

/** Stores the password of who holds the pass, which ends with it, as do all sessions; false when it was used meanwhile. */
export async function setPasswordByPass(
  deps: PeopleDeps,
  holder: Person & { readonly kind: LinkKind },
  pass: string,
  password: string,
  address: string,
): Promise<boolean> {
  const { db } = deps
  const hash = await deps.access.hash(password)
  const by = { id: holder.id, name: holder.name, address }
  return tryCommit(db, [
    ...auditEntry(deps, by, {
      action: 'user.password_changed',
      target: holder.id,
      owner: holder.siteId,
      after: { by: `${holder.kind} link` },
    }),
    must(db, passIsGone(await sha256(pass))),
    setPassword(db, { userId: holder.id, hash, at: isoTime(deps.clock()) }),
    endSessions(db, holder.id),
    deleteLinksOf(db, holder.id),
  ])
}
