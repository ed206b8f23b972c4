import { binById, binsOf } from '../../../db/queries/bins.ts'
import type { DeliveryRow } from '../../../db/queries/deliveries.ts'
import type { Webhook } from '../../../db/queries/webhooks.ts'
import { auditEntry } from '../../access/audit.ts'
import { addBin } from '../../api/bin-changes.ts'
import type { Handlers } from '../../api/handlers.ts'
import type { Deps } from '../../deps.ts'
import { can } from '../../lib/actor.ts'
import { AppError, fail } from '../../lib/errors.ts'
import { isId } from '../../lib/ids.ts'
import { msg } from '../../lib/message.ts'
import { copyToBin } from '../../webhooks/bins/copy.ts'
import { ownWebhook } from '../../webhooks/own.ts'
import type { C } from '../../web/env.ts'
import { seeOther } from '../../web/flash.ts'
import { readForm, type Form } from '../../web/forms.ts'
import { deliveryOf } from '../repair.ts'
import { onceIn } from '../once.ts'

/** *Send to a bin*: what the receiver of a delivery gets, to be looked at in a bin. */
export const copyRoutes = (deps: Deps): Handlers => ({
  'POST {area}/deliveries/:id/bin': async (c) => {
    const { actor, scope } = c.var
    const delivery = await deliveryOf(deps, c)
    const webhook = await ownWebhook(deps.db, scope.owner, delivery.webhook_id)
    try {
      const bin = await chosenBin(c, deps, webhook, await readForm(c))
      const audit = auditEntry(deps, actor, {
        action: 'delivery.copied',
        target: delivery.id,
        owner: webhook.owner,
        after: { bin: bin.id },
      })
      await copyToBin(deps, delivery, webhook, bin, audit)
      const title = msg('This is what {webhook} gets.', { webhook: webhook.name })
      const text = msg('This copy is in the bin only: it did not reach the receiver, and counts nowhere.')
      return seeOther(c, deps, `${scope.base}/bins/${bin.id}`, { tone: 'good', title, text })
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'conflict') throw error
      const title = msg('Nothing was sent to a bin.')
      return seeOther(c, deps, `${scope.base}/deliveries/${delivery.id}`, { tone: 'bad', title, text: error.detail })
    }
  },
})

/** The bins to choose from on the page of a delivery; null where there is nothing to send, or nobody who may. */
export async function binChoice(c: C, deps: Deps, delivery: DeliveryRow) {
  const { actor, scope, t } = c.var
  const owner = delivery.webhook_owner
  if (owner === null || !can(actor, 'webhooks:write', scope.owner)) return null
  const owners = new Set([owner, scope.owner])
  const bins = (await Promise.all([...owners].map((one) => binsOf(deps.db, one)))).flat()
  return [{ value: '', label: t('A new bin') }, ...bins.map(({ id, name }) => ({ value: id, label: name }))]
}

/** The bin with this id, or for none a new one beside the webhook, which checks its signature. */
async function chosenBin(c: C, deps: Deps, { id: webhookId, owner, name }: Webhook, form: Form) {
  const { actor, scope } = c.var
  const chosen = form.get('bin')
  if (chosen !== '') {
    const bin = isId('bin', chosen) ? await binById(deps.db, chosen, scope.owner) : undefined
    if (!bin) throw fail('conflict', 'This bin no longer exists.')
    return bin
  }
  const draft = { name, answer: { kind: 'ok', figure: 0 }, webhookId } as const
  return addBin(deps, actor, draft, owner, onceIn(form, 'bin', deps))
}
