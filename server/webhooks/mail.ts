import type { Statement } from '../../db/db.ts'
import {
  claimMail,
  countMail,
  delayMail,
  deleteMail,
  dueMail,
  insertMail,
  mailSince,
  type DueMail,
} from '../../db/queries/mail.ts'
import { setting, settings } from '../../db/queries/settings.ts'
import { DAY, HOUR, MINUTE } from '../lib/clock.ts'
import { newId } from '../lib/ids.ts'
import { pickLocale, translator, type Translator } from '../web/i18n.ts'
import type { Engine } from './engine.ts'
import type { HealthChange } from './judge.ts'
import { letterContext } from './sealed.ts'
import { isSending } from './sending.ts'
import { digest, letter, linkLetter, testLetter, type Letter, type News } from './mail-text.ts'

/** A mail as it goes out: plain text, and no line break in what becomes a header. */
export interface Mail extends Letter {
  readonly to: string
  /** The sender's address, as the settings say; null: the mail server's own choice. */
  readonly from: string | null
}

/** Hands one mail over to a mail server. Rejects with what that said when it did not take it. */
export type Mailer = (mail: Mail) => Promise<void>

const MOST_AN_HOUR = 10
const LEASE = 5 * MINUTE
const WAITS = [MINUTE, 5 * MINUTE, 15 * MINUTE]
const KEPT_FOR = 3 * DAY

/**
 * Writes mails about changes of health down, in the commit that makes them: one for each super admin and change. They are
 * sent apart from it, by `sendMail`, so that no mail server ever holds up a delivery.
 */
export function writeMail(engine: Engine, changes: readonly HealthChange[]): Statement[] {
  if (!engine.mailer || changes.length === 0) return []
  const now = engine.clock()
  const rows = changes.map(({ webhook, name, change, reason, failures, since }) => {
    const about: News = { webhook, name, change, reason, failures, since, at: now }
    return { id: newId('mal', engine), about: JSON.stringify(about), now }
  })
  return [insertMail(engine.db, rows)]
}

/**
 * Sends what waits, ten mails an hour to one person; what is more than that goes into one digest. A mail is forgotten only
 * when the server took it, so that a crash in between sends it twice rather than never. While sending is off, only what
 * somebody asked for goes out.
 */
export async function sendMail(engine: Engine): Promise<void> {
  const { db, mailer, clock } = engine
  if (!mailer) return
  const found = await dueMail(db, clock())
  if (found.length === 0) return
  const gone = found.filter((row) => isGone(row, clock()))
  if (gone.length > 0) await db.commit([deleteMail(db, gone.map(keyOf))])
  const kept = found.filter((row) => !gone.includes(row))
  // What somebody waits for goes first, and never into a digest.
  for (const row of kept.filter(isLetter)) if (!(await sendOne(engine, mailer, [row]))) return
  // News of a copy are those of the original, which has told them.
  if (!(await isSending(engine))) return
  const waiting = kept.filter((row) => !isLetter(row))
  for (const [user, rows] of Map.groupBy(waiting, (row) => row.user_id)) {
    const free = MOST_AN_HOUR - (await mailSince(db, user, clock() - HOUR))
    for (const group of lettersOf(rows, free)) {
      // A mail server that fails once would most likely fail for the others too: they have their time later.
      if (!(await sendOne(engine, mailer, group))) return
    }
  }
}

const isLetter = ({ about }: DueMail): boolean => about.startsWith('{"letter"')

/** News are for super admins; a letter is worth nothing when its link is too old. */
function isGone(row: DueMail, now: number): boolean {
  if (row.email === null) return true
  if (isLetter(row)) return (JSON.parse(row.about) as LinkLetter).until <= now
  return row.role !== 'super_admin' || row.created_at < now - KEPT_FOR
}

/** A link that one person gets by mail. `until`: when it no longer opens, in milliseconds UTC. */
export interface MailedLink {
  readonly letter: 'invite' | 'reset'
  readonly url: string
  readonly until: number
}

