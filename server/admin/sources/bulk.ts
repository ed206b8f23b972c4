import { sourcesById, type SourceRow } from '../../../db/queries/sources.ts'
import type { Handlers } from '../../api/handlers.ts'
import type { Deps } from '../../deps.ts'
import { isId } from '../../lib/ids.ts'
import { msg, type Message } from '../../lib/message.ts'
import { removeSource, switchSource } from '../../sources/lifecycle.ts'
import { bulkAction } from '../bulk.ts'

const acts = ['activate', 'retire', 'delete'] as const
type Act = (typeof acts)[number]

/** Bulk actions of the list. */
export const sourceBulkRoutes = (deps: Deps): Handlers => ({
  'POST {area}/sources': (c) => {
    const { actor, scope, t } = c.var
    const run = (source: SourceRow, act: Act) =>
      act === 'delete'
        ? removeSource(deps, actor, source)
        : switchSource(deps, actor, source, act === 'activate' ? 'active' : 'retired')
    return bulkAction(c, deps, {
      list: `${scope.base}/sources`,
      isId: (text) => isId('src', text),
      acts,
      read: (ids) => sourcesById(deps.db, ids, scope.owner),
      ask: (chosen) => ({
        before: 'delete',
        title: t.n('Delete 1 source?', 'Delete {count} sources?', chosen.length),
        list: t('Sources'),
        names: chosen.map(({ name }) => name),
        text: t(
          'Their addresses, secrets and logs are deleted for good, and requests to them get 404. Events that they reported stay. To stop them for now, choose Retire.',
        ),
        button: t('Delete'),
      }),
      run: async (chosen, act) => {
        // One that somebody else changes in this moment is as they want it.
        for (const source of chosen) await run(source, act)
        return { tone: 'good', title: done(act, chosen.length) }
      },
    })
  },
})

function done(act: Act, count: number): Message {
  if (act === 'activate') return msg('Sources activated: {count}.', { count })
  if (act === 'retire') return msg('Sources retired: {count}.', { count })
  return msg('Sources deleted: {count}.', { count })
}
