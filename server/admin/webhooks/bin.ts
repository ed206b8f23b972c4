import { binById } from '../../../db/queries/bins.ts'
import { addBin } from '../../api/bin-changes.ts'
import type { Deps } from '../../deps.ts'
import { AppError } from '../../lib/errors.ts'
import type { C } from '../../web/env.ts'
import { binUrl } from '../../webhooks/bins/address.ts'
import type { WebhookForm } from './form.ts'
import type { FormState, Target } from './form-page.ts'

/**
 * *Catch it here*: a bin that checks this webhook's signature, as the form's Target URL. The webhook is not saved by it. The
 * bin has the id of the webhook, so that pressing it again finds the same one.
 */
export async function catchInBin(
  c: C,
  deps: Deps,
  target: Target,
  form: WebhookForm,
): Promise<[WebhookForm, FormState]> {
  const { actor, scope, t } = c.var
  const owner = target.webhook?.owner ?? scope.owner
  const name = form.name.trim() || t('Try-out')
  const draft = { name, answer: { kind: 'ok', figure: 0 }, webhookId: target.id } as const
  try {
    const id = `bin_${target.id.slice('whk_'.length)}`
    const before = await binById(deps.db, id)
    const bin = before?.owner === owner ? before : await addBin(deps, actor, draft, owner, before ? undefined : id)
    const link = { href: `${scope.base}/bins/${bin.id}`, text: t('See the bin') }
    const text = t('The Target URL leads there now. Save the webhook, or send a test event.')
    const url = binUrl(deps.publicUrl(), bin.token)
    return [{ ...form, url }, { notices: [{ tone: 'good', title: t('A bin is ready to catch.'), text, link }] }]
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'conflict') throw error
    return [form, { status: 409, notices: [{ tone: 'bad', title: t('No bin was made.'), text: t.say(error.detail) }] }]
  }
}
