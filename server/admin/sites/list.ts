import { countOfSites, countSites, listSites, type Site, type SitePosition } from '../../../db/queries/sites.ts'
import type { Handlers } from '../../api/handlers.ts'
import type { Deps } from '../../deps.ts'
import { can } from '../../lib/actor.ts'
import { decodeCursor, encodeCursor } from '../../lib/cursor.ts'
import type { C } from '../../web/env.ts'
import { logPage } from '../log-page.ts'
import { page } from '../page.ts'
import { screenOf } from '../screen.ts'

const PATH = '/network/sites'

/** Words of the URL, and the columns they stand for. */
const columns = { name: 'name', created: 'created_at' } as const
type Column = keyof typeof columns

interface Asked {
  readonly state: 'active' | 'archived' | null
  /** Part of a name or a slug. */
  readonly q: string
  readonly by: Column
  readonly descending: boolean
}

export const siteListRoutes = (deps: Deps): Handlers => ({
  'GET /network/sites': async (c) => {
    const { actor, t } = c.var
    const asked = readAsked((name) => c.req.query(name))
    const screen = await screenOf(c, deps, 'sites')
    const [counts, { rows, newer, older }] = await Promise.all([
      countSites(deps.db, { search: asked.q }),
      rowsOf(deps, c, asked, screen.rows),
    ])
    const total = counts.active + counts.archived
    const of = await countOfSites(
      deps.db,
      rows.map(({ id }) => id),
    )
    const mayWrite = can(actor, 'network:write', 'network')
    const view = (state: Asked['state'], label: string, count: number) => ({
      href: PATH + searchOf({ ...asked, state }),
      label,
      count,
      current: asked.state === state,
    })
    const cursor = (row: Site | null) => row && cursorAt(asked, row)
    return page(c, deps, 'pages/sites/list', {
      title: t('Sites'),
      ...(mayWrite && { action: { href: `${PATH}/new`, label: t('Add New Site') } }),
      screen: screen.options,
      help: [
        t(
          'Each site has an admin of its own, with its own webhooks, sources and keys. Its events reach its own webhooks and those of the network.',
        ),
        t('Archived: its webhooks wait and its keys are refused, until it is brought back.'),
      ],
      data: {
        shows: screen.shows,
        asked,
        keep: searchOf({ ...asked, q: '' }),
        back: PATH + searchOf(asked),
        mayWrite,
        views: [
          view(null, t('All'), total),
          view('active', t('Active'), counts.active),
          view('archived', t('Archived'), counts.archived),
        ].filter(({ count, current }, i) => i === 0 || count > 0 || current),
        heads: { name: headOf(asked, 'name'), created: headOf(asked, 'created') },
        items: t.n('1 item', '{count} items', asked.state ? counts[asked.state] : total),
        rows: rows.map((site) => ({ ...site, ...of.get(site.id) })),
        newer: newer && PATH + searchOf(asked, { after: cursor(newer) }),
        older: older && PATH + searchOf(asked, { before: cursor(older) }),
      },
    })
  },
})

function readAsked(get: (name: string) => string | undefined): Asked {
  const [, minus, by] = /^(-?)(name|created)$/.exec(get('sort') ?? '') ?? []
  return {
    state: (['active', 'archived'] as const).find((state) => state === get('state')) ?? null,
    q: (get('q') ?? '').trim().slice(0, 100),
    by: by === 'created' ? 'created' : 'name',
    descending: minus === '-',
  }
}

function searchOf({ state, q, by, descending }: Asked, at: { after?: string | null; before?: string | null } = {}) {
  const sort = by === 'name' && !descending ? '' : `${descending ? '-' : ''}${by}`
  const fields = Object.entries({ state: state ?? '', q, sort, ...at }).filter(([, value]) => value)
  return fields.length === 0 ? '' : `?${new URLSearchParams(fields.map(([name, value]) => [name, String(value)]))}`
}

function headOf(asked: Asked, by: Column) {
  const isNow = asked.by === by
  return {
    href: PATH + searchOf({ ...asked, by, descending: isNow && !asked.descending }),
    direction: isNow ? (asked.descending ? 'descending' : 'ascending') : null,
  }
}

/** A cursor belongs to the order of its list: in another one it is junk. */
const listName = ({ by, descending }: Asked): string => `sites ${descending ? '-' : ''}${by}`

const cursorAt = (asked: Asked, row: Site): string => encodeCursor(listName(asked), [row[columns[asked.by]], row.id])

function positionOf(asked: Asked, cursor: string | undefined): SitePosition | null {
  if (!cursor) return null
  try {
    const shape = [asked.by === 'created' ? 'number' : 'string', 'string'] as const
    const [value = '', id] = decodeCursor(listName(asked), cursor, shape)
    return { value, id: String(id) }
  } catch {
    return null
  }
}

function rowsOf(deps: Deps, c: C, asked: Asked, size: number) {
  const filter = { state: asked.state ?? undefined, search: asked.q }
  const sort = columns[asked.by]
  const { descending } = asked
  return logPage<Site, SitePosition>(
    {
      before: (after, limit) => listSites(deps.db, filter, { sort, descending, after, limit }),
      after: async (after, limit) =>
        (await listSites(deps.db, filter, { sort, descending: !descending, after, limit })).toReversed(),
    },
    {
      after: positionOf(asked, c.req.query('after')),
      before: positionOf(asked, c.req.query('before')),
      size,
    },
  )
}
