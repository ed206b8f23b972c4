import { isConstraint } from '../../../db/db.ts'
import { webhookById, type Webhook } from '../../../db/queries/webhooks.ts'
import { auditEntry } from '../../access/audit.ts'
import type { Handlers } from '../../api/handlers.ts'
import type { Deps } from '../../deps.ts'
import { AppError, fail } from '../../lib/errors.ts'
import { newId } from '../../lib/ids.ts'
import type { C } from '../../web/env.ts'
import { readForm } from '../../web/forms.ts'
import { auditedDraft } from '../../webhooks/audited.ts'
import type { WebhookDraft } from '../../webhooks/draft.ts'
import { createWebhook } from '../../webhooks/lifecycle.ts'
import { ownWebhook } from '../../webhooks/own.ts'
import { quotaReached, roomFor } from '../../webhooks/quota.ts'
import { onceIn } from '../once.ts'
import { checkForm } from './check.ts'
import { catchInBin } from './bin.ts'
import { blankForm, intentOf, receiverOf, sentForm, withPreset, type WebhookForm } from './form.ts'
import { formPage, newTarget, type Target } from './form-page.ts'
import { backToWebhook } from './saved.ts'
import { generate, noSecret, reveal, signatureFile } from './secret.ts'
import { tryForm } from './trial.ts'

/** Add New Webhook. */
export const addRoutes = (deps: Deps): Handlers => ({
  'GET {area}/webhooks/new': (c) =>
    formPage(c, deps, newTarget(newId('whk', deps)), {
      ...blankForm,
      events: c.req.queries('event') ?? [],
      url: c.req.query('url') ?? '',
    }),

  'POST {area}/webhooks/new': async (c) => {
    const sent = await readForm(c)
    const target = newTarget(onceIn(sent, 'whk', deps))
    const form = sentForm(sent)
    switch (intentOf(sent)) {
      case 'test':
        return formPage(c, deps, target, form, await tryForm(c, deps, target, form, sent.get('test_event')))
      case 'generate':
        return formPage(c, deps, target, ...(await generate(c, deps, form)))
      case 'show':
        return formPage(c, deps, target, form, await reveal(c, deps, null, form))
      case 'bin':
        return formPage(c, deps, target, ...(await catchInBin(c, deps, target, form)))
      case 'preset':
        return formPage(c, deps, target, withPreset(form), { testEvent: sent.get('test_event') })
      case 'preview':
        return formPage(c, deps, target, form, { testEvent: sent.get('test_event') })
      default:
        return add(c, deps, target, form)
    }
  },

  'POST {area}/webhooks/new/signature.json': async (c) => {
    const sent = await readForm(c)
    const target = newTarget(onceIn(sent, 'whk', deps))
    const form = sentForm(sent)
    return (await signatureFile(c, deps, target, form)) ?? formPage(c, deps, target, form, noSecret(c))
  },
})

async function add(c: C, deps: Deps, target: Target, form: WebhookForm): Promise<Response> {
  const read = await checkForm(c, deps, target, form)
  if (!read.ok) return formPage(c, deps, target, form, { errors: read.errors })
  const made = await store(c, deps, target.id, read.draft, form.handle)
  if (!(made instanceof AppError))
    return backToWebhook(c, deps, made, form.format === '' ? receiverOf(form) : undefined)
  const { t } = c.var
  return formPage(c, deps, target, form, {
    status: made.status,
    notices: [{ tone: 'bad', title: t('This was not saved.'), text: t.say(made.detail) }],
  })
}

/** Makes the webhook, or finds the one that this form made before. An error says why there can be none. */
async function store(c: C, deps: Deps, id: string, draft: WebhookDraft, handle: string): Promise<Webhook | AppError> {
  const { actor, scope } = c.var
  const { owner } = scope
  const room = await roomFor(deps.db, owner)
  const { statements } = await createWebhook(deps, draft, { id, owner, by: actor.id, room }, { handle })
  const audit = auditEntry(deps, actor, { action: 'webhook.created', target: id, owner, after: auditedDraft(draft) })
  try {
    await deps.db.commit([...statements, ...audit])
  } catch (error) {
    if (!isConstraint(error)) throw error
    const before = await webhookById(deps.db, id)
    if (before?.owner === owner && before.created_by === actor.id) return before
    if (before) return fail('conflict', 'This form is used up. Open Add New Webhook again.')
    if (room === null) throw error
    return quotaReached(owner, room)
  }
  return ownWebhook(deps.db, owner, id)
}
