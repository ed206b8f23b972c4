import type { Statement } from '../../db/db.ts'
import { webhooksChanged } from '../../db/queries/outbox.ts'
import type { WebhookTable } from '../../db/schema.ts'
import {
  deleteWebhook,
  discardHeld,
  holdOpen,
  insertWebhook,
  mustBeRevision,
  mustHaveRoom,
  secretsAfter,
  secretsOf,
  sendHeld,
  updateWebhook,
  wakeWebhook,
  type Webhook,
} from '../../db/queries/webhooks.ts'
import type { Owner } from '../lib/actor.ts'
import { newId } from '../lib/ids.ts'
import { msg } from '../lib/message.ts'
import type { WebhookDraft } from './draft.ts'
import type { Engine } from './engine.ts'
import { newSecret } from './sign.ts'

/** Why a webhook that signs waits: nobody could verify what it sends. Its deliveries are held meanwhile. */
export const SECRET_NOT_TAKEN = msg(
  'Nobody has taken its signing secret yet. Show or download it once, then it starts to send.',
).text
const RETIRED = msg('The webhook is retired.').text

/** How a signing secret comes to a webhook. `handle`: one that a form generated before, by the id of its row. */
export interface SecretChoice {
  readonly handle?: string | null
  /** Whether the secret leaves the server with this answer (the API gives it), so that it counts as taken. */
  readonly handedOut?: boolean
}

export interface Change {
  readonly statements: readonly Statement[]
  /** The signing secret that this change made, in plain; null when it made none. */
  readonly secret: string | null
}

const context = (id: string, kind: string) => `webhook_secret:${id}:${kind}`
export const openSecret = (engine: Engine, row: { id: string; kind: string; cipher: string }): Promise<string> =>
  engine.vault.open(row.cipher, context(row.id, row.kind))

/** A row for a secret, sealed. It belongs to nobody (`unsaved`) until a webhook takes it. */
export async function sealSecret(
  engine: Engine,
  secret: { webhookId: string; kind: 'v1' | 'password'; plain: string; by: string; taken: boolean },
) {
  const id = newId('sec', engine)
  const now = engine.clock()
  return {
    id,
    webhook_id: secret.webhookId,
    kind: secret.kind,
    cipher: await engine.vault.seal(secret.plain, context(id, secret.kind)),
    created_by: secret.by,
    created_at: now,
    expires_at: null,
    taken_at: secret.taken ? now : null,
  }
}

/** Opens every stored secret and seals it anew, after a change of APP_SECRET. Repeating it does no harm. */
export async function sealAgain({ db, vault }: Pick<Engine, 'db' | 'vault'>): Promise<void> {
  for (let after = ''; ;) {
    const rows = await secretsAfter(db, after)
    const last = rows.at(-1)
    if (!last) return
    const sealed = await Promise.all(
      rows.map(async ({ id, kind, cipher }) => {
        const plain = await vault.open(cipher, context(id, kind))
        return db.q
          .updateTable('webhook_secret')
          .set({ cipher: await vault.seal(plain, context(id, kind)) })
          .where('id', '=', id)
      }),
    )
    await db.commit(sealed)
    after = last.id
  }
}

/** Statements that make a webhook. `room` is the owner's quota, null for none; broken, the commit fails. */
export async function createWebhook(
  engine: Engine,
  draft: WebhookDraft,
  who: { id: string; owner: Owner; by: string; room: number | null },
  choice: SecretChoice = {},
): Promise<Change> {
  const now = engine.clock()
  const secrets = await secretStatements(engine, draft, { id: who.id, by: who.by, had: [] }, choice)
  const row: WebhookTable = {
    id: who.id,
    owner: who.owner,
    ...columns(draft),
    ...stateFor(draft, secrets.taken),
    revision: 1,
    consecutive_failures: 0,
    failing_since: null,
    last_delivered_at: null,
    last_delivery_at: null,
    breaker_until: null,
    breaker_step: 0,
    breaker_streak: 0,
    created_at: now,
    created_by: who.by,
    updated_at: now,
  }
  const room = who.room === null ? [] : [mustHaveRoom(engine.db, who.owner, who.room)]
  return {
    statements: [
      webhooksChanged(engine.db),
      ...room,
      ...insertWebhook(engine.db, row, draft.events),
      ...secrets.statements,
    ],
    secret: secrets.secret,
  }
}

