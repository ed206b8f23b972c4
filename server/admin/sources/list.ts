import { countSources, sourcePage, strangers } from '../../../db/queries/sources.ts'
import { siteNames } from '../../../db/queries/sites.ts'
import type { Handlers } from '../../api/handlers.ts'
import type { Deps } from '../../deps.ts'
import { can } from '../../lib/actor.ts'
import { MASK } from '../../webhooks/redact.ts'
import { addressOf } from '../../sources/lifecycle.ts'
import { listing } from '../listing.ts'
import { page } from '../page.ts'
import { screenOf } from '../screen.ts'
import { kindOf } from './form-page.ts'

const list = listing({
  word: 'state',
  views: ['active', 'retired'],
  columns: { name: 'name', received: 'last_taken_at', taken: 'taken', refused: 'refused' },
  usual: { by: 'name', descending: false },
})

export const sourceListRoutes = (deps: Deps): Handlers => ({
  'GET {area}/sources': async (c) => {
    const { actor, scope, t } = c.var
    const { base, site } = scope
    const path = `${base}/sources`
    const words = { active: t('Active'), retired: t('Retired') }
    const asked = list.read(c)
    const filter = { site: site?.id ?? null, search: asked.q }
    const [screen, counts, unknown] = await Promise.all([
      screenOf(c, deps, 'sources'),
      countSources(deps.db, filter),
      site === null ? strangers(deps.db) : [],
    ])
    const { slice, heads, frame } = list.page(c, asked, { path, rows: screen.rows, words, counts })
    const rows = await sourcePage(deps.db, { ...filter, state: asked.view }, slice)
    const names = await siteNames(deps.db, site === null ? rows.map((row) => row.site_id) : [])
    const mayWrite = can(actor, 'webhooks:write', scope.owner)
    return page(c, deps, 'pages/sources/list', {
      title: t('Sources'),
      lead: t('What happens elsewhere becomes an event here: each source has an address to which others post.'),
      ...(mayWrite &&
        counts.active + counts.retired > 0 && { action: { href: `${base}/sources/new`, label: t('Add New Source') } }),
      screen: screen.options,
      help: [
        t('The page of a source says what to do on the other side, with the address to paste there.'),
        t('Refused: what came in did not fit, or its signature did not hold. The page of the source says why.'),
      ],
      data: {
        shows: screen.shows,
        frame,
        heads,
        mayWrite,
        now: deps.clock(),
        rows: rows.map((row) => ({
          id: row.id,
          name: row.name,
          site: names.get(row.site_id) ?? null,
          kind: t(/* translated elsewhere */ kindOf(deps, row.kind).title),
          address: addressOf(deps, row.kind, MASK).replace(/^https?:\/\//, ''),
          state: row.state,
          taken: row.taken,
          refused: row.refused,
          lastTakenAt: row.last_taken_at,
          lastRefusedAt: row.last_refused_at,
        })),
        strangers: unknown.map(({ kind, requests, last_at: at }) => ({
          kind: t(/* translated elsewhere */ kindOf(deps, kind).title),
          requests,
          at,
        })),
      },
    })
  },
})
