import type { Webhook } from '../../../db/queries/webhooks.ts'
import type { Deps } from '../../deps.ts'
import { can } from '../../lib/actor.ts'
import type { C } from '../../web/env.ts'
import { SECRET_NOT_TAKEN } from '../../webhooks/lifecycle.ts'
import type { Shown } from '../page.ts'
import { whyOf } from './why.ts'

/** What somebody has to do about a webhook before it sends, or sends well; who may only look is told whom to ask. */
export async function needsOf(c: C, deps: Deps, webhook: Webhook): Promise<Shown[]> {
  const { actor, scope, t } = c.var
  const mayChange = can(actor, 'webhooks:write', webhook.owner)
  const todo = (text: string) => (mayChange ? text : t('Ask somebody who may change webhooks to see to it.'))
  const { id, state, state_reason: reason, consecutive_failures: failures } = webhook
  const failed = `${scope.base}/deliveries?webhook=${id}`
  if (reason === SECRET_NOT_TAKEN) {
    return [
      {
        tone: 'warn',
        title: t('Nobody has taken the signing secret yet, so nothing is sent.'),
        text: todo(
          t('Show or download it under Authentication, and give it to the receiver. Then what is held goes out.'),
        ),
        ...(mayChange && { link: { href: '#secret', text: t('Go to the secret') } }),
      },
    ]
  }
  if (state === 'disabled') {
    return [
      {
        tone: 'warn',
        title: t('This webhook is switched off.'),
        text: [
          reason ? t(/* translated elsewhere */ reason) : '',
          todo(t('Put right what is wrong, send a test event, then activate it.')),
        ]
          .join(' ')
          .trim(),
        link: { href: failed, text: t('See its deliveries') },
      },
    ]
  }
  if (state === 'failing') {
    const why = (await whyOf(deps, t, [webhook])).get(id)
    const text = todo(
      t(
        'Waiting deliveries are tried again, and nothing is lost. See what the receiver answers, then send a test event.',
      ),
    )
    return [
      {
        tone: 'warn',
        title: t.n('The last attempt failed.', 'The last {count} attempts failed.', failures),
        text: why ? `${why.what} ${text}` : text,
        link: why
          ? { href: `${scope.base}/deliveries/${why.delivery}`, text: t('See why') }
          : { href: failed, text: t('See its deliveries') },
      },
    ]
  }
  return []
}