/** Statements that save a draft over a webhook; the commit fails when its revision is not `current.revision` any more. */
export async function saveWebhook(
  engine: Engine,
  current: Webhook,
  draft: WebhookDraft,
  by: string,
  choice: SecretChoice = {},
): Promise<Change> {
  const had = await secretsOf(engine.db, current.id)
  const secrets = await secretStatements(engine, draft, { id: current.id, by, had }, choice)
  const wasOff = current.state === 'retired'
  const sends = current.state === 'active' || current.state === 'failing'
  const next = stateFor(draft, secrets.taken)
  // Saving a form does not resume what we switched off for a reason of its own; that takes *Activate*.
  const keeps = draft.active && !wasOff && current.state_reason !== SECRET_NOT_TAKEN && next.state === 'active'
  const state = keeps ? {} : next
  return {
    statements: [
      webhooksChanged(engine.db),
      mustBeRevision(engine.db, current.id, current.revision),
      ...updateWebhook(
        engine.db,
        current.id,
        { ...columns(draft), ...state, updated_at: engine.clock() },
        draft.events,
      ),
      ...secrets.statements,
      ...(sends && next.state !== 'active' ? [holdOpen(engine.db, current.id, next.state_reason ?? RETIRED)] : []),
      ...(!keeps && next.state === 'active' ? [sendHeld(engine.db, current.id, engine.clock())] : []),
    ],
    secret: secrets.secret,
  }
}

/** No new deliveries; what waits is held. */
export const retireWebhook = (engine: Engine, id: string): Statement[] => [
  ...updateWebhook(engine.db, id, { state: 'retired', state_reason: null, updated_at: engine.clock() }),
  holdOpen(engine.db, id, RETIRED),
]

/** Takes up work again. `held` says what becomes of the deliveries that were held. */
export async function activateWebhook(
  engine: Engine,
  webhook: Webhook,
  held: 'send' | 'discard',
): Promise<Statement[]> {
  const { db } = engine
  const secrets = webhook.auth === 'signature' ? await secretsOf(db, webhook.id) : []
  const untaken =
    webhook.auth === 'signature' && !secrets.some((secret) => secret.kind === 'v1' && secret.taken_at !== null)
  const state = untaken
    ? { state: 'disabled' as const, state_reason: SECRET_NOT_TAKEN }
    : { state: 'active' as const, state_reason: null, consecutive_failures: 0, failing_since: null }
  const now = engine.clock()
  const waiting =
    held === 'discard' ? [discardHeld(db, webhook.id, now)] : untaken ? [] : [sendHeld(db, webhook.id, now)]
  return [...updateWebhook(db, webhook.id, { ...state, updated_at: now }), ...waiting]
}

/** Notes that a person has the secret now; a webhook that waited only for that starts to send. `webhook`: null before it is saved. */
export function takeSecret(engine: Engine, webhook: Webhook | null, secretId: string): Statement[] {
  const { db } = engine
  const now = engine.clock()
  const taken = db.q
    .updateTable('webhook_secret')
    .set({ taken_at: now })
    .where('id', '=', secretId)
    .where('taken_at', 'is', null)
  if (webhook?.state !== 'disabled' || webhook.state_reason !== SECRET_NOT_TAKEN) return [taken]
  return [taken, ...wakeWebhook(db, webhook.id), sendHeld(db, webhook.id, now)]
}

const UNSAVED = 'unsaved'

