import { countHeld, type Webhook } from '../../../db/queries/webhooks.ts'
import { siteById } from '../../../db/queries/sites.ts'
import { auditEntry } from '../../access/audit.ts'
import type { Handlers } from '../../api/handlers.ts'
import type { Deps } from '../../deps.ts'
import { msg, type Message } from '../../lib/message.ts'
import type { C } from '../../web/env.ts'
import { seeOther, type Notice } from '../../web/flash.ts'
import { readForm } from '../../web/forms.ts'
import { auditedWebhook } from '../../webhooks/audited.ts'
import { activateWebhook, removeWebhook, retireWebhook } from '../../webhooks/lifecycle.ts'
import { backOf } from '../bulk.ts'
import { page } from '../page.ts'
import { pathOf, webhookOf } from './edit.ts'

/** Retire, Activate, Delete. */
export const stateRoutes = (deps: Deps): Handlers => ({
  'POST {area}/webhooks/:id/retire': async (c) => {
    const webhook = await webhookOf(c, deps)
    const back = backOf(deps, await readForm(c), listOf(c), pathOf(c, webhook))
    await retire(c, deps, webhook)
    return seeOther(c, deps, back, {
      tone: 'good',
      title: msg('{name} is retired.', { name: webhook.name }),
      text: msg('It gets no new deliveries, and what waited is held. Activate brings it back.'),
    })
  },

  'GET {area}/webhooks/:id/activate': async (c) => {
    const { t } = c.var
    const webhook = await webhookOf(c, deps)
    const held = await countHeld(deps.db, webhook.id)
    return page(c, deps, 'pages/webhooks/activate', {
      title: t('Activate {name}?', { name: webhook.name }),
      crumbs: [{ href: pathOf(c, webhook), label: webhook.name }],
      data: { path: pathOf(c, webhook), held },
    })
  },

  'POST {area}/webhooks/:id/activate': async (c) => {
    const webhook = await webhookOf(c, deps)
    const form = await readForm(c)
    const back = backOf(deps, form, listOf(c), pathOf(c, webhook))
    const hindrance = await whyNotActivate(deps, webhook)
    if (hindrance) return seeOther(c, deps, back, { tone: 'bad', title: hindrance })
    const choice = form.get('held')
    const settled = choice === 'send' || choice === 'discard'
    if (!settled && (await countHeld(deps.db, webhook.id)) > 0) {
      return c.redirect(`${pathOf(c, webhook)}/activate`, 303)
    }
    await activate(c, deps, webhook, choice === 'discard' ? 'discard' : 'send')
    return seeOther(c, deps, back, activated(webhook, await webhookOf(c, deps)))
  },

  'GET {area}/webhooks/:id/delete': async (c) => {
    const { t } = c.var
    const webhook = await webhookOf(c, deps)
    return page(c, deps, 'pages/webhooks/delete', {
      title: t('Delete {name}?', { name: webhook.name }),
      crumbs: [{ href: pathOf(c, webhook), label: webhook.name }],
      data: { path: pathOf(c, webhook) },
    })
  },

  'POST {area}/webhooks/:id/delete': async (c) => {
    const webhook = await webhookOf(c, deps)
    await remove(c, deps, webhook)
    return seeOther(c, deps, listOf(c), {
      tone: 'good',
      title: msg('{name} is deleted.', { name: webhook.name }),
    })
  },
})

const listOf = (c: C): string => `${c.var.scope.base}/webhooks`

export async function retire(c: C, deps: Deps, webhook: Webhook): Promise<void> {
  if (webhook.state === 'retired') return
  await deps.db.commit([...retireWebhook(deps, webhook.id), ...audit(c, deps, 'webhook.retired', webhook)])
}

/** Why a webhook cannot be switched on, or null. */
async function whyNotActivate(deps: Deps, { owner }: Webhook): Promise<Message | null> {
  if (owner === 'network') return null
  const site = await siteById(deps.db, owner)
  if (site?.state === 'active') return null
  return msg('The site of this webhook is archived. Bring the site back first; its webhooks come back with it.')
}

export async function activate(c: C, deps: Deps, webhook: Webhook, held: 'send' | 'discard'): Promise<void> {
  const statements = await activateWebhook(deps, webhook, held)
  await deps.db.commit([...statements, ...audit(c, deps, 'webhook.activated', webhook, { held })])
  deps.wake()
}

export async function remove(c: C, deps: Deps, webhook: Webhook): Promise<void> {
  await deps.db.commit([...removeWebhook(deps, webhook), ...audit(c, deps, 'webhook.deleted', webhook)])
}

const audit = (c: C, deps: Deps, action: string, webhook: Webhook, after?: { readonly held: string }) =>
  auditEntry(deps, c.var.actor, {
    action,
    target: webhook.id,
    owner: webhook.owner,
    before: auditedWebhook(webhook),
    ...(after && { after }),
  })

function activated(before: Webhook, { name, state }: Webhook): Notice {
  if (state === 'active') {
    const text = msg('It sends from now on.')
    return {
      tone: 'good',
      title: before.state === 'failing' ? msg('{name} starts afresh.', { name }) : msg('{name} is active.', { name }),
      text,
    }
  }
  const text = msg('Nobody has taken its signing secret yet: show or download it first.')
  return { tone: 'warn', title: msg('{name} is switched on, but does not send yet.', { name }), text }
}
