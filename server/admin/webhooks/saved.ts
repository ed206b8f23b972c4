import type { Webhook } from '../../../db/queries/webhooks.ts'
import type { Deps } from '../../deps.ts'
import { msg, type Message } from '../../lib/message.ts'
import type { C } from '../../web/env.ts'
import { seeOther, type Notice } from '../../web/flash.ts'
import type { Translator } from '../../web/i18n.ts'
import { formats } from '../../webhooks/formats.ts'
import type { Preset } from '../../webhooks/presets.ts'

/** After a save: the page of the webhook, which says what happens now, and of whom its format is when nobody chose one. */
export function backToWebhook(c: C, deps: Deps, webhook: Webhook, suits?: Preset): Response {
  return seeOther(c, deps, `${c.var.scope.base}/webhooks/${webhook.id}`, {
    tone: 'good',
    title: suits && suits.host !== null ? savedFor(c.var.t, suits) : msg('Webhook saved.'),
    ...sentence(webhook),
  })
}

const savedFor = (t: Translator, { title, format }: Preset): Message =>
  msg('Webhook saved, with the payload format {format}, which suits {receiver}.', {
    format: t(/* translated elsewhere */ formats[format]?.title ?? format),
    receiver: title,
  })

function sentence(webhook: Webhook): Pick<Notice, 'text'> {
  if (webhook.state === 'retired') return { text: msg('It is off, so nothing is sent.') }
  if (webhook.state === 'active') return { text: msg('It sends from now on.') }
  return {}
}
