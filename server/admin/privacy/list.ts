import { countRequests, requestPage } from '../../../db/queries/privacy.ts'
import type { PrivacyRequestTable, PrivacyState } from '../../../db/schema.ts'
import { normalEmail, wrongEmail } from '../../access/person.ts'
import type { Handlers } from '../../api/handlers.ts'
import type { Deps } from '../../deps.ts'
import type { FieldError } from '../../lib/errors.ts'
import { msg } from '../../lib/message.ts'
import { startSearch, tallyOf } from '../../privacy/request.ts'
import type { C } from '../../web/env.ts'
import { seeOther } from '../../web/flash.ts'
import { errorsByPath, readForm } from '../../web/forms.ts'
import { listing } from '../listing.ts'
import { faultsNotice, page } from '../page.ts'
import { screenOf } from '../screen.ts'

export const PATH = '/network/privacy'
const list = listing({
  word: 'state',
  views: ['searching', 'found', 'erasing', 'erased', 'stopped'] satisfies PrivacyState[],
  columns: { time: 'created_at' },
  usual: { by: 'created_at', descending: true },
})

/** The requests of people about their data, and a form for the next one. */
export const privacyListRoutes = (deps: Deps): Handlers => ({
  'GET /network/privacy': (c) => listPage(c, deps),

  'POST /network/privacy': async (c) => {
    const typed = (await readForm(c)).get('address').trim()
    const wrong = wrongEmail(typed)
    if (wrong) return listPage(c, deps, typed, [{ path: 'address', message: wrong }])
    const id = await startSearch(deps, c.var.actor, normalEmail(typed))
    const text = msg('It goes on by itself, also when you leave this page.')
    return seeOther(c, deps, `${PATH}/${id}`, { tone: 'good', title: msg('The search has begun.'), text })
  },
})

async function listPage(c: C, deps: Deps, typed = '', errors: readonly FieldError[] = []): Promise<Response> {
  const { t } = c.var
  const words = {
    searching: t('Searching'),
    found: t('Searched'),
    erasing: t('Erasing'),
    erased: t('Erased'),
    stopped: t('Stopped'),
  }
  const asked = list.read(c)
  const { view: state, q: search } = asked
  const [screen, counts] = await Promise.all([screenOf(c, deps, 'privacy'), countRequests(deps.db, search)])
  const { slice, heads, frame } = list.page(c, asked, { path: PATH, rows: screen.rows, words, counts })
  const rows = await requestPage(deps.db, { state, search }, slice)
  return page(c, deps, 'pages/privacy/list', {
    title: t('Privacy'),
    lead: t('All that is stored with an e-mail address in it: find it, export it for the person, and erase it.'),
    screen: screen.options,
    help: [
      t(
        'A search looks through events, requests, answers, bins, sources, plugins, users and the audit log, step by step.',
      ),
      t('An address is forgotten here when its data is erased, else after 7 days.'),
    ],
    ...(errors.length > 0 && { status: 422, notices: [faultsNotice(t, errors)] }),
    data: {
      path: PATH,
      typed,
      errors: errorsByPath(errors, t),
      shows: screen.shows,
      frame,
      words,
      heads,
      rows: rows.map((row) => ({
        id: row.id,
        who: row.address ?? row.masked,
        state: row.state,
        found: foundOf(row),
        at: row.created_at,
      })),
    },
  })
}

/** How many rows hold the address, as far as it was looked. */
export const foundOf = (request: PrivacyRequestTable): number =>
  tallyOf(request).reduce((sum, { found }) => sum + found, 0)
