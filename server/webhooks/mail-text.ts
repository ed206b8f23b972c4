import type { Translator } from '../web/i18n.ts'
import { literalAddress } from './address.ts'
import type { HealthChange } from './judge.ts'

/** What a mail tells of: a change of a webhook's health, and when it was. */
export interface News extends Omit<HealthChange, 'owner'> {
  readonly at: number
}

export interface Letter {
  readonly subject: string
  /** Plain text. */
  readonly text: string
}

const MOST_LINES = 100

/** A mail about one change. */
export function letter(t: Translator, news: News, publicUrl: string): Letter {
  const { webhook, reason, failures, since, change } = news
  const title = titleOf(t, news)
  const todo = {
    failing: t('Its deliveries are tried again. If nothing succeeds for five days, it is switched off.'),
    disabled: t('It gets nothing more. Its events are kept, and what waits is held until somebody activates it.'),
    recovered: t('What waited goes out.'),
  }
  const lines = [
    `${title}.`,
    reason === null ? '' : t(/* translated elsewhere */ reason),
    since === null
      ? ''
      : t.n('{count} failure since {time}.', '{count} failures since {time}.', failures, { time: t.dateTime(since) }),
    todo[change],
    '',
    `${publicUrl}/network/webhooks/${webhook}`,
    '',
    whyYou(t, publicUrl),
  ]
  return { subject: headerText(`Hookline: ${title}`), text: textOf(lines) }
}

/** One mail about many changes. */
export function digest(t: Translator, all: readonly News[], publicUrl: string): Letter {
  const title = t.n('{count} change of a webhook', '{count} changes of webhooks', all.length)
  const left = all.length - MOST_LINES
  const lines = [
    t('So much happened within an hour that it comes in one mail:'),
    '',
    ...all.slice(0, MOST_LINES).map((news) => `${t.dateTime(news.at)}  ${titleOf(t, news)}`),
    ...(left > 0 ? [t('And {count} more.', { count: left })] : []),
    '',
    `${publicUrl}/network/webhooks`,
    '',
    whyYou(t, publicUrl),
  ]
  return { subject: headerText(`Hookline: ${title}`), text: lines.join('\n') }
}

/** A mail that says that mail works. */
export const testLetter = (t: Translator, publicUrl: string): Letter => ({
  subject: headerText(`Hookline: ${t('Mail works')}`),
  text: t('This is the test mail that you asked for under Settings of the network at {url}.', { url: publicUrl }),
})

/** A mail with a link that sets a password: `invite` for who has none yet, `reset` for who lost it. */
export function linkLetter(t: Translator, kind: 'invite' | 'reset', network: string, url: string): Letter {
  const isInvite = kind === 'invite'
  const title = isInvite
    ? t('You are invited to {network}', { network })
    : t('A new password for {network}', { network })
  const lines = [
    isInvite
      ? t('Somebody made an account for you. Open this link and choose a password; it works once, within 7 days:')
      : t('Open this link and choose a new password; it works once, within an hour:'),
    '',
    url,
    '',
    t('If you did not expect this mail, leave it be: nothing changes.'),
  ]
  return { subject: headerText(`Hookline: ${title}`), text: lines.join('\n') }
}

/** Who our mails are from, unless somebody says otherwise. */
export function senderOf(publicUrl: string): string {
  const { hostname } = new URL(publicUrl)
  return `hookline@${literalAddress(hostname) === null ? hostname : 'localhost'}`
}

/** What may stand in a header: one line, and not endless. */
export const headerText = (text: string): string =>
  // oxlint-disable-next-line no-control-regex -- these are what is taken out
  text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ').slice(0, 200)

function titleOf(t: Translator, { name, change }: News): string {
  if (change === 'failing') return t('The webhook {name} is failing', { name })
  return change === 'disabled'
    ? t('The webhook {name} was switched off', { name })
    : t('The webhook {name} works again', { name })
}

const whyYou = (t: Translator, publicUrl: string): string =>
  t('You get this as a super admin of the network at {url}.', { url: publicUrl })

/** Without the lines that had nothing to say; empty ones between parts stay. */
const textOf = (lines: readonly string[]): string => lines.filter((line, i) => line !== '' || i > 3).join('\n')
