import { z } from 'zod'
import { isConstraint } from '../../db/db.ts'
import { hookFor, hooksAfter, mustBeOnlyHook } from '../../db/queries/hooks.ts'
import { webhooksChanged } from '../../db/queries/outbox.ts'
import { webhookById, type Webhook } from '../../db/queries/webhooks.ts'
import { auditEntry } from '../access/audit.ts'
import type { Deps } from '../deps.ts'
import type { Actor } from '../lib/actor.ts'
import { isoTime } from '../lib/clock.ts'
import { fail, invalid } from '../lib/errors.ts'
import { isId, newId } from '../lib/ids.ts'
import { auditedDraft, auditedWebhook } from '../webhooks/audited.ts'
import { readDraft, type WebhookDraft } from '../webhooks/draft.ts'
import { createWebhook, removeWebhook } from '../webhooks/lifecycle.ts'
import { ownWebhook } from '../webhooks/own.ts'
import { hookTitle, presetOf } from '../webhooks/presets.ts'
import { quotaReached, roomFor } from '../webhooks/quota.ts'
import { openSecrets } from '../webhooks/webhook-secrets.ts'
import { parsed, readJsonObject } from './body.ts'
import { draftRules } from './draft-rules.ts'
import type { Handlers } from './handlers.ts'
import { listAnswer, pageOf } from './list.ts'

/** What a builder sends to subscribe. */
export const subscription = z.strictObject({ target_url: z.string(), event: z.string(), secret: z.string().optional() })
type Subscription = z.output<typeof subscription>

/**
 * REST hooks: how Zapier, Make, n8n and Power Automate subscribe when an automation is switched on, and unsubscribe when it
 * is switched off. A hook is a webhook like any other, flat and with one event.
 */
export const hookRoutes = (deps: Deps): Handlers => ({
  'GET /api/v1/hooks': async (c) => {
    const { limit, position } = pageOf(c, 'hooks', ['string'])
    const { owner } = c.get('actor')
    const url = c.req.query('url')
    const rows = await hooksAfter(deps.db, {
      owner: owner === 'network' ? null : owner,
      url: url === undefined ? null : (URL.parse(url)?.href ?? ''),
      after: position ? String(position[0]) : null,
      limit: limit + 1,
    })
    return listAnswer('hooks', rows, limit, show, (row) => [row.id])
  },

  // Sent again (the answer may have been lost on its way) it is the same subscription: two would run everything twice.
  'POST /api/v1/hooks': async (c) => {
    const wanted = parsed(subscription, await readJsonObject(c))
    const actor = c.get('actor')
    const draft = await draftFor(deps, actor, wanted)
    const find = () => hookFor(deps.db, actor.owner, draft.url, wanted.event)
    const there = await find()
    if (there && (await isSame(deps, there, draft))) return answer(deps, there)

    const id = newId('whk', deps)
    const room = await roomFor(deps.db, actor.owner)
    const who = { id, owner: actor.owner, by: actor.id, room, origin: 'rest_hook' as const }
    const made = await createWebhook(deps, draft, who, { handedOut: true })
    const entry = { action: 'webhook.created', target: id, owner: actor.owner, after: auditedDraft(draft) }
    try {
      await deps.db.commit([
        webhooksChanged(deps.db),
        ...(there ? unsubscribe(deps, actor, there, 'replaced') : []),
        mustBeOnlyHook(deps.db, actor.owner, draft.url, wanted.event),
        ...made.statements,
        ...auditEntry(deps, actor, entry),
      ])
    } catch (error) {
      if (!isConstraint(error)) throw error
      const faster = await find()
      if (faster && faster.id !== there?.id) return answer(deps, faster)
      throw room === null ? error : quotaReached(actor.owner, room)
    }
    return answer(deps, await ownWebhook(deps.db, actor.owner, id))
  },

  'GET /api/v1/hooks/:id': async (c) => {
    const hook = await ownWebhook(deps.db, c.get('actor').owner, c.req.param('id') ?? '')
    return Response.json(show(mustBeHook(hook)))
  },

  // 204 whether it was there or not: a builder shows anything else to its user as an error.
  'DELETE /api/v1/hooks/:id': async (c) => {
    const actor = c.get('actor')
    const id = c.req.param('id') ?? ''
    const hook = isId('whk', id) ? await webhookById(deps.db, id, actor.owner) : undefined
    if (hook) await deps.db.commit(unsubscribe(deps, actor, mustBeHook(hook), 'unsubscribed'))
    return new Response(null, { status: 204 })
  },
})

async function draftFor(deps: Deps, { owner }: Actor, { target_url: url, event, secret }: Subscription) {
  const maker = hookTitle({ origin: 'rest_hook', url })
  const title = deps.host.eventType(event)?.title.slice(0, 150) ?? ''
  const input = {
    name: `${maker}: ${title}`,
    url,
    events: [event],
    format: 'flat',
    rate_per_second: presetOf(url).ratePerSecond,
    ...(secret === undefined ? {} : { auth: { type: 'signature' as const }, secret }),
  }
  const read = readDraft(input, await draftRules(deps, owner, null, {}))
  if (read.ok) return read.draft
  throw invalid(read.errors.map(({ path, message }) => ({ path: renamed[path] ?? path, message })))
}
/** Fields of a webhook, as a subscription calls them. */
const renamed: Readonly<Record<string, string>> = { url: 'target_url', 'events.0': 'event' }

/**
 * Whether a hook that is there does what is asked for: it sends, and signs with this secret. A builder that forgot its hook
 * comes with another one.
 */
async function isSame(deps: Deps, hook: Webhook, { secret }: WebhookDraft): Promise<boolean> {
  if (hook.state === 'disabled' || hook.state === 'retired') return false
  return secret === null || (await openSecrets(deps, hook.id)).signing.includes(secret)
}

const unsubscribe = (deps: Deps, actor: Actor, hook: Webhook, cause: 'unsubscribed' | 'replaced') => [
  ...removeWebhook(deps, hook, { knows: true }),
  ...auditEntry(deps, actor, {
    action: 'webhook.deleted',
    target: hook.id,
    owner: hook.owner,
    before: auditedWebhook(hook),
    after: { cause },
  }),
]

function mustBeHook(webhook: Webhook): Webhook {
  if (webhook.origin === 'rest_hook') return webhook
  throw fail('conflict', 'This webhook is no REST hook. It is found at /api/v1/webhooks.')
}

/** Power Automate unsubscribes at the Location, the others by the id. */
const answer = (deps: Deps, hook: Webhook): Response =>
  Response.json(show(hook), {
    status: 201,
    headers: { location: `${deps.publicUrl()}/api/v1/hooks/${hook.id}` },
  })

/** Flat, because builders keep these fields to unsubscribe with. */
const show = (hook: Webhook) => ({
  id: hook.id,
  target_url: hook.url,
  event: hook.events[0] ?? null,
  state: hook.state,
  created_at: isoTime(hook.created_at),
})
