import { countSources, sourcePage, strangers } from '../../../db/queries/sources.ts'
import { siteNames } from '../../../db/queries/sites.ts'
import type { Handlers } from '../../api/handlers.ts'
import type { Deps } from '../../deps.ts'
import { can } from '../../lib/actor.ts'
import { MASK } from '../../webhooks/redact.ts'
import { addressOf } from '../../sources/lifecycle.ts'
import { frameOf, listing, sliceOf } from '../listing.ts'
import { page } from '../page.ts'
import { screenOf } from '../screen.ts'
import { kindOf } from './form-page.ts'

/** Words of the URL, and the columns they stand for. */
const columns = { name: 'name', received: 'last_taken_at', taken: 'taken', refused: 'refused' } as const
const states = ['active', 'retired'] as const
const usual = { by: 'name', descending: false } as const
const list = listing({ word: 'state', views: states, columns: ['name', 'received', 'taken', 'refused'], usual })

export const sourceListRoutes = (deps: Deps): Handlers => ({
  'GET {area}/sources': async (c) => {
    const { actor, scope, t } = c.var
    const { base, site } = scope
    const asked = list.read((name) => c.req.query(name))
    const filter = { site: site?.id ?? null, search: asked.q || undefined }
    const [screen, counts, unknown] = await Promise.all([
      screenOf(c, deps, 'sources'),
      countSources(deps.db, filter),
      site === null ? strangers(deps.db) : [],
    ])
    const total = counts.active + counts.retired
    const count = asked.view ? counts[asked.view] : total
    const slice = sliceOf(asked, count, screen.rows)
    const { limit, offset } = slice
    const { by, descending } = asked.sort ?? usual
    const rows = await sourcePage(
      deps.db,
      { ...filter, state: asked.view ?? undefined },
      { sort: columns[by], descending, limit, offset },
    )
    const path = `${base}/sources`
    const names = await siteNames(deps.db, site === null ? rows.map((row) => row.site_id) : [])
    const mayWrite = can(actor, 'webhooks:write', scope.owner)
    const head = (column: keyof typeof columns) => list.head(path, asked, column)
    return page(c, deps, 'pages/sources/list', {
      title: t('Sources'),
      lead: t('What happens elsewhere becomes an event here: each source has an address to which others post.'),
      ...(mayWrite && total > 0 && { action: { href: `${base}/sources/new`, label: t('Add New Source') } }),
      screen: screen.options,
      help: [
        t('The page of a source says what to do on the other side, with the address to paste there.'),
        t('Refused: what came in did not fit, or its signature did not hold. The page of the source says why.'),
      ],
      data: {
        shows: screen.shows,
        frame: frameOf(c, list, asked, {
          path,
          count,
          slice,
          views: [
            { view: null, label: t('All'), count: total },
            { view: 'active', label: t('Active'), count: counts.active },
            { view: 'retired', label: t('Retired'), count: counts.retired },
          ],
        }),
        heads: { name: head('name'), received: head('received'), taken: head('taken'), refused: head('refused') },
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
