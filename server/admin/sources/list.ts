import { sourcesOf, strangers } from '../../../db/queries/sources.ts'
import { siteNames } from '../../../db/queries/sites.ts'
import type { Handlers } from '../../api/handlers.ts'
import type { Deps } from '../../deps.ts'
import { can } from '../../lib/actor.ts'
import { MASK } from '../../webhooks/redact.ts'
import { addressOf } from '../../sources/lifecycle.ts'
import { page } from '../page.ts'
import { kindOf } from './form-page.ts'

export const sourceListRoutes = (deps: Deps): Handlers => ({
  'GET {area}/sources': async (c) => {
    const { actor, scope, t } = c.var
    const { base, site } = scope
    const [rows, unknown] = await Promise.all([
      sourcesOf(deps.db, site?.id ?? null),
      site === null ? strangers(deps.db) : [],
    ])
    const names = await siteNames(deps.db, site === null ? rows.map((row) => row.site_id) : [])
    const mayWrite = can(actor, 'webhooks:write', scope.owner)
    return page(c, deps, 'pages/sources/list', {
      title: t('Sources'),
      lead: t('What happens elsewhere becomes an event here: each source has an address to which others post.'),
      ...(mayWrite && rows.length > 0 && { action: { href: `${base}/sources/new`, label: t('Add New Source') } }),
      data: {
        path: `${base}/sources`,
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
