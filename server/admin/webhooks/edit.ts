import { isConstraint } from '../../../db/db.ts'
import { countHeld, webhookById, type Webhook } from '../../../db/queries/webhooks.ts'
import { auditEntry } from '../../access/audit.ts'
import type { Handlers } from '../../api/handlers.ts'
import type { Deps } from '../../deps.ts'
import { can } from '../../lib/actor.ts'
import { notFound } from '../../lib/errors.ts'
import { msg } from '../../lib/message.ts'
import type { C } from '../../web/env.ts'
import { seeOther } from '../../web/flash.ts'
import { readForm, type Form } from '../../web/forms.ts'
import { auditedDraft, auditedWebhook } from '../../webhooks/audited.ts'
import type { WebhookDraft } from '../../webhooks/draft.ts'
import { draftOf } from '../../webhooks/webhook-row.ts'
import { saveWebhook } from '../../webhooks/lifecycle.ts'
import { ownWebhook } from '../../webhooks/own.ts'
import { askPassword, recentPassword } from '../login.ts'
import { catchInBin } from './bin.ts'
import { checkForm } from './check.ts'
import { intentOf, isWebhookForm, sentForm, storedForm, withPreset, type WebhookForm } from './form.ts'
import { formPage, targetOf, type StoredTarget } from './form-page.ts'
import { backToWebhook } from './saved.ts'
import { rotate } from './rotate.ts'
import { generate, noSecret, reveal, secretAt, signatureFile } from './secret.ts'
import { showPage } from './show.ts'
import { tryForm } from './trial.ts'
import { trialPage } from './trial-page.ts'
import { differences, wordsOf, type Difference } from './words.ts'

/** The page of one webhook: its form for those who may change it, else what it does. */
export const editRoutes = (deps: Deps): Handlers => ({
  'GET {area}/webhooks/:id': async (c) => {
    const webhook = await webhookOf(c, deps)
    if (!can(c.var.actor, 'webhooks:write', webhook.owner)) return showPage(c, deps, webhook)
    return formPage(c, deps, targetOf(webhook), storedForm(webhook))
  },

  'POST {area}/webhooks/:id': async (c) => {
    const webhook = await webhookOf(c, deps)
    const sent = await readForm(c)
    const { target, form } = read(webhook, sent)
    const testEvent = sent.get('test_event')
    switch (intentOf(sent)) {
      case 'generate':
        return formPage(c, deps, target, ...(await generate(c, deps, form)))
      case 'bin':
        return formPage(c, deps, target, ...(await catchInBin(c, deps, target, form)))
      case 'preset':
        return formPage(c, deps, target, withPreset(form), { testEvent })
      case 'preview':
        return formPage(c, deps, target, form, { testEvent })
      default:
        return save(c, deps, target, form)
    }
  },

  'POST {area}/webhooks/:id/test': async (c) => {
    const webhook = await webhookOf(c, deps)
    const sent = await readForm(c)
    if (!isWebhookForm(sent)) return trialPage(c, deps, webhook, sent)
    const { target, form } = read(webhook, sent)
    return formPage(c, deps, target, form, await tryForm(c, deps, target, form, sent.get('test_event')))
  },

  'POST {area}/webhooks/:id/secret': async (c) => {
    const webhook = await webhookOf(c, deps)
    const { target, form } = read(webhook, await readForm(c))
    if (await needsPassword(c, deps, webhook, form)) return passwordFirst(c, deps, target, form)
    const state = await reveal(c, deps, webhook, form)
    const now = (await webhookById(deps.db, webhook.id)) ?? webhook
    return formPage(c, deps, { ...target, webhook: now }, form, state)
  },

  'POST {area}/webhooks/:id/rotate': async (c) => {
    const webhook = await webhookOf(c, deps)
    const sent = await readForm(c)
    const { target, form } = read(webhook, sent)
    if (!(await recentPassword(c, deps))) return passwordFirst(c, deps, target, form)
    return rotate(c, deps, target, form, sent.get('overlap_hours'))
  },

  'POST {area}/webhooks/:id/signature.json': async (c) => {
    const webhook = await webhookOf(c, deps)
    const { target, form } = read(webhook, await readForm(c))
    if (await needsPassword(c, deps, webhook, form)) return passwordFirst(c, deps, target, form)
    return (await signatureFile(c, deps, target, form)) ?? formPage(c, deps, target, form, noSecret(c))
  },
})

/** The webhook that the path names, where the area reaches it. */
export const webhookOf = (c: C, deps: Deps): Promise<Webhook> =>
  ownWebhook(deps.db, c.var.scope.owner, c.req.param('id') ?? '')

export const pathOf = (c: C, { id }: Webhook): string => `${c.var.scope.base}/webhooks/${id}`

