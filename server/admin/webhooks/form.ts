import type { Webhook } from '../../../db/queries/webhooks.ts'
import { choicesOf } from '../../api/webhooks.ts'
import type { FieldError } from '../../lib/errors.ts'
import type { Form } from '../../web/forms.ts'
import { draftOf, formatFields } from '../../webhooks/draft.ts'
import { DEFAULT_SCHEDULE } from '../../webhooks/retry.ts'

/** What stands in the fields, right or wrong, so that it can be shown again as it was typed. */
export interface WebhookForm {
  readonly name: string
  readonly description: string
  readonly url: string
  readonly allEvents: boolean
  /** The ticked ones; they stay ticked behind *All events*, but are not sent along. */
  readonly events: readonly string[]
  readonly auth: string
  readonly username: string
  /** Typed just now. It is never written into a page. */
  readonly password: string
  /** The id of a generated secret that no webhook has yet, or nothing. */
  readonly handle: string
  readonly format: string
  readonly timeout: string
  readonly retries: string
  readonly active: boolean
}

export const blankForm: WebhookForm = {
  name: '',
  description: '',
  url: '',
  allEvents: false,
  events: [],
  auth: 'none',
  username: '',
  password: '',
  handle: '',
  format: 'standard',
  timeout: '15',
  retries: DEFAULT_SCHEDULE.join(', '),
  active: true,
}

export function storedForm(webhook: Webhook): WebhookForm {
  const { retrySchedule, timeoutSeconds, secret: _, ...draft } = draftOf(webhook)
  return {
    ...draft,
    ...formatFields(webhook.format),
    password: '',
    handle: '',
    timeout: String(timeoutSeconds),
    retries: retrySchedule.join(', '),
  }
}

/** Whether a body is the form of a webhook, and not just a button beside one. */
export const isWebhookForm = (form: Form): boolean => form.has('name')

export const sentForm = (form: Form): WebhookForm => ({
  name: form.get('name'),
  // Browsers send the ends of lines as CR LF.
  description: form.get('description').replaceAll('\r\n', '\n'),
  url: form.get('url'),
  allEvents: form.get('all_events') === '1',
  events: form.getAll('events'),
  auth: form.get('auth') || 'none',
  username: form.get('auth.username'),
  password: form.get('auth.password'),
  handle: form.get('handle'),
  format: form.get('format'),
  timeout: form.get('timeout_seconds'),
  retries: form.get('retry_schedule'),
  active: form.has('active'),
})

/** The form in the words of the contract, for `readDraft`. What is no number becomes 0, which no such field takes. */
export const inputOf = (form: WebhookForm) => ({
  name: form.name,
  description: form.description,
  url: form.url.trim(),
  all_events: form.allEvents,
  events: form.allEvents ? [] : [...form.events],
  format: form.format,
  auth: { type: form.auth, username: form.username, password: form.password || null },
  timeout_seconds: numberOf(form.timeout),
  retry_schedule: form.retries
    .split(/[\s,;]+/)
    .filter(Boolean)
    .map(numberOf),
  active: form.active,
})

/** The choices of a stored webhook that this form does not show: saving it must not lose them. */
export function unshown(current: Webhook, form: WebhookForm) {
  const { format, timestamp, ...choices } = choicesOf(current)
  return { ...choices, ...(form.format === format ? { timestamp } : {}) }
}

const numberOf = (text: string): number => Number(text.trim()) || 0

/** Errors at the fields of the form: one about a single event stands at the list of them. */
export const atFields = (errors: readonly FieldError[]): FieldError[] =>
  errors.map(({ path, message }) => ({
    path: path.replace(/^(events|retry_schedule)\..*|^(auth)\.type$/, '$1$2'),
    message,
  }))

/** Zapier's catch hooks read one level of fields only, and say yes to everything. */
export const isZapier = (url: string): boolean => URL.parse(url)?.hostname === 'hooks.zapier.com'
