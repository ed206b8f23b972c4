import { personById } from '../../../db/queries/people.ts'
import { keyById } from '../../../db/queries/api-keys.ts'
import { isGathering } from '../../../db/queries/batches.ts'
import { countDeliveries } from '../../../db/queries/deliveries.ts'
import type { Webhook } from '../../../db/queries/webhooks.ts'
import type { Deps } from '../../deps.ts'
import type { C } from '../../web/env.ts'
import { hookTitle } from '../../webhooks/presets.ts'
import { capped } from '../deliveries.ts'

/** How a webhook fares, for the box beside its form. */
export async function factsOf(c: C, deps: Deps, webhook: Webhook) {
  const { scope, t } = c.var
  const count = (state: 'pending' | 'retrying' | 'held') =>
    countDeliveries(deps.db, { owner: 'network', webhook: webhook.id, state })
  const [pending, retrying, held, maker, key, gathers] = await Promise.all([
    count('pending'),
    count('retrying'),
    count('held'),
    personById(deps.db, webhook.created_by),
    keyById(deps.db, webhook.created_by),
    isGathering(deps.db, webhook.id),
  ])
  return {
    id: webhook.id,
    state: webhook.state,
    reason: webhook.state_reason === null ? null : t(/* translated elsewhere */ webhook.state_reason),
    failures: webhook.consecutive_failures,
    lastDeliveredAt: webhook.last_delivered_at,
    lastTriedAt: webhook.last_delivery_at,
    waiting: capped(t, pending + retrying),
    held: held > 0 ? capped(t, held) : null,
    /** Whether events wait for a batch to close, so that it can be sent now. */
    gathers,
    createdAt: webhook.created_at,
    /** The builder that keeps it, if it is a REST hook. */
    hook: hookTitle(webhook),
    createdBy: maker?.name ?? (key ? t('the API key {name}', { name: key.name }) : t('the API')),
    updatedAt: webhook.updated_at,
    now: deps.clock(),
    deliveries: `${scope.base}/deliveries?webhook=${webhook.id}`,
  }
}
