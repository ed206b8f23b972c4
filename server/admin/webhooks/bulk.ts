import { webhooksById, webhooksThatAsk, type Webhook } from '../../../db/queries/webhooks.ts'
import type { Handlers } from '../../api/handlers.ts'
import type { Deps } from '../../deps.ts'
import { isId } from '../../lib/ids.ts'
import { msg, type Message } from '../../lib/message.ts'
import type { C } from '../../web/env.ts'
import type { Notice } from '../../web/flash.ts'
import { bulkAction, doneBut } from '../bulk.ts'
import { activate, remove, retire } from './state.ts'

const acts = ['activate', 'retire', 'delete'] as const
type Act = (typeof acts)[number]

/** Bulk actions of the list. */
export const bulkRoutes = (deps: Deps): Handlers => ({
  'POST {area}/webhooks': (c) => {
    const { scope, t } = c.var
    return bulkAction(c, deps, {
      list: `${scope.base}/webhooks`,
      isId: (text) => isId('whk', text),
      acts,
      read: (ids) => webhooksById(deps.db, ids, scope.owner),
      ask: (chosen) => ({
        before: 'delete',
        title: t.n('Delete 1 webhook?', 'Delete {count} webhooks?', chosen.length),
        list: t('Webhooks'),
        names: chosen.map(({ name }) => name),
        text: t(
          'The webhooks, their secrets and their settings are deleted for good, and their waiting deliveries are cancelled. Their past deliveries stay in the log until they are old. To stop them for now, choose Retire.',
        ),
        button: t('Delete'),
      }),
      run: (chosen, act) => run(c, deps, act, chosen),
    })
  },
})

async function run(c: C, deps: Deps, act: Act, chosen: readonly Webhook[]): Promise<Notice> {
  const ids = chosen.map(({ id }) => id)
  const ask = act === 'activate' ? await webhooksThatAsk(deps.db, ids) : new Set()
  for (const webhook of chosen) {
    if (act === 'retire') await retire(c, deps, webhook)
    else if (act === 'delete') await remove(c, deps, webhook)
    else if (!ask.has(webhook.id)) await activate(c, deps, webhook, 'send')
  }
  const left = ask.size
  const why = msg(
    '{left} were left out: those that hold deliveries ask what becomes of them, and those of an archived site wait for it. Activate them one by one.',
    { left },
  )
  return doneBut(left, done(act, chosen.length - left), why)
}

function done(act: Act, count: number): Message {
  if (act === 'retire') return msg('Webhooks retired: {count}.', { count })
  if (act === 'delete') return msg('Webhooks deleted: {count}.', { count })
  return msg('Webhooks activated: {count}.', { count })
}
