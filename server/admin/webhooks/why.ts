import { longestWaiting } from '../../../db/queries/deliveries.ts'
import type { Webhook } from '../../../db/queries/webhooks.ts'
import type { Deps } from '../../deps.ts'
import type { Translator } from '../../web/i18n.ts'
import { adviceOn, answerOf } from '../answer.ts'

/** Why a webhook fails, and the delivery that tells more; null where none that waits was tried. */
export async function whyOf(deps: Deps, t: Translator, { id }: Webhook) {
  const delivery = await longestWaiting(deps.db, id)
  if (!delivery || delivery.last_outcome === null || delivery.last_outcome === 'ok') return null
  const { last_outcome: outcome, last_status: status } = delivery
  return { delivery: delivery.id, answer: answerOf(t, outcome, status), what: adviceOn(t, outcome, status).what }
}