/** Makes a secret for a form: stored, so that the page only carries its handle. Retention takes those that nobody saved. */
export async function generateSecret(engine: Engine, by: string): Promise<{ handle: string; statements: Statement[] }> {
  const plain = newSecret(engine.random)
  const row = await sealSecret(engine, { webhookId: UNSAVED, kind: 'v1', plain, by, taken: false })
  return { handle: row.id, statements: [engine.db.q.insertInto('webhook_secret').values(row)] }
}

export const removeWebhook = (engine: Engine, id: string): readonly Statement[] =>
  deleteWebhook(engine.db, id, engine.clock())

const columns = (draft: WebhookDraft) => ({
  name: draft.name,
  description: draft.description,
  url: draft.url,
  all_events: draft.allEvents ? 1 : 0,
  format: draft.format,
  condition: draft.condition === null ? null : JSON.stringify(draft.condition),
  sites: JSON.stringify(draft.sites),
  ordered: draft.ordered ? 1 : 0,
  rate_per_second: draft.ratePerSecond,
  delivery: JSON.stringify(draft.delivery),
  auth: draft.auth,
  username: draft.username,
  timeout_seconds: draft.timeoutSeconds,
  retry_schedule: JSON.stringify(draft.retrySchedule),
})

function stateFor(draft: WebhookDraft, taken: boolean): Pick<WebhookTable, 'state' | 'state_reason'> {
  if (!draft.active) return { state: 'retired', state_reason: null }
  if (draft.auth === 'signature' && !taken) return { state: 'disabled', state_reason: SECRET_NOT_TAKEN }
  return { state: 'active', state_reason: null }
}

interface Had {
  readonly id: string
  readonly kind: string
  readonly taken_at: number | null
}

async function secretStatements(
  engine: Engine,
  draft: WebhookDraft,
  webhook: { id: string; by: string; had: readonly Had[] },
  choice: SecretChoice,
): Promise<Change & { readonly taken: boolean }> {
  const { q } = engine.db
  const drop = (kind: 'v1' | 'password') =>
    q.deleteFrom('webhook_secret').where('webhook_id', '=', webhook.id).where('kind', '=', kind)
  const statements: Statement[] = []
  const had = (kind: string) => webhook.had.find((secret) => secret.kind === kind)
  const seal = (kind: 'v1' | 'password', plain: string, taken: boolean) =>
    sealSecret(engine, { webhookId: webhook.id, kind, plain, by: webhook.by, taken })

  if (draft.auth !== 'basic' && had('password')) statements.push(drop('password'))
  if (draft.auth === 'basic' && draft.password !== null) {
    statements.push(
      drop('password'),
      q.insertInto('webhook_secret').values(await seal('password', draft.password, true)),
    )
  }
  if (draft.auth !== 'signature') {
    if (had('v1')) statements.push(drop('v1'))
    return { statements, secret: null, taken: true }
  }
  if (choice.handle) {
    const generated = await unsavedSecret(engine, choice.handle, webhook.by)
    if (generated) {
      statements.push(
        drop('v1'),
        q.updateTable('webhook_secret').set({ webhook_id: webhook.id }).where('id', '=', generated.id),
      )
      return { statements, secret: null, taken: generated.taken_at !== null }
    }
  }
  const kept = had('v1')
  if (kept && draft.secret === null) return { statements, secret: null, taken: kept.taken_at !== null }
  const plain = draft.secret ?? newSecret(engine.random)
  const taken = choice.handedOut === true || draft.secret !== null
  statements.push(drop('v1'), q.insertInto('webhook_secret').values(await seal('v1', plain, taken)))
  return { statements, secret: plain, taken }
}

/** A secret that a form generated and that nobody saved yet; only its maker can use the handle. */
export const unsavedSecret = (engine: Engine, handle: string, by: string) =>
  engine.db.q
    .selectFrom('webhook_secret')
    .selectAll()
    .where('id', '=', handle)
    .where('webhook_id', '=', UNSAVED)
    .where('created_by', '=', by)
    .executeTakeFirst()
