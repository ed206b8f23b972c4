import { keepBody } from '../../db/queries/outbox.ts'
import type { JsonObject } from '../lib/json.ts'
import type { Log } from '../lib/log.ts'
import { traceId } from '../lib/trace.ts'
import type { Engine } from './engine.ts'
import { aboutFormat, formatMissing, makeBody } from './make-body.ts'
import type { Ready } from './ready.ts'
import type { Recorder } from './record.ts'
import { sendAttempt, sign, type Attempt, type Parcel, type SendDeps } from './send.ts'
import { createTally, type Tally } from './tally.ts'
import { createSecrets } from './webhook-secrets.ts'

export interface Deliver {
  /** Makes one attempt. What cannot be sent at all is recorded as that, and gives null. */
  attempt(ready: Ready): Promise<Attempt | null>
  /** Signs it, so that it can leave at once when it may. */
  sign(ready: Ready): Ready
  /** What became of all attempts so far. */
  readonly attempts: () => Tally
}

export function createDeliver(engine: Engine & SendDeps, record: Recorder): Deliver {
  const { db } = engine
  const secrets = createSecrets(engine)
  const tally = createTally()

  const parcelOf = async ({ delivery, webhook, contents }: Ready, body: string, format: string): Promise<Parcel> => ({
    delivery: delivery.id,
    event: {
      id: delivery.event_id,
      type: delivery.type,
      site: contents.site_slug,
      hops: contents.hops,
      trace: contents.trace,
    },
    webhook,
    secrets: await secrets.of(webhook),
    body,
    format,
    number: delivery.attempts + 1,
    test: false,
    redelivery: delivery.resume_state !== null,
  })

  return {
    async attempt(ready) {
      const { delivery, webhook, contents } = ready
      const { payload, occurred_at: occurredAt, site_slug: site } = contents
      let { body } = contents
      if (body === null && payload !== null && occurredAt !== null) {
        // In a format of a plugin, or one that nobody wanted when the event happened.
        const event = { id: delivery.event_id, type: delivery.type, site, occurredAt }
        const made = await makeBody(engine, webhook.format, { ...event, data: JSON.parse(payload) as JsonObject })
        if (!made.ok) return record.hold(delivery, made.why).then(nothing)
        body = made.text
        await db.commit([keepBody(db, { event: event.id, format: webhook.format, text: body })])
      }
      if (body === null) {
        record.abandon(delivery, 'The event was erased.')
        return null
      }
      const format = contents.body_format ?? webhook.format
      if (!aboutFormat(engine, format)) return record.hold(delivery, formatMissing(format)).then(nothing)
      const attempt = await sendAttempt(engine, await parcelOf(ready, body, format), await ready.signed)
      tally.note(attempt.outcome, attempt.durationMs)
      logAttempt(engine.log, ready, attempt)
      return attempt
    },

    sign(ready) {
      const { body, body_format: format } = ready.contents
      if (body === null || format === null) return ready
      const signed = parcelOf(ready, body, format).then((parcel) => sign(engine, parcel))
      // What is wrong is told by the attempt, which signs anew.
      return { ...ready, signed: signed.catch(nothing) }
    },

    attempts: tally.read,
  }
}

const nothing = () => null

function logAttempt(log: Log, { delivery, webhook, contents }: Ready, attempt: Attempt): void {
  const { outcome, status, durationMs, error } = attempt
  const about = {
    delivery: delivery.id,
    event: delivery.event_id,
    webhook: webhook.id,
    attempt: delivery.attempts + 1,
    outcome,
    status,
    ms: durationMs,
    ...(contents.trace !== null && { trace_id: traceId(contents.trace) }),
  }
  if (outcome === 'ok') log.debug('Delivered', about)
  else log.info('An attempt failed', { ...about, error })
}
