import { sourceById, type SourceRow } from '../../../db/queries/sources.ts'
import type { Handlers } from '../../api/handlers.ts'
import type { Deps } from '../../deps.ts'
import { isId } from '../../lib/ids.ts'
import { msg, type Message } from '../../lib/message.ts'
import { removeSource, switchSource } from '../../sources/lifecycle.ts'
import { seeOther } from '../../web/flash.ts'
import { readForm } from '../../web/forms.ts'
import { askFirst, backOf, isSure, nothingDone, tickedIn } from '../bulk.ts'
import { unlessChanged } from './source.ts'

const acts = ['activate', 'retire', 'delete'] as const
type Act = (typeof acts)[number]

/** Bulk actions of the list. */
export const sourceBulkRoutes = (deps: Deps): Handlers => ({
  'POST {area}/sources': async (c) => {
    const { actor, scope, t } = c.var
    const path = `${scope.base}/sources`
    const form = await readForm(c)
    const back = backOf(deps, form, path)
    const ids = tickedIn(form, (id) => isId('src', id))
    const found = await Promise.all(ids.map((id) => sourceById(deps.db, id, scope.owner)))
    const chosen = found.filter((source) => source !== undefined)
    const act = acts.find((one) => one === form.get('action'))
    if (chosen.length === 0 || !act) return seeOther(c, deps, back, nothingDone)
    if (act === 'delete' && !isSure(form)) {
      return askFirst(c, deps, {
        title: t.n('Delete 1 source?', 'Delete {count} sources?', chosen.length),
        list: t('Sources'),
        back,
        names: chosen.map(({ name }) => name),
        text: t(
          'Their addresses, secrets and logs are deleted for good, and requests to them get 404. Events that they reported stay. To stop them for now, choose Retire.',
        ),
        button: t('Delete'),
        action: path,
        act,
        ids,
      })
    }
    const run = (source: SourceRow) =>
      act === 'delete'
        ? removeSource(deps, actor, source)
        : switchSource(deps, actor, source, act === 'activate' ? 'active' : 'retired')
    // One that somebody else changes in this moment is as they want it.
    for (const source of chosen) await unlessChanged(() => run(source))
    return seeOther(c, deps, back, { tone: 'good', title: done(act, chosen.length) })
  },
})

function done(act: Act, count: number): Message {
  if (act === 'activate') return msg('Sources activated: {count}.', { count })
  if (act === 'retire') return msg('Sources retired: {count}.', { count })
  return msg('Sources deleted: {count}.', { count })
}
