import type { Deps } from '../deps.ts'
import { copyOf, type Copy } from '../webhooks/copy.ts'
import { isSending } from '../webhooks/sending.ts'
import type { Translator } from '../web/i18n.ts'
import type { Check } from './health-checks.ts'

/** Whether anything is sent, and whether this is a copy that sends, or would send, what another one does. */
export async function sendingChecks(deps: Deps, t: Translator): Promise<Check[]> {
  const [sending, copy] = await Promise.all([isSending(deps), copyOf(deps.db)])
  return [sendingCheck(t, sending, copy), ...(sending && copy ? [movedCheck(t, copy)] : [])]
}

function sendingCheck(t: Translator, sending: boolean, copy: Copy | null): Check {
  const check = { id: 'sending', topic: t('Deliveries') }
  if (sending) return { ...check, rank: 'good', title: t('Sending is on'), text: t('Nothing holds deliveries back.') }
  if (copy !== null) {
    const title = copy.kind === 'restored' ? t('This is a restored copy') : t('This is a copy')
    const text = t('Switch sending on when the original has stopped for good, and leave it off for any other copy.')
    return { ...check, rank: 'recommended', title, text: `${copyInWords(t, copy)} ${text}` }
  }
  const text = t(
    'New deliveries are held, and tests are refused. That is right for a copy, and wrong for the real one.',
  )
  return { ...check, rank: 'recommended', title: t('Sending is off'), text }
}

function movedCheck(t: Translator, copy: Copy): Check {
  const text = t('If it is the only one, say so under Sending. If it is a copy, switch sending off there.')
  return {
    id: 'copy',
    topic: t('Deliveries'),
    rank: 'recommended',
    title: t('This may be a copy'),
    text: `${copyInWords(t, copy)} ${text}`,
    link: { href: '#h-sending', text: t('Go to Sending') },
  }
}

/** What a database is a copy of, and what would happen if it sent. */
export function copyInWords(t: Translator, { kind, since, url }: Copy): string {
  const time = t.dateTime(since)
  const again = t('What the original has sent since would be sent again.')
  if (kind === 'restored') return `${t('This network was restored from a backup of {time}.', { time })} ${again}`
  if (kind === 'copied')
    return `${t('On {time} this network was started in another place than before.', { time })} ${again}`
  return url === undefined
    ? t('Until {time} this network ran in another place. If it still runs there, both send the same.', { time })
    : t('Until {time} this network ran at {url}. If it still runs there, both send the same.', { time, url })
}
