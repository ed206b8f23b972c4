import type { Statement } from '../../../db/db.ts'
import type { DeliveryRow } from '../../../db/queries/deliveries.ts'
import { contentsOf } from '../../../db/queries/dispatch.ts'
import type { Webhook } from '../../../db/queries/webhooks.ts'
import { fail } from '../../lib/errors.ts'
import type { JsonObject } from '../../lib/json.ts'
import type { Engine } from '../engine.ts'
import { makeBody } from '../make-body.ts'
import { sign, type SendDeps } from '../send.ts'
import { openSecrets } from '../webhook-secrets.ts'
import { catchAt } from './catch.ts'

const utf8 = new TextEncoder()

/**
 * Puts into a bin what the receiver of a delivery would get if it left now: the same body, signed afresh. Nothing leaves
 * the process, and nothing of it counts: neither as an attempt nor for the webhook's health. Throws `conflict` where there
 * is nothing to show, or no such bin any more.
 */
export async function copyToBin(
  engine: Engine & SendDeps,
  delivery: DeliveryRow,
  webhook: Webhook,
  bin: { readonly token: string },
  audit: readonly Statement[],
): Promise<void> {
  const contents = (await contentsOf(engine.db, [delivery.id])).get(delivery.id)
  const event = { id: delivery.event_id, type: delivery.type, site: contents?.site_slug ?? '' }
  const body = contents && (contents.body ?? (await madeNow()))
  if (!body) throw fail('conflict', 'Its event is no longer kept.')
  const secrets = await openSecrets(engine, webhook.id)
  const { headers } = await sign(engine, {
    delivery: delivery.id,
    event: { ...event, hops: contents.hops, trace: contents.trace },
    webhook,
    secrets,
    body,
    format: contents.body_format ?? webhook.format,
    number: delivery.attempts + 1,
    test: delivery.test === 1,
    redelivery: delivery.attempts > 0,
  })
  const request = {
    method: 'POST',
    query: '',
    headers: headers.map(([name, value]) => [name.toLowerCase(), value] as const),
    body: utf8.encode(body),
    secret: secrets.headers,
  }
  if (!(await catchAt(engine, bin.token, request, audit))) throw fail('conflict', 'This bin no longer exists.')

  async function madeNow(): Promise<string | null> {
    if (!contents || contents.payload === null || contents.occurred_at === null) return null
    const data = JSON.parse(contents.payload) as JsonObject
    const made = await makeBody(engine, webhook.format, { ...event, occurredAt: contents.occurred_at, data })
    if (!made.ok) throw fail('conflict', '{problem}', { problem: made.why })
    return made.text
  }
}
