import { placeNames, places, type Place, type PlaceName } from '../../../db/queries/privacy-places.ts'
import { hitsOf, requestById } from '../../../db/queries/privacy.ts'
import type { PrivacyRequestTable } from '../../../db/schema.ts'
import { normalEmail } from '../../access/person.ts'
import type { Handlers } from '../../api/handlers.ts'
import type { Deps } from '../../deps.ts'
import { notFound, type FieldError } from '../../lib/errors.ts'
import { isId } from '../../lib/ids.ts'
import { msg } from '../../lib/message.ts'
import { exportAnswer } from '../../privacy/export.ts'
import { rowsNamed } from '../../privacy/find.ts'
import { progressOf, startErasing, stop, tallyOf } from '../../privacy/request.ts'
import type { C } from '../../web/env.ts'
import { seeOther } from '../../web/flash.ts'
import { errorsByPath, readForm } from '../../web/forms.ts'
import type { Translator } from '../../web/i18n.ts'
import { faultsNotice, page, type Shown } from '../page.ts'
import { foundOf, PATH } from './list.ts'
import { pathOfRow, placesInWords } from './words.ts'

const FIRST = 3

/** One request: how far it is, what it found, and what can be done with that. */
export const privacyRequestRoutes = (deps: Deps): Handlers => ({
  'GET /network/privacy/:id': async (c) => requestPage(c, deps, await asked(c, deps)),

  'POST /network/privacy/:id/export': async (c) => {
    const request = await asked(c, deps)
    if (request.state !== 'found' || request.address === null) return late(c, deps, request)
    return exportAnswer(deps, c.var.actor, request)
  },

  'POST /network/privacy/:id/erase': async (c) => {
    const [request, form] = await Promise.all([asked(c, deps), readForm(c)])
    if (request.address === null) return late(c, deps, request)
    if (normalEmail(form.get('address')) !== request.address) {
      const message = msg('Type {address} to confirm.', { address: request.address })
      return requestPage(c, deps, request, [{ path: 'address', message }])
    }
    if (!(await startErasing(deps, c.var.actor, request))) return late(c, deps, request)
    const text = msg('It goes on by itself, also when you leave this page.')
    return seeOther(c, deps, pathOf(request), { tone: 'good', title: msg('Erasing has begun.'), text })
  },

  'POST /network/privacy/:id/stop': async (c) => {
    const request = await asked(c, deps)
    if (!(await stop(deps, c.var.actor, request))) return late(c, deps, request)
    const text = request.state === 'erasing' ? { text: msg('What was erased until now stays erased.') } : {}
    return seeOther(c, deps, pathOf(request), { tone: 'good', title: msg('It is stopped.'), ...text })
  },
})

const pathOf = ({ id }: PrivacyRequestTable): string => `${PATH}/${id}`

/** Somebody else was faster, or it ended meanwhile. */
const late = (c: C, deps: Deps, request: PrivacyRequestTable): Response =>
  seeOther(c, deps, pathOf(request), {
    tone: 'info',
    title: msg('Nothing was done.'),
    text: msg('This page shows how it is now.'),
  })

async function asked(c: C, deps: Deps): Promise<PrivacyRequestTable> {
  const id = c.req.param('id') ?? ''
  const request = isId('prv', id) ? await requestById(deps.db, id) : undefined
  if (!request) throw notFound()
  return request
}

async function requestPage(
  c: C,
  deps: Deps,
  request: PrivacyRequestTable,
  errors: readonly FieldError[] = [],
): Promise<Response> {
  const { t } = c.var
  const { state, address, ended_at: endedAt } = request
  const progress = progressOf(request)
  const isOver = state === 'erasing' || state === 'erased'
  const firsts = await Promise.all(placeNames.map((place) => (isOver ? [] : firstOf(deps, request, place))))
  const words = placesInWords(t)
  const rows = tallyOf(request).map(({ place, ...tally }, n) => ({
    ...tally,
    ...words[place],
    isNow: progress.at === place && (state === 'searching' || state === 'erasing'),
    first: firsts[n] ?? [],
  }))
  return page(c, deps, 'pages/privacy/request', {
    title: t('Personal data of {address}', { address: address ?? request.masked }),
    crumbs: [{ href: PATH, label: t('Privacy') }],
    ...(errors.length > 0 && { status: 422 }),
    notices: [...(errors.length > 0 ? [faultsNotice(t, errors)] : []), ...noticeOf(t, request)],
    data: {
      path: pathOf(request),
      list: PATH,
      state,
      address,
      rows,
      total: foundOf(request),
      waits: progress.waits,
      done: {
        places: progress.at === null ? placeNames.length : placeNames.indexOf(progress.at),
        of: placeNames.length,
      },
      endedAt,
      errors: errorsByPath(errors, t),
    },
  })
}

function noticeOf(t: Translator, { state, address, ended_at: at }: PrivacyRequestTable): Shown[] {
  if (state === 'erased' && at !== null) {
    const text = t('Nothing is left of it but what is kept below. The address is forgotten here too.')
    return [{ tone: 'good', title: t('Erased on {date}.', { date: t.dateTime(at) }), text }]
  }
  if (state === 'stopped') return [{ tone: 'warn', title: t('It was stopped before its end.') }]
  if (state === 'found' && address === null) {
    const text = t('Search again to see what there is now.')
    return [{ tone: 'info', title: t('The address was forgotten, as it was searched for a while ago.'), text }]
  }
  return []
}

/** The first rows that a search found in a place, as links. */
async function firstOf(deps: Deps, { id }: PrivacyRequestTable, name: PlaceName) {
  const place: Place = places[name]
  const names = await hitsOf(deps.db, id, name, { limit: FIRST })
  const rows = await rowsNamed(deps, place, names)
  return rows.map((row) => ({
    href: pathOfRow(name, row),
    label:
      name === 'plugin_record'
        ? `${row['collection']} ${row['id']}`
        : String(row['id'] ?? row['owner_id'] ?? row['name'] ?? row['slug']),
  }))
}
