import { sourcesOf, strangers } from '../../../db/queries/sources.ts'
import { siteNames } from '../../../db/queries/sites.ts'
import type { Handlers } from '../../api/handlers.ts'
import type { Deps } from '../../deps.ts'
import { can } from '../../lib/actor.ts'
import { MASK } from '../../webhooks/redact.ts'
import { addressOf } from '../../sources/lifecycle.ts'
import { page } from '../page.ts'
import { kindOf } from './form-page.ts'

const PAGE = 50
const MOST_PAGES = 1000

export const sourceListRoutes = (deps: Deps): Handlers => ({
  'GET {area}/sources': async (c) => {
    const { actor, scope, t } = c.var
    const { base, site } = scope
    const asked = Math.min(Math.max(Math.trunc(Number(c.req.query('page'))) || 1, 1), MOST_PAGES)
    const [found, unknown] = await Promise.all([
      sourcesOf(deps.db, site?.id ?? null, PAGE + 1, (asked - 1) * PAGE),
      site === null ? strangers(deps.db) : [],
    ])
    const rows = found.slice(0, PAGE)
    const path = `${base}/sources`
    const names = await siteNames(deps.db, site === null ? rows.map((row) => row.site_id) : [])
    const mayWrite = can(actor, 'webhooks:write', scope.owner)
    return page(c, deps, 'pages/sources/list', {
      title: t('Sources'),
      lead: t('What happens elsewhere becomes an event here: each source has an address to which others post.'),
      ...(mayWrite && rows.length > 0 && { action: { href: `${base}/sources/new`, label: t('Add New Source') } }),
      data: {
        path,
        shown: t.n('1 shown', '{count} shown', rows.length),
        newer: asked > 1 ? `${path}?page=${asked - 1}` : null,
        older: found.length > PAGE ? `${path}?page=${asked + 1}` : null,
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
