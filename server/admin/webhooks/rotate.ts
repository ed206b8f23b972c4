import { tryCommit } from '../../../db/db.ts'
import { auditEntry } from '../../access/audit.ts'
import type { Deps } from '../../deps.ts'
import { AppError } from '../../lib/errors.ts'
import type { C } from '../../web/env.ts'
import { ownWebhook } from '../../webhooks/own.ts'
import { overlaps, rotateSecret, usualOverlap, type Rotation } from '../../webhooks/rotate.ts'
import type { WebhookForm } from './form.ts'
import { formPage, targetOf, type FormState, type StoredTarget } from './form-page.ts'

/** *Rotate signature*: what was typed stays in the form, and the new secret is shown this once. */
export async function rotate(
  c: C,
  deps: Deps,
  target: StoredTarget,
  form: WebhookForm,
  hours: string,
): Promise<Response> {
  const { t } = c.var
  const state = await rotated(c, deps, target, hours)
  const now = await ownWebhook(deps.db, c.var.scope.owner, target.id)
  // Only our own change is a new revision that the form may overwrite.
  const revision = state.status === undefined ? now.revision : target.revision
  const title = t('The signature was not rotated.')
  const notices = state.reason ? [{ tone: 'bad', title, text: state.reason } as const] : state.notices
  return formPage(c, deps, targetOf(now, revision), form, { ...state, ...(notices && { notices }) })
}

type Outcome = FormState & { readonly reason?: string }

async function rotated(c: C, deps: Deps, { webhook, revision }: StoredTarget, hours: string): Promise<Outcome> {
  const { actor, t } = c.var
  const overlap = overlaps.find((one) => String(one) === hours) ?? usualOverlap
  const meanwhile = {
    status: 409,
    reason: t('This webhook was changed or rotated since the page was made. Open it again to see how it is now.'),
  } as const
  if (revision !== webhook.revision) return meanwhile
  let rotation: Rotation
  try {
    rotation = await rotateSecret(deps, webhook, actor.id, overlap)
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    return { status: error.status, reason: t.say(error.detail) }
  }
  const audit = auditEntry(deps, actor, {
    action: 'webhook.secret_rotated',
    target: webhook.id,
    owner: webhook.owner,
    after: { overlap_hours: overlap },
  })
  if (!(await tryCommit(deps.db, [...rotation.statements, ...audit]))) return meanwhile
  deps.wake()
  const text =
    overlap === 0
      ? t('The old one is void. Give the new one to the receiver now: until then it refuses what comes.')
      : t('Give the new one to the receiver. Until {time} each request carries both signatures.', {
          time: t.dateTime(rotation.oldUntil),
        })
  return {
    notices: [{ tone: 'good', title: t('Signature rotated.'), text }],
    ...(rotation.secret !== null && { secret: rotation.secret }),
  }
}
