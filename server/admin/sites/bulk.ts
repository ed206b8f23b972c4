import { MAIN_SITE, sitesById } from '../../../db/queries/sites.ts'
import { switchSites } from '../../access/sites.ts'
import type { Handlers } from '../../api/handlers.ts'
import type { Deps } from '../../deps.ts'
import { msg } from '../../lib/message.ts'
import { bulkAction, doneBut } from '../bulk.ts'

/** Bulk actions of the list. To delete one its slug is typed: that stays on a page of its own. */
export const siteBulkRoutes = (deps: Deps): Handlers => ({
  'POST /network/sites': (c) =>
    bulkAction(c, deps, {
      list: '/network/sites',
      // That of the main site is a word.
      isId: (text) => /^sit_\w+$/.test(text),
      acts: ['archive', 'restore'],
      read: (ids) => sitesById(deps.db, ids),
      run: async (chosen, act) => {
        const { actor } = c.var
        if (act === 'restore') {
          await switchSites(deps, actor, chosen, 'active')
          deps.wake()
          return { tone: 'good', title: msg('Sites brought back: {count}.', { count: chosen.length }) }
        }
        const fitting = chosen.filter(({ id }) => id !== MAIN_SITE)
        await switchSites(deps, actor, fitting, 'archived')
        const title = msg('Sites archived: {count}.', { count: fitting.length })
        return doneBut(chosen.length - fitting.length, title, msg('The main site cannot be archived.'))
      },
    }),
})
