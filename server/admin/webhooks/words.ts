import type { Host } from '../../plugin/host.ts'
import type { Translator } from '../../web/i18n.ts'
import type { WebhookDraft } from '../../webhooks/draft.ts'
import { formatOf } from '../../webhooks/formats.ts'

type Words = readonly (readonly [label: string, value: string])[]

/** A webhook in words, each under its label in the form: to read, and to compare. */
export function wordsOf(t: Translator, host: Host, draft: WebhookDraft): Words {
  const titleOf = (name: string) => {
    const type = host.eventType(name)
    return type ? t(/* translated elsewhere */ type.title) : name
  }
  const auth = { none: t('None'), basic: t('Basic'), signature: t('Signature') }
  return [
    [t('Name'), draft.name],
    [t('Description'), draft.description],
    [t('Target URL'), draft.url],
    [
      t('Trigger events'),
      draft.allEvents ? t('All events, also future ones') : [...draft.events].sort().map(titleOf).join(', '),
    ],
    [t('Authentication'), auth[draft.auth]],
    [t('Username'), draft.username],
    [t('Payload format'), t(/* translated elsewhere */ formatOf(draft.format)?.format.title ?? draft.format)],
    [t('Time-out in seconds'), String(draft.timeoutSeconds)],
    [t('Retry schedule in seconds'), draft.retrySchedule.join(', ')],
    [t('Activation Status'), draft.active ? t('On') : t('Off')],
  ]
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
