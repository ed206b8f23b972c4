import { countHeld, webhookById, type Webhook } from '../../../db/queries/webhooks.ts'
import type { Handlers } from '../../api/handlers.ts'
import type { Deps } from '../../deps.ts'
import { isId } from '../../lib/ids.ts'
import { msg, type Message } from '../../lib/message.ts'
import type { C } from '../../web/env.ts'
import { seeOther, type Notice } from '../../web/flash.ts'
import { readForm } from '../../web/forms.ts'
import { askFirst, backOf, isSure, nothingDone, tickedIn } from '../bulk.ts'
import { activate, remove, retire, whyNotActivate } from './state.ts'

/** Bulk actions of the list. Each webhook has a commit of its own: what one of them hinders does not stop the others. */
export const bulkRoutes = (deps: Deps): Handlers => ({
  'POST {area}/webhooks': async (c) => {
    const form = await readForm(c)
    const list = `${c.var.scope.base}/webhooks`
    const back = backOf(deps, form, list)
    const ids = tickedIn(form, (id) => isId('whk', id))
    const found = await Promise.all(ids.map((id) => webhookById(deps.db, id, c.var.scope.owner)))
    // Those that the area does not reach are as good as not there.
    const chosen = found.filter((webhook) => webhook !== undefined)
    const act = form.get('action')
    if (chosen.length === 0 || !['activate', 'retire', 'delete'].includes(act))
      return seeOther(c, deps, back, nothingDone)
    if (act !== 'delete' || isSure(form)) return seeOther(c, deps, back, await run(c, deps, act, chosen))
    const { t } = c.var
    return askFirst(c, deps, {
      title: t.n('Delete 1 webhook?', 'Delete {count} webhooks?', chosen.length),
      list: t('Webhooks'),
      back,
      names: chosen.map(({ name }) => name),
      text: t(
        'The webhooks, their secrets and their settings are deleted for good, and their waiting deliveries are cancelled. Their past deliveries stay in the log until they are old. To stop them for now, choose Retire.',
      ),
      button: t('Delete'),
      action: list,
      act,
      ids,
    })
  },
})

async function run(c: C, deps: Deps, action: string, chosen: readonly Webhook[]): Promise<Notice> {
  let left = 0
  for (const webhook of chosen) {
    if (action === 'retire') await retire(c, deps, webhook)
    else if (action === 'delete') await remove(c, deps, webhook)
    else if (await asksFirst(deps, webhook)) left++
    else await activate(c, deps, webhook, 'send')
  }
  return {
    tone: left === 0 ? 'good' : 'warn',
    title: done(action, chosen.length - left),
    ...(left > 0 && {
      text: msg(
        '{left} were left out: those that hold deliveries ask what becomes of them, and those of an archived site wait for it. Activate them one by one.',
        { left },
      ),
    }),
  }
}

const asksFirst = async (deps: Deps, webhook: Webhook): Promise<boolean> =>
  (await countHeld(deps.db, webhook.id)) > 0 || (await whyNotActivate(deps, webhook)) !== null

function done(action: string, count: number): Message {
  if (action === 'retire') return msg('Webhooks retired: {count}.', { count })
  if (action === 'delete') return msg('Webhooks deleted: {count}.', { count })
  return msg('Webhooks activated: {count}.', { count })
}
