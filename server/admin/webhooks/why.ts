import { longestWaiting } from '../../../db/queries/deliveries.ts'
import type { Webhook } from '../../../db/queries/webhooks.ts'
import type { Deps } from '../../deps.ts'
import type { Translator } from '../../web/i18n.ts'
import { adviceOn, answerOf } from '../answer.ts'

/** Why webhooks fail, and the delivery that tells more. Says nothing of one where none that waits was tried. */
export async function whyOf(deps: Deps, t: Translator, webhooks: readonly Webhook[]) {
  const waiting = await longestWaiting(
    deps.db,
    webhooks.map(({ id }) => id),
  )
  const said = [...waiting.values()].flatMap(
    ({ webhook_id: webhook, id, last_outcome: outcome, last_status: status }) =>
      outcome === null || outcome === 'ok'
        ? []
        : [{ webhook, delivery: id, answer: answerOf(t, outcome, status), what: adviceOn(t, outcome, status).what }],
  )
  return new Map(said.map((why) => [why.webhook, why]))
}
