import type { Copy } from '../webhooks/copy.ts'
import type { Translator } from '../web/i18n.ts'

/** What a database is a copy of, and what would happen if it sent. */
export function copyInWords(t: Translator, { kind, since, url }: Copy): string {
  const time = t.dateTime(since)
  const again = t('What the original has sent since would be sent again.')
  if (kind === 'restored') return `${t('This was restored from a copy made on {time}.', { time })} ${again}`
  if (kind === 'copied')
    return `${t('This is a copy: on {time} it was started in another place than before.', { time })} ${again}`
  const before = url === undefined ? t('another place') : url
  return t('Until {time} this database ran at {place}. If it still runs there too, both send the same.', {
    time,
    place: before,
  })
}
