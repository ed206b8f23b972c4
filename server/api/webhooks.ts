import { DbError } from '../../db/db.ts'
import { webhooksAfter, type Webhook } from '../../db/queries/webhooks.ts'
import { auditEntry } from '../access/audit.ts'
import type { Deps } from '../deps.ts'
import { isoTime } from '../lib/clock.ts'
import type { Owner } from '../lib/actor.ts'
import { fail, invalid } from '../lib/errors.ts'
import { newId } from '../lib/ids.ts'
import type { JsonObject } from '../lib/json.ts'
import { msg } from '../lib/message.ts'
import { auditedDraft, auditedWebhook } from '../webhooks/audited.ts'
import { planFields, type DeliveryPlan } from '../webhooks/batch-policy.ts'
import { formatFields, readDraft, type WebhookDraft, type WebhookInput } from '../webhooks/draft.ts'
import { createWebhook, removeWebhook, saveWebhook } from '../webhooks/lifecycle.ts'
import { ownWebhook } from '../webhooks/own-webhook.ts'
import { quotaReached, roomFor } from '../webhooks/quota.ts'
import type { Exchange } from '../webhooks/trial.ts'
import { openSecrets } from '../webhooks/webhook-secrets.ts'
import type { C } from '../web/env.ts'
import { isObject, knownKeys, readJsonObject } from './body.ts'
import { draftRules, namedSites } from './draft-rules.ts'
import type { Handlers } from './handlers.ts'
import { listAnswer, pageOf } from './list.ts'
import { sampleType, sendSample } from './send-sample.ts'

export const webhookRoutes = (deps: Deps): Handlers => ({
  'GET /api/v1/webhooks': async (c) => {
    const { limit, position } = pageOf(c, 'webhooks', ['string'])
    const { owner } = c.get('actor')
    const rows = await webhooksAfter(
      deps.db,
      owner === 'network' ? null : owner,
      position ? String(position[0]) : null,
      limit + 1,
    )
    return listAnswer('webhooks', rows, limit, show, (row) => [row.id])
  },

  'POST /api/v1/webhooks': async (c) => {
    const draft = await checked(deps, c.get('actor').owner, await readJsonObject(c), null)
    const actor = c.get('actor')
    const id = newId('whk', deps)
    const room = await roomFor(deps.db, actor.owner)
    const made = await createWebhook(deps, draft, { id, owner: actor.owner, by: actor.id, room }, { handedOut: true })
    const audit = auditEntry(deps, actor, {
      action: 'webhook.created',
      target: id,
      owner: actor.owner,
      after: auditedDraft(draft),
    })
    await deps.db.commit([...made.statements, ...audit]).catch((error: unknown) => {
      if (room !== null && error instanceof DbError && error.kind === 'constraint') throw quotaReached(room)
      throw error
    })
    const body = { ...show(await mine(deps, c, id)), ...(made.secret === null ? {} : { secret: made.secret }) }
    return Response.json(body, {
      status: 201,
      headers: { location: `/api/v1/webhooks/${id}`, 'cache-control': 'no-store' },
    })
  },

  'GET /api/v1/webhooks/:id': async (c) => Response.json(show(await mine(deps, c))),

  'PATCH /api/v1/webhooks/:id': async (c) => {
    const current = await mine(deps, c)
    const patch = await readJsonObject(c)
    const draft = await checked(deps, current.owner, { ...inputOf(current), ...patchOf(current, patch) }, current)
    const actor = c.get('actor')
    const saved = await saveWebhook(deps, current, draft, actor.id, { handedOut: true })
    const audit = auditEntry(deps, actor, {
      action: 'webhook.updated',
      target: current.id,
      owner: current.owner,
      before: auditedWebhook(current),
      after: auditedDraft(draft),
    })
    await deps.db.commit([...saved.statements, ...audit]).catch((error: unknown) => {
      if (error instanceof DbError && error.kind === 'constraint') {
        throw fail(
          'revision_conflict',
          'Somebody else changed this webhook at the same moment. Read it again and repeat your change.',
        )
      }
      throw error
    })
    deps.wake()
    const body = {
      ...show(await mine(deps, c)),
      ...(saved.secret === null || patch.secret !== undefined ? {} : { secret: saved.secret }),
    }
    return Response.json(body, { headers: { 'cache-control': 'no-store' } })
  },

  'DELETE /api/v1/webhooks/:id': async (c) => {
    const current = await mine(deps, c)
    const audit = auditEntry(deps, c.get('actor'), {
      action: 'webhook.deleted',
      target: current.id,
      owner: current.owner,
      before: auditedWebhook(current),
    })
    await deps.db.commit([...removeWebhook(deps, current.id), ...audit])
    return new Response(null, { status: 204 })
  },

  'POST /api/v1/webhooks/:id/test': async (c) => {
    const webhook = await mine(deps, c)
    const body = await readJsonObject(c)
    knownKeys(body, ['event'])
    const type = sampleType(deps, body.event, webhook.events)
    const secrets = await openSecrets(deps, webhook.id)
    return Response.json(
      exchange(await sendSample(deps, c.get('actor'), { webhook, secrets, type, owner: webhook.owner })),
    )
  },

  'POST /api/v1/webhooks/test': async (c) => {
    const { event, ...input } = await readJsonObject(c)
    const draft = await checked(deps, c.get('actor').owner, input, null)
    const webhook = {
      id: 'unsaved',
      url: draft.url,
      format: draft.format,
      auth: draft.auth,
      username: draft.username,
      timeout_seconds: draft.timeoutSeconds,
    }
    if (draft.auth === 'signature' && draft.secret === null) {
      throw invalid([
        {
          path: 'secret',
          message: msg('Give the secret to sign with: nothing is stored for a webhook that is not saved.'),
        },
      ])
    }
    const secrets = { signing: draft.secret === null ? [] : [draft.secret], password: draft.password }
    const actor = c.get('actor')
    const type = sampleType(deps, event, draft.events)
    return Response.json(exchange(await sendSample(deps, actor, { webhook, secrets, type, owner: actor.owner })))
  },
})

