import type { Refusal } from '../access/access.ts'
import { MINUTE, SECOND } from '../lib/clock.ts'
import type { Translator } from '../web/i18n.ts'
import type { Page, Shown } from './page.ts'

/** What a person is told whose password did not go through. `id` lets the fields point to it. */
export function refusalNotice(t: Translator, { wait, left }: Refusal, what: string): Shown & { id: string } {
  const id = 'refused'
  if (wait > 0) {
    const minutes = Math.ceil(wait / MINUTE)
    const text = t.n('Wait a minute, then try again.', 'Wait {count} minutes, then try again.', minutes)
    return { id, tone: 'bad', title: t('Too many tries.'), text }
  }
  const tries = t.n('You have one try left.', 'You have {count} tries left.', left)
  return { id, tone: 'bad', title: t('That did not match.'), text: `${what} ${left > 0 ? tries : ''}`.trim() }
}

/** 422 for a wrong password; 429 with the time to wait where nobody even looked at it. */
export const refusalStatus = ({ wait }: Refusal): Pick<Page, 'status' | 'headers'> =>
  wait > 0 ? { status: 429, headers: { 'retry-after': String(Math.ceil(wait / SECOND)) } } : { status: 422 }
