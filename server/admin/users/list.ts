import { countPeople, people } from '../../../db/queries/people.ts'
import { roles } from '../../access/roles.ts'
import type { Handlers } from '../../api/handlers.ts'
import type { Deps } from '../../deps.ts'
import { can } from '../../lib/actor.ts'
import { listing } from '../listing.ts'
import { page } from '../page.ts'
import { roleName, roleNames } from '../role-name.ts'
import { screenOf } from '../screen.ts'

const PATH = '/network/users'

const list = listing({
  word: 'role',
  views: roles,
  columns: { name: 'name', created: 'createdAt' },
  usual: { by: 'name', descending: false },
})

export const userListRoutes = (deps: Deps): Handlers => ({
  'GET /network/users': async (c) => {
    const { actor, t } = c.var
    const asked = list.read(c)
    const { view: role, q: search } = asked
    const [screen, counts] = await Promise.all([screenOf(c, deps, 'users'), countPeople(deps.db, { search })])
    const words = roleNames(t)
    const { slice, heads, frame } = list.page(c, asked, { path: PATH, rows: screen.rows, words, counts })
    const rows = await people(deps.db, { role, search }, slice)
    const mayWrite = can(actor, 'network:write', 'network')
    return page(c, deps, 'pages/users/list', {
      title: t('Users'),
      ...(mayWrite && { action: { href: `${PATH}/new`, label: t('Add New User') } }),
      screen: screen.options,
      help: [
        t('Everybody who can log in. A role says what a person may do; a site admin may do it on one site.'),
        t('Somebody who is invited has not set a password yet. Edit makes a new link to set one.'),
      ],
      data: {
        shows: screen.shows,
        mayWrite,
        frame,
        heads,
        // A site admin needs a site, so that this role is given one by one.
        roles: roles.filter((role) => role !== 'site_admin').map((role) => ({ value: role, label: roleName(t, role) })),
        users: rows.map((row) => ({
          id: row.id,
          name: row.name,
          email: row.email,
          role: roleName(t, row.role),
          site: row.role === 'site_admin' ? (row.site ?? t('None')) : null,
          createdAt: Date.parse(row.createdAt),
          self: row.id === actor.id,
          invited: row.hasPassword === 0,
          twoFactor: row.twoFactor === 1,
        })),
      },
    })
  },
})