/** A webhook of the actor's own. */
const mine = (deps: Deps, c: C, id = c.req.param('id') ?? ''): Promise<Webhook> =>
  ownWebhook(deps.db, c.get('actor').owner, id)

async function checked(
  deps: Deps,
  owner: Owner,
  input: JsonObject | WebhookInput,
  stored: Webhook | null,
): Promise<WebhookDraft> {
  const read = readDraft(input, draftRules(deps, stored, await namedSites(deps, owner, input.sites)))
  if (!read.ok) throw invalid(read.errors)
  return read.draft
}

/** The stored webhook in the words of the API, so that a patch is the same check as a whole webhook. */
const inputOf = (webhook: Webhook): WebhookInput => ({
  name: webhook.name,
  description: webhook.description,
  url: webhook.url,
  all_events: webhook.all_events === 1,
  events: [...webhook.events],
  ...choicesOf(webhook),
  auth: { type: webhook.auth, username: webhook.username, password: null },
  timeout_seconds: webhook.timeout_seconds,
  retry_schedule: JSON.parse(webhook.retry_schedule) as number[],
  active: webhook.state !== 'retired',
})

/** What a webhook chose about what it gets and how, as the API names it. */
export const choicesOf = (webhook: Webhook) => ({
  ...formatFields(webhook.format),
  condition: webhook.condition === null ? null : (JSON.parse(webhook.condition) as JsonObject),
  sites: JSON.parse(webhook.sites) as string[],
  ordered: webhook.ordered === 1,
  rate_per_second: webhook.rate_per_second,
  delivery: planFields(JSON.parse(webhook.delivery) as DeliveryPlan),
})

/** Within `auth` a patch may name single fields too; choosing events ends "all events" and the other way round. */
function patchOf(current: Webhook, patch: JsonObject): JsonObject {
  const auth = isObject(patch.auth)
    ? { auth: { type: current.auth, username: current.username, password: null, ...patch.auth } }
    : {}
  const events = patch.all_events === true && !('events' in patch) ? { events: [] } : {}
  const all = 'events' in patch && !('all_events' in patch) ? { all_events: false } : {}
  return { ...patch, ...auth, ...events, ...all }
}

const show = (webhook: Webhook) => ({
  id: webhook.id,
  name: webhook.name,
  description: webhook.description,
  url: webhook.url,
  all_events: webhook.all_events === 1,
  events: webhook.events,
  ...choicesOf(webhook),
  auth: { type: webhook.auth, ...(webhook.auth === 'basic' ? { username: webhook.username } : {}) },
  timeout_seconds: webhook.timeout_seconds,
  retry_schedule: JSON.parse(webhook.retry_schedule) as number[],
  active: webhook.state !== 'retired',
  state: webhook.state,
  state_reason: webhook.state_reason,
  owner: webhook.owner,
  last_delivered_at: webhook.last_delivered_at === null ? null : isoTime(webhook.last_delivered_at),
  created_at: isoTime(webhook.created_at),
  updated_at: isoTime(webhook.updated_at),
})

function exchange({ ok, delivery, event, url, requestBody, attempt }: Exchange) {
  return {
    ok,
    status: attempt.status,
    duration_ms: Math.round(attempt.durationMs),
    event,
    delivery,
    request: { method: 'POST', url, headers: Object.fromEntries(attempt.requestHeaders), body: requestBody },
    response:
      attempt.status === null
        ? null
        : {
            status: attempt.status,
            headers: Object.fromEntries(attempt.responseHeaders),
            body: new TextDecoder().decode(attempt.body),
            body_truncated: attempt.truncated,
          },
    ...(attempt.error === null ? {} : { error: attempt.error }),
  }
}
