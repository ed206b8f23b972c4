import { refusingSources } from '../../../db/queries/sources.ts'
import type { Deps } from '../../deps.ts'
import { DAY } from '../../lib/clock.ts'
import type { Translator } from '../../web/i18n.ts'
import type { Check } from '../health-checks.ts'

/** Sources whose last request was refused within a day. Only there where there are some. */
export async function sourcesCheck(deps: Deps, t: Translator): Promise<Check[]> {
  const refusing = await refusingSources(deps.db, deps.clock() - DAY)
  if (refusing.length === 0) return []
  return [
    {
      id: 'sources',
      topic: t('Sources'),
      rank: 'recommended',
      title: t.n('A source refuses what comes in', 'Sources refuse what comes in', refusing.length),
      text: t('The last request was refused. The page of the source says why, and most senders do not try again.'),
      items: refusing.map(({ id, name }) => ({ href: `/network/sources/${id}`, label: name })),
    },
  ]
}
