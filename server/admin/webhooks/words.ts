import { sitesById } from '../../../db/queries/sites.ts'
import type { Deps } from '../../deps.ts'
import type { C } from '../../web/env.ts'
import type { Translator } from '../../web/i18n.ts'
import type { DeliveryPlan } from '../../webhooks/batch-policy.ts'
import { describe } from '../../webhooks/condition.ts'
import type { WebhookDraft } from '../../webhooks/draft.ts'
import { formatFields } from '../../webhooks/formats.ts'
import { aboutFormat } from '../../webhooks/make-body.ts'
import type { Signing } from '../../webhooks/sign.ts'

type Words = readonly (readonly [label: string, value: string])[]

/** A webhook in words, each under its label in the form: to read, and to compare. What was not chosen is empty. */
export async function wordsOf(c: C, deps: Deps, draft: WebhookDraft): Promise<Words> {
  const { t } = c.var
  const titleOf = (name: string) => {
    const type = deps.host.eventType(name)
    return type ? t(/* translated elsewhere */ type.title) : name
  }
  return [
    [t('Name'), draft.name],
    [t('Description'), draft.description],
    [t('Target URL'), draft.url],
    [
      t('Trigger events'),
      draft.allEvents ? t('All events, also future ones') : [...draft.events].sort().map(titleOf).join(', '),
    ],
    [t('Condition'), draft.condition === null ? '' : describe(draft.condition, t.say)],
    [t('Sites'), await siteNames(deps, draft.sites)],
    [t('Authentication'), authWords(t)[draft.auth]],
    [t('Username'), draft.username],
    [t('Signing'), draft.signing === null ? '' : signingWords(t, draft.signing)],
    [t('Custom headers'), draft.headers.map(([name]) => name).join(', ')],
    [t('Payload format'), formatWords(t, deps, draft.format)],
    [t('Delivery'), planWords(t, draft.delivery)],
    [t('Ordered'), draft.ordered ? t('On') : ''],
    [t('Requests a second, at most'), draft.ratePerSecond === null ? '' : String(draft.ratePerSecond)],
    [t('Time-out in seconds'), String(draft.timeoutSeconds)],
    [t('Retry schedule in seconds'), draft.retrySchedule.join(', ')],
    [t('Activation Status'), draft.active ? t('On') : t('Off')],
  ]
}

async function siteNames(deps: Deps, ids: readonly string[]): Promise<string> {
  const slugs = new Map((await sitesById(deps.db, ids)).map(({ id, slug }) => [id, slug]))
  return ids
    .map((id) => slugs.get(id) ?? id)
    .sort()
    .join(', ')
}

function signingWords(t: Translator, { scheme, extra }: Signing): string {
  const names = { github: t('As GitHub signs'), stripe: t('As Stripe signs') }
  return [schemeWords(t)[scheme], ...extra.map((one) => names[one])].join(', ')
}

const schemeWords = (t: Translator) => ({
  v1: t('Shared secret (HMAC, v1)'),
  v1a: t('Public key (Ed25519, v1a)'),
})

export const authWords = (t: Translator) => ({
  none: t('None'),
  basic: t('Basic'),
  bearer: t('Bearer'),
  signature: t('Signature'),
})

export function formatWords(t: Translator, deps: Deps, key: string): string {
  const { timestamp } = formatFields(key)
  const title = t(/* translated elsewhere */ aboutFormat(deps, key)?.title ?? key)
  return timestamp === 'milliseconds' ? title : `${title}, ${timestampWords(t)[timestamp]}`
}

export const timestampWords = (t: Translator) => ({
  milliseconds: t('Milliseconds since 1970'),
  seconds: t('Seconds since 1970'),
  iso: t('ISO 8601'),
})

function planWords(t: Translator, { mode, everyMinutes, at, maxEvents }: DeliveryPlan): string {
  return [
    mode === 'batched' ? t('Batched') : t('Real time'),
    everyMinutes === null
      ? t('batches at {times}', { times: at.join(', ') })
      : t.n('batches every minute', 'batches every {count} minutes', everyMinutes),
    t.n('at most 1 event', 'at most {count} events', maxEvents),
  ].join(', ')
}

export interface Difference {
  readonly label: string
  readonly stored: string
  readonly typed: string
}

/** Where two webhooks are not the same. */
export function differences(stored: Words, typed: Words): Difference[] {
  const typedBy = new Map(typed)
  return stored.flatMap(([label, value]) => {
    const other = typedBy.get(label) ?? ''
    return other === value ? [] : [{ label, stored: value, typed: other }]
  })
}
