import type { Webhook } from '../../../db/queries/webhooks.ts'
import type { Form } from '../../web/forms.ts'
import { defaultPlan } from '../../webhooks/batch-policy.ts'
import { formatFields } from '../../webhooks/formats.ts'
import { draftOf } from '../../webhooks/webhook-row.ts'
import { presetNamed, presetOf, type Preset } from '../../webhooks/presets.ts'
import { DEFAULT_SCHEDULE } from '../../webhooks/retry.ts'
import { writtenHeaders } from './header-lines.ts'

/** What stands in the fields, right or wrong, so that it can be shown again as it was typed. */
export interface WebhookForm {
  /** What it starts from: the name of a preset. */
  readonly preset: string
  readonly name: string
  readonly description: string
  readonly url: string
  readonly allEvents: boolean
  /** The ticked ones; they stay ticked behind *All events*, but are not sent along. */
  readonly events: readonly string[]
  readonly auth: string
  readonly username: string
  /** Typed just now. It is never written into a page; no more than the token and the values of headers are. */
  readonly password: string
  readonly token: string
  /** Whether requests are signed beside Basic or Bearer; with Signature they always are. */
  readonly signs: boolean
  readonly scheme: string
  readonly extra: readonly string[]
  /** The id of a generated secret that no webhook has yet, or nothing. */
  readonly handle: string
  /** One `Name: value` a line; the mask stands for a value that is stored. */
  readonly headers: string
  /** The name of a format; empty while nobody chose one for a webhook that is to be. */
  readonly format: string
  readonly timestamp: string
  readonly mode: string
  /** What closes a batch: `every` so many minutes, or times of the day (`at`). */
  readonly closes: string
  readonly every: string
  readonly at: string
  readonly most: string
  /** JSON, or nothing. */
  readonly condition: string
  /** Ids or slugs. */
  readonly sites: readonly string[]
  readonly ordered: boolean
  readonly rate: string
  readonly timeout: string
  readonly retries: string
  readonly active: boolean
}

export const blankForm: WebhookForm = {
  preset: 'own',
  name: '',
  description: '',
  url: '',
  allEvents: false,
  events: [],
  auth: 'none',
  username: '',
  password: '',
  token: '',
  signs: false,
  scheme: 'v1',
  extra: [],
  handle: '',
  headers: '',
  format: '',
  timestamp: 'milliseconds',
  mode: defaultPlan.mode,
  closes: 'every',
  every: String(defaultPlan.everyMinutes),
  at: '',
  most: String(defaultPlan.maxEvents),
  condition: '',
  sites: [],
  ordered: false,
  rate: '',
  timeout: '15',
  retries: DEFAULT_SCHEDULE.join(', '),
  active: true,
}

export function storedForm(webhook: Webhook): WebhookForm {
  const draft = draftOf(webhook)
  const { mode, everyMinutes, at, maxEvents } = draft.delivery
  return {
    ...blankForm,
    preset: presetOf(draft.url).name,
    name: draft.name,
    description: draft.description,
    url: draft.url,
    allEvents: draft.allEvents,
    events: draft.events,
    auth: draft.auth,
    username: draft.username,
    signs: draft.signing !== null,
    ...draft.signing,
    headers: writtenHeaders(draft.headers),
    ...formatFields(webhook.format),
    mode,
    closes: everyMinutes === null ? 'at' : 'every',
    ...(everyMinutes !== null && { every: String(everyMinutes) }),
    at: at.join(', '),
    most: String(maxEvents),
    condition: draft.condition === null ? '' : JSON.stringify(draft.condition, null, 2),
    sites: draft.sites,
    ordered: draft.ordered,
    rate: draft.ratePerSecond === null ? '' : String(draft.ratePerSecond),
    timeout: String(draft.timeoutSeconds),
    retries: draft.retrySchedule.join(', '),
    active: draft.active,
  }
}

/** Whether a body is the form of a webhook, and not just a button beside one. */
export const isWebhookForm = (form: Form): boolean => form.has('name')

/** What the button that was pressed wants; without a name of its own it saves. An event is taken out by its chip. */
export const intentOf = (form: Form): string => (form.has('remove_event') ? 'preview' : form.get('intent'))

export function sentForm(form: Form): WebhookForm {
  // Browsers send the ends of lines as CR LF.
  const lines = (name: string) => form.get(name).replaceAll('\r\n', '\n')
  const auth = form.get('auth') || 'none'
  return {
    preset: presetNamed(form.get('preset')).name,
    name: form.get('name'),
    description: lines('description'),
    url: form.get('url'),
    allEvents: form.get('all_events') === '1',
    events: form.getAll('events').filter((name) => name !== form.get('remove_event')),
    auth,
    username: form.get('auth.username'),
    password: form.get('auth.password'),
    token: form.get('auth.token'),
    signs: auth === 'signature' || form.has(`${auth}.signs`),
    scheme: form.get('signing.scheme') || 'v1',
    extra: form.getAll('signing.extra'),
    handle: form.get('handle'),
    headers: lines('headers'),
    format: form.get('format'),
    timestamp: form.get('timestamp') || 'milliseconds',
    mode: form.get('delivery.mode') || defaultPlan.mode,
    closes: form.get('delivery.closes') || 'every',
    every: form.get('delivery.every_minutes'),
    at: form.get('delivery.at'),
    most: form.get('delivery.max_events'),
    condition: lines('condition'),
    sites: form.getAll('sites').flatMap(words),
    ordered: form.has('ordered'),
    rate: form.get('rate_per_second'),
    timeout: form.get('timeout_seconds'),
    retries: form.get('retry_schedule'),
    active: form.has('active'),
  }
}

/** What stands between spaces, commas or semicolons. */
export const words = (text: string): string[] => text.split(/[\s,;]+/).filter(Boolean)

/** The form with what suits the kind of receiver that it names. */
export function withPreset(form: WebhookForm): WebhookForm {
  const { format, ratePerSecond } = presetNamed(form.preset)
  return { ...form, format, rate: ratePerSecond === null ? '' : String(ratePerSecond) }
}

/** The kind of receiver that the form is for: the one that its address tells, else the one it starts from. */
export function receiverOf({ url, preset }: WebhookForm): Preset {
  const told = presetOf(url.trim())
  return told.host === null ? presetNamed(preset) : told
}

/** The form with what suits its receiver wherever nobody chose. */
export function settled(form: WebhookForm): WebhookForm {
  if (form.format !== '') return form
  const suited = withPreset({ ...form, preset: receiverOf(form).name })
  return { ...form, format: suited.format, rate: form.rate.trim() === '' ? suited.rate : form.rate }
}
