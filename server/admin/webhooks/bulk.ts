import { countHeld, webhookById, type Webhook } from '../../../db/queries/webhooks.ts'
import type { Handlers } from '../../api/handlers.ts'
import type { Deps } from '../../deps.ts'
import { isId } from '../../lib/ids.ts'
import { msg, type Message } from '../../lib/message.ts'
import type { C } from '../../web/env.ts'
import { seeOther, type Notice } from '../../web/flash.ts'
import { readForm, type Form } from '../../web/forms.ts'
import { page } from '../page.ts'
import { activate, backOf, remove, retire, whyNotActivate } from './state.ts'

const MOST_AT_ONCE = 100

/** Bulk actions of the list. Each webhook has a commit of its own: what one of them hinders does not stop the others. */
export const bulkRoutes = (deps: Deps): Handlers => ({
  'POST {area}/webhooks': async (c) => {
    const form = await readForm(c)
    const back = backOf(c, deps, form, `${c.var.scope.base}/webhooks`)
    const chosen = await chosenOf(c, deps, form)
    const action = form.get('action')
    if (chosen.length === 0 || !['activate', 'retire', 'delete'].includes(action)) {
      const text = msg('Tick the webhooks that it is about, and choose a bulk action.')
      return seeOther(c, deps, back, { tone: 'info', title: msg('Nothing was done.'), text })
    }
    if (action === 'delete' && !form.has('sure')) return confirmPage(c, deps, chosen, back)
    return seeOther(c, deps, back, await run(c, deps, action, chosen))
  },
})

/** The ticked webhooks that the area reaches; others are as good as not there. */
async function chosenOf(c: C, deps: Deps, form: Form): Promise<Webhook[]> {
  const { owner } = c.var.scope
  const ids = [...new Set([...form.getAll('id'), ...form.get('ids').split(',')])].filter((id) => isId('whk', id))
  const found = await Promise.all(ids.slice(0, MOST_AT_ONCE).map((id) => webhookById(deps.db, id, owner)))
  return found.filter((webhook) => webhook !== undefined)
}

function confirmPage(c: C, deps: Deps, chosen: readonly Webhook[], back: string): Promise<Response> {
  const { scope, t } = c.var
  return page(c, deps, 'pages/webhooks/delete', {
    title: t.n('Delete 1 webhook?', 'Delete {count} webhooks?', chosen.length),
    crumbs: [{ href: back, label: t('Webhooks') }],
    data: {
      action: `${scope.base}/webhooks`,
      cancel: back,
      names: chosen.map(({ name }) => name),
      fields: { action: 'delete', sure: '1', ids: chosen.map(({ id }) => id).join(','), back },
    },
  })
}

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
