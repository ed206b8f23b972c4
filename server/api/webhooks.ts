import { webhooksAfter, type Webhook } from '../../db/queries/webhooks.ts'
import { auditEntry } from '../access/audit.ts'
import type { Deps } from '../deps.ts'
import { isoTime } from '../lib/clock.ts'
import { invalid } from '../lib/errors.ts'
import { byName } from '../lib/headers.ts'
import { msg } from '../lib/message.ts'
import type { WebhookDraft } from '../webhooks/draft.ts'
import { ownWebhook } from '../webhooks/own.ts'
import { overlaps, rotateSecret, usualOverlap } from '../webhooks/rotate.ts'
import { makeSigning } from '../webhooks/secret-changes.ts'
import { trialWebhook, type Exchange } from '../webhooks/trial.ts'
import { openSecrets, type OpenSecrets } from '../webhooks/webhook-secrets.ts'
import type { C } from '../web/env.ts'
import { knownKeys, readJsonObject } from './body.ts'
import type { Handlers } from './handlers.ts'
import { listAnswer, pageOf } from './list.ts'
import { sampleType, sendSample } from './send-sample.ts'
import { addWebhook, changedMeanwhile, changeWebhook, checkedDraft, dropWebhook } from './webhook-changes.ts'
import { patched, show } from './webhook-fields.ts'

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
    const actor = c.get('actor')
    const draft = await checkedDraft(deps, actor.owner, await readJsonObject(c), null)
    const { id, secret } = await addWebhook(deps, actor, draft)
    const body = { ...show(await mine(deps, c, id)), ...(secret === null ? {} : { secret }) }
    return Response.json(body, {
      status: 201,
      headers: { location: `/api/v1/webhooks/${id}`, 'cache-control': 'no-store' },
    })
  },

  'GET /api/v1/webhooks/:id': async (c) => Response.json(show(await mine(deps, c))),

  'PATCH /api/v1/webhooks/:id': async (c) => {
    const current = await mine(deps, c)
    const patch = await readJsonObject(c)
    const draft = await checkedDraft(deps, current.owner, patched(current, patch), current)
    const secret = await changeWebhook(deps, c.get('actor'), current, draft)
    const body = {
      ...show(await mine(deps, c)),
      ...(secret === null || patch.secret !== undefined ? {} : { secret }),
    }
    return Response.json(body, { headers: { 'cache-control': 'no-store' } })
  },

  'DELETE /api/v1/webhooks/:id': async (c) => {
    await dropWebhook(deps, c.get('actor'), await mine(deps, c))
    return new Response(null, { status: 204 })
  },

  'POST /api/v1/webhooks/:id/rotate-secret': async (c) => {
    const current = await mine(deps, c)
    const body = await readJsonObject(c)
    knownKeys(body, ['overlap_hours'])
    const overlap = overlaps.find((hours) => hours === (body['overlap_hours'] ?? usualOverlap))
    if (overlap === undefined) {
      const message = msg('This has to be one of: {values}.', { values: overlaps.join(', ') })
      throw invalid([{ path: 'overlap_hours', message }])
    }
    const actor = c.get('actor')
    const rotation = await rotateSecret(deps, current, actor.id, overlap)
    const audit = auditEntry(deps, actor, {
      action: 'webhook.secret_rotated',
      target: current.id,
      owner: current.owner,
      after: { overlap_hours: overlap },
    })
    await deps.db.commit([...rotation.statements, ...audit]).catch(changedMeanwhile)
    deps.wake()
    const { secret, publicKey, oldUntil } = rotation
    return Response.json(
      {
        id: current.id,
        ...(secret === null ? { public_key: publicKey } : { secret }),
        overlap_hours: overlap,
        old_until: isoTime(oldUntil),
      },
      { headers: { 'cache-control': 'no-store' } },
    )
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
    const draft = await checkedDraft(deps, c.get('actor').owner, input, null)
    const webhook = trialWebhook(draft)
    const actor = c.get('actor')
    const secrets = await draftedSecrets(deps, draft)
    const type = sampleType(deps, event, draft.events)
    return Response.json(exchange(await sendSample(deps, actor, { webhook, secrets, type, owner: actor.owner })))
  },
})

/** A webhook of the actor's own. */
const mine = (deps: Deps, c: C, id = c.req.param('id') ?? ''): Promise<Webhook> =>
  ownWebhook(deps.db, c.get('actor').owner, id)

/** The secrets of a webhook that is not saved: as given. A pair of keys is made for this one test. */
async function draftedSecrets(deps: Deps, draft: WebhookDraft): Promise<OpenSecrets> {
  const { signing, password, token, headers } = draft
  if (signing?.scheme === 'v1' && draft.secret === null) {
    throw invalid([
      {
        path: 'secret',
        message: msg('Give the secret to sign with: nothing is stored for a webhook that is not saved.'),
      },
    ])
  }
  const made = signing ? [(await makeSigning(deps, signing.scheme, draft.secret)).secret] : []
  return { signing: made, password, token, headers }
}

function exchange({ ok, delivery, event, url, requestBody, attempt }: Exchange) {
  return {
    ok,
    status: attempt.status,
    duration_ms: Math.round(attempt.durationMs),
    event,
    delivery,
    request: { method: 'POST', url, headers: Object.fromEntries(byName(attempt.requestHeaders)), body: requestBody },
    response:
      attempt.status === null
        ? null
        : {
            status: attempt.status,
            headers: Object.fromEntries(byName(attempt.responseHeaders)),
            body: new TextDecoder().decode(attempt.body),
            body_truncated: attempt.truncated,
          },
    ...(attempt.error === null ? {} : { error: attempt.error }),
  }
}