/** The same as it is written down: its address opens an account, so it is sealed. */
interface LinkLetter extends Omit<MailedLink, 'url'> {
  readonly sealed: string
}

/** What `mail.about` holds of a link until it is sent. `id` is the mail's. */
export async function sealLetter(
  { vault }: Pick<Engine, 'vault'>,
  id: string,
  { letter, url, until }: MailedLink,
): Promise<string> {
  return JSON.stringify({ letter, sealed: await vault.seal(url, letterContext(id)), until } satisfies LinkLetter)
}

/** One mail each while there is room for all of them; else the last one that may go takes all the others along. */
export function lettersOf<T>(rows: readonly T[], free: number): (readonly T[])[] {
  if (free <= 0) return []
  if (rows.length <= free) return rows.map((row) => [row])
  return [...rows.slice(0, free - 1).map((row) => [row]), rows.slice(free - 1)]
}

async function post({ db }: Pick<Engine, 'db'>, mailer: Mailer, to: string, letter: Letter): Promise<void> {
  await mailer({ to, from: (await setting(db, 'mail_from')) || null, ...letter })
}

/** A mail that says that mail works. Gives what the mail server said against it, or null when it took it. */
export async function sendTestMail(engine: Engine, to: string, t: Translator): Promise<string | null> {
  if (!engine.mailer) return 'No mail server is set up.'
  try {
    await post(engine, engine.mailer, to, testLetter(t, engine.publicUrl()))
    return null
  } catch (error) {
    return String(error).slice(0, 300)
  }
}

async function sendOne(engine: Engine, mailer: Mailer, group: readonly DueMail[]): Promise<boolean> {
  const { db, clock, log } = engine
  const now = clock()
  const [claimed] = await db.commit([
    claimMail(
      db,
      group.map((row) => ({ ...keyOf(row), now, lease: now + LEASE })),
    ),
  ])
  const ours = new Set(claimed?.rows.map((row) => String(row['id'])))
  const rows = group.filter(({ id }) => ours.has(id))
  const [first] = rows
  if (!first || first.email === null) return true
  try {
    await post(engine, mailer, first.email, await written(engine, rows, first.locale))
  } catch (error) {
    const said = String(error).slice(0, 300)
    log.warn('A mail could not be sent', { error: said, tries: first.tries + 1 })
    const due = (row: DueMail) => clock() + (WAITS[row.tries] ?? HOUR)
    await db.commit([
      delayMail(
        db,
        rows.map((row) => ({ ...keyOf(row), due: due(row), error: said })),
      ),
    ])
    return false
  }
  const sent = { user: first.user_id, at: clock(), id: newId('mal', engine) }
  await db.commit([deleteMail(db, rows.map(keyOf)), ...(isLetter(first) ? [] : [countMail(db, sent)])])
  return true
}

/** In the language of the person, or else of the network, with times on its clock. */
async function translatorFor({ db }: Pick<Engine, 'db'>, locale: string | null): Promise<Translator> {
  const network = await settings(db, ['language', 'time_zone'])
  return translator(pickLocale(locale ?? (network.language || null), null), network.time_zone)
}

async function written(engine: Engine, rows: readonly DueMail[], locale: string | null): Promise<Letter> {
  const t = await translatorFor(engine, locale)
  const [one] = rows
  if (one && isLetter(one)) {
    const { letter: kind, sealed } = JSON.parse(one.about) as LinkLetter
    const network = await setting(engine.db, 'network_name')
    return linkLetter(t, kind, network, await engine.vault.open(sealed, letterContext(one.id)))
  }
  const news = rows.map(({ about }) => JSON.parse(about) as News)
  const [first] = news
  return first && news.length === 1 ? letter(t, first, engine.publicUrl()) : digest(t, news, engine.publicUrl())
}

const keyOf = ({ id, user_id: user }: DueMail) => ({ id, user })