/** What the form holds and which state of the webhook it was made from; a mere button stands for what is stored. */
function read(webhook: Webhook, sent: Form): { target: StoredTarget; form: WebhookForm } {
  if (!isWebhookForm(sent)) return { target: targetOf(webhook), form: storedForm(webhook) }
  return { target: targetOf(webhook, Number(sent.get('revision')) || 0), form: sentForm(sent) }
}

/** A stored secret is only shown to somebody who typed the password lately. */
async function needsPassword(c: C, deps: Deps, webhook: Webhook, form: WebhookForm): Promise<boolean> {
  const found = await secretAt(c, deps, webhook, form.handle)
  return found?.isStored === true && found.secret.kind === 'v1' && !(await recentPassword(c, deps))
}

/** To the page that asks for the password; where that would lose what was typed, the form says so first. */
function passwordFirst(c: C, deps: Deps, target: StoredTarget, form: WebhookForm) {
  const { t } = c.var
  const { webhook } = target
  const path = pathOf(c, webhook)
  if (isSame(form, storedForm(webhook))) return askPassword(c, path)
  const title = t('Confirm your password first.')
  const text = t('What you typed here is not saved yet, and would be lost on the way: save it before you go.')
  const link = { href: `/confirm-password?next=${encodeURIComponent(path)}`, text: t('Confirm your password') }
  return formPage(c, deps, target, form, { status: 409, notices: [{ tone: 'warn', title, text, link, first: true }] })
}

const isSame = (one: WebhookForm, other: WebhookForm): boolean => {
  const inOrder = (form: WebhookForm) =>
    JSON.stringify({ ...form, events: [...form.events].sort(), sites: [...form.sites].sort() })
  return inOrder(one) === inOrder(other)
}

async function save(c: C, deps: Deps, target: StoredTarget, form: WebhookForm): Promise<Response> {
  const { webhook: current } = target
  const checked = await checkForm(c, deps, target, form)
  if (!checked.ok) return formPage(c, deps, target, form, { errors: checked.errors })
  const { draft } = checked
  if (target.revision !== current.revision) {
    const conflict = await compared(c, deps, current, draft)
    // Nothing differs when the same form is sent twice; then it may as well be saved twice.
    if (conflict.length > 0) return conflictPage(c, deps, current, form, conflict)
  }
  const asks = draft.active && current.state === 'retired' && (await countHeld(deps.db, current.id)) > 0
  const saved = await store(c, deps, current, asks ? { ...draft, active: false } : draft, form.handle)
  if (!saved) return save(c, deps, { ...target, webhook: await webhookOf(c, deps) }, form)
  deps.wake()
  if (!asks) return backToWebhook(c, deps, saved)
  return seeOther(c, deps, `${pathOf(c, current)}/activate`, {
    tone: 'good',
    title: msg('Webhook saved.'),
    text: msg('Before it is switched on, choose what happens to the held deliveries.'),
  })
}

async function compared(c: C, deps: Deps, stored: Webhook, typed: WebhookDraft): Promise<Difference[]> {
  const [before, after] = await Promise.all([wordsOf(c, deps, draftOf(stored)), wordsOf(c, deps, typed)])
  return differences(before, after)
}

/** Shows both values of each field; the form keeps the typed ones, and saving it again is then a choice. */
function conflictPage(
  c: C,
  deps: Deps,
  current: Webhook,
  form: WebhookForm,
  conflict: readonly Difference[],
): Promise<Response> {
  const { t } = c.var
  return formPage(c, deps, targetOf(current), form, {
    status: 409,
    conflict,
    notices: [
      {
        tone: 'warn',
        title: t('Somebody else saved this webhook while you had it open.'),
        text: t('Nothing of yours is saved yet. Compare, change what you want, and save again.'),
      },
    ],
  })
}

/** Saves; null when somebody else was faster. */
async function store(c: C, deps: Deps, current: Webhook, draft: WebhookDraft, handle: string): Promise<Webhook | null> {
  const { actor } = c.var
  const { statements } = await saveWebhook(deps, current, draft, actor.id, { handle })
  const audit = auditEntry(deps, actor, {
    action: 'webhook.updated',
    target: current.id,
    owner: current.owner,
    before: auditedWebhook(current),
    after: { ...auditedDraft(draft), ...(handle !== '' && draft.signing !== null ? { secret: 'new' } : {}) },
  })
  try {
    await deps.db.commit([...statements, ...audit])
  } catch (error) {
    const now = await webhookOf(c, deps)
    if (isConstraint(error) && now.revision !== current.revision) return null
    throw error
  }
  const saved = await webhookById(deps.db, current.id)
  if (!saved) throw notFound()
  return saved
}
