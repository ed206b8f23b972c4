import { keepBody } from '../../db/queries/outbox.ts'
import type { JsonObject } from '../lib/json.ts'
import type { Engine } from './engine.ts'
import { aboutFormat, formatMissing, makeBody } from './make-body.ts'
import type { Ready } from './ready.ts'
import type { Recorder } from './record.ts'
import { sendAttempt, type Attempt, type SendDeps } from './send.ts'
import { createSecrets } from './webhook-secrets.ts'

/** Makes one attempt. What cannot be sent at all is recorded as that, and gives null. */
export function createDeliver(engine: Engine & SendDeps, record: Recorder): (ready: Ready) => Promise<Attempt | null> {
  const { db } = engine
  const secrets = createSecrets(engine)

  return async ({ delivery, webhook, parcel }) => {
    const { payload, occurred_at: occurredAt, site_slug: site } = parcel
    const event = { id: delivery.event_id, type: delivery.type, site }
    let { body } = parcel
    if (body === null && payload !== null && occurredAt !== null) {
      // In a format of a plugin, or one that nobody wanted when the event happened.
      const data = JSON.parse(payload) as JsonObject
      const made = await makeBody(engine, webhook.format, { ...event, occurredAt, data })
      if (!made.ok) return record.hold(delivery, made.why).then(nothing)
      body = made.text
      await db.commit([keepBody(db, { event: event.id, format: webhook.format, text: body })])
    }
    if (body === null) {
      record.abandon(delivery, 'The event was erased.')
      return null
    }
    const format = parcel.body_format ?? webhook.format
    if (!aboutFormat(engine, format)) return record.hold(delivery, formatMissing(format)).then(nothing)
    return sendAttempt(engine, {
      delivery: delivery.id,
      event: { ...event, hops: parcel.hops },
      webhook,
      secrets: await secrets.of(webhook),
      body,
      format,
      number: delivery.attempts + 1,
      test: delivery.test === 1,
      redelivery: delivery.resume_state !== null,
    })
  }
}

const nothing = () => null
