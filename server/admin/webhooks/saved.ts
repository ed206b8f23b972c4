import type { Webhook } from '../../../db/queries/webhooks.ts'
import type { Deps } from '../../deps.ts'
import { msg } from '../../lib/message.ts'
import type { C } from '../../web/env.ts'
import { seeOther, type Notice } from '../../web/flash.ts'

/** After a save: the page of the webhook, which says what happens now. */
export function backToWebhook(c: C, deps: Deps, webhook: Webhook): Response {
  return seeOther(c, deps, `${c.var.scope.base}/webhooks/${webhook.id}`, {
    tone: 'good',
    title: msg('Webhook saved.'),
    ...sentence(webhook),
  })
}

function sentence(webhook: Webhook): Pick<Notice, 'text'> {
  if (webhook.state === 'retired') return { text: msg('It is off, so nothing is sent.') }
  if (webhook.state === 'active') return { text: msg('It sends from now on.') }
  return {}
}
