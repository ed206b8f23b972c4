import type { Translator } from '../web/i18n.ts'
import type { Shown } from './page.ts'

/** What stands where something was that is erased. */
export const erasedOn = (t: Translator, at: number): string =>
  t('Erased on {date} at the request of a person whose data it held.', { date: t.date(at) })

export const erasedNotice = (t: Translator, at: number): Shown => ({
  tone: 'info',
  title: erasedOn(t, at),
  text: t('Ids, times and states stay. It cannot be sent again.'),
})
