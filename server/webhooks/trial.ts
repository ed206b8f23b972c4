import type { Statement } from '../../db/db.ts'
import { insertAttempt, insertBody, insertDelivery } from '../../db/queries/one-delivery.ts'
import { insertEvents, raiseEventCounter } from '../../db/queries/outbox.ts'
import { UNSAVED } from '../../db/queries/webhook-secrets.ts'
import { toBase64 } from '../lib/base64.ts'
import { fail } from '../lib/errors.ts'
import { newId } from '../lib/ids.ts'
import type { JsonObject } from '../lib/json.ts'
import type { AuthType, AttemptTable } from '../../db/schema.ts'
import type { DeliveryPlan } from './batch-policy.ts'
import type { WebhookDraft } from './draft.ts'
import type { Engine } from './engine.ts'
import { makeBatch, makeBody } from './make-body.ts'
import { sendAttempt, type Attempt, type SendDeps } from './send.ts'
import type { OpenSecrets } from './webhook-secrets.ts'

/** A webhook as a test needs it: saved, or what stands in a form right now. */
export interface TrialWebhook {
  /** `whk_…`, or `unsaved`. */
  readonly id: string
  readonly url: string
  readonly format: string
  readonly auth: AuthType
  readonly username: string
  readonly signing: string | null
  readonly timeout_seconds: number
  /** JSON of its plan for batches: where all is batched, a test is a batch of one. */
  readonly delivery: string
}

/** A draft as a test needs it. `id`: the webhook that it would change, where there is one. */
export const trialWebhook = (draft: WebhookDraft, id: string = UNSAVED): TrialWebhook => ({
  id,
  url: draft.url,
  format: draft.format,
  auth: draft.auth,
  username: draft.username,
  signing: draft.signing === null ? null : JSON.stringify(draft.signing),
  timeout_seconds: draft.timeoutSeconds,
  delivery: JSON.stringify(draft.delivery),
})

/** The whole exchange of a test, as the page and the API show it. */
export interface Exchange {
  readonly ok: boolean
  readonly delivery: string
  readonly event: string
  readonly url: string
  readonly requestBody: string
  readonly attempt: Attempt
}

/** What a test sends: an event that is stored with it. */
interface Trial {
  readonly id: string
  readonly type: string
  readonly sample: JsonObject
  readonly site: { readonly id: string; readonly slug: string }
  readonly source: string
}

/**
 * Sends one test event at once and waits for the answer. It stands in the log as a test: never retried, not counted, no
 * matter for the webhook's health.
 */
export async function sendTest(
  engine: Engine & SendDeps,
  webhook: TrialWebhook,
  secrets: OpenSecrets,
  event: Omit<Trial, 'id'>,
): Promise<Exchange> {
  const now = engine.clock()
  const trial = { ...event, id: newId('evt', engine) }
  const isBatch = (JSON.parse(webhook.delivery) as DeliveryPlan).mode === 'batched'
  const delivery = newId(isBatch ? 'bat' : 'dlv', engine)
  const sent = isBatch ? { id: delivery, type: 'batch' } : { id: trial.id, type: trial.type }
  const finished = { id: trial.id, type: trial.type, occurredAt: now, site: trial.site.slug, data: trial.sample }
  const made = isBatch
    ? await makeBatch(engine, webhook.format, [finished], { id: delivery, closedAt: now })
    : await makeBody(engine, webhook.format, finished)
  if (!made.ok) throw fail('conflict', '{problem}', { problem: made.why })
  const body = made.text
  const attempt = await sendAttempt(engine, {
    delivery,
    event: { ...sent, site: trial.site.slug, hops: 0, trace: null },
    webhook,
    secrets,
    body,
    format: webhook.format,
    number: 1,
    test: true,
    redelivery: false,
  })
  await engine.db.commit([
    ...storeTrial(engine, trial, now),
    insertBody(engine.db, { owner_id: sent.id, format_key: webhook.format, text: body }),
    ...storeDelivery(engine, { trial, webhook, delivery, isBatch, attempt, now }),
  ])
  return { ok: attempt.outcome === 'ok', delivery, event: trial.id, url: webhook.url, requestBody: body, attempt }
}

const storeTrial = ({ db }: Engine, { id, type, sample, site, source }: Trial, now: number): Statement[] => [
  raiseEventCounter(db, [{ events: 1 }]),
  insertEvents(db, [
    {
      behind: 0,
      id,
      type,
      site: site.id,
      payload: JSON.stringify(sample),
      source,
      test: 1,
      hops: 0,
      trace: null,
      key: null,
      fingerprint: '',
      rejected: null,
      occurred: now,
      created: now,
      heard: now,
    },
  ]),
]

/** The delivery as its one attempt left it; of a batch, that and the member that it carried. */
function storeDelivery(
  engine: Engine,
  made: {
    readonly trial: Trial
    readonly webhook: TrialWebhook
    readonly delivery: string
    readonly isBatch: boolean
    readonly attempt: Attempt
    readonly now: number
  },
): Statement[] {
  const { trial, webhook, delivery, isBatch, attempt, now } = made
  const { db } = engine
  const outcome = {
    webhook_id: webhook.id,
    site_id: trial.site.id,
    test: 1,
    state: attempt.outcome === 'ok' ? 'delivered' : 'failed',
    attempts: 1,
    due_at: null,
    last_outcome: attempt.outcome,
    last_status: attempt.status,
    reason: attempt.error,
    first_attempt_at: attempt.startedAt,
    created_at: now,
    finished_at: engine.clock(),
  } as const
  const ofEvent = { ...outcome, event_id: trial.id, type: trial.type }
  const deliveries = isBatch
    ? [
        { ...outcome, id: delivery, event_id: delivery, type: 'batch' },
        { ...ofEvent, id: newId('dlv', engine), batch_id: delivery },
      ]
    : [{ ...ofEvent, id: delivery }]
  return [
    ...deliveries.map((row) => insertDelivery(db, trial.id, row)),
    insertAttempt(db, attemptRow(engine, delivery, attempt)),
  ]
}

const attemptRow = (engine: Engine, delivery: string, attempt: Attempt): Omit<AttemptTable, 'erased_at'> => ({
  id: newId('att', engine),
  delivery_id: delivery,
  number: 1,
  started_at: attempt.startedAt,
  duration_ms: Math.round(attempt.durationMs),
  outcome: attempt.outcome,
  status: attempt.status,
  error: attempt.error,
  request_headers: JSON.stringify(attempt.requestHeaders),
  response_headers: JSON.stringify(attempt.responseHeaders),
  response_body: toBase64(attempt.body),
  body_truncated: attempt.truncated ? 1 : 0,
  redelivery: 0,
  url: attempt.url,
  format: attempt.format,
})
