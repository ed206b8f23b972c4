import type { Webhook } from '../../../db/queries/webhooks.ts'
import type { Deps } from '../../deps.ts'
import type { C } from '../../web/env.ts'
import type { Form } from '../../web/forms.ts'
import { backOf } from '../bulk.ts'
import { page } from '../page.ts'
import { shownExchange, tryStored, verdict } from './trial.ts'

/** A test with what is saved, sent from the list: the whole exchange on a page of its own. */
export async function trialPage(c: C, deps: Deps, webhook: Webhook, sent: Form): Promise<Response> {
  const { scope, t } = c.var
  const path = `${scope.base}/webhooks/${webhook.id}`
  const event = sent.get('test_event')
  const exchange = await tryStored(c, deps, webhook, event)
  const type = deps.host.eventType(event)
  const ofType = backOf(deps, sent, `${scope.base}/event-types/${encodeURIComponent(event)}`, '')
  const list = backOf(deps, sent, `${scope.base}/webhooks`)
  return page(c, deps, 'pages/webhooks/trial', {
    title: t('Test of {name}', { name: webhook.name }),
    // Back to where it was sent from.
    crumbs: [
      type && ofType !== ''
        ? { href: ofType, label: t(/* translated elsewhere */ type.title) }
        : { href: list, label: t('Webhooks') },
    ],
    notices: [verdict(t, exchange)],
    data: {
      path,
      back: sent.get('back'),
      event,
      exchange: shownExchange(t, exchange),
      delivery: `${scope.base}/deliveries/${exchange.delivery}`,
    },
  })
}
