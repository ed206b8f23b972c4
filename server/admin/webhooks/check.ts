import { draftRules } from '../../api/draft-rules.ts'
import type { Deps } from '../../deps.ts'
import type { FieldError } from '../../lib/errors.ts'
import { parseJson } from '../../lib/json.ts'
import { msg } from '../../lib/message.ts'
import type { C } from '../../web/env.ts'
import { readDraft, type WebhookDraft } from '../../webhooks/draft.ts'
import { formats } from '../../webhooks/formats.ts'
import { settled, words, type WebhookForm } from './form.ts'
import type { Target } from './form-page.ts'
import { readHeaderLines } from './header-lines.ts'

type Checked =
  { readonly ok: true; readonly draft: WebhookDraft } | { readonly ok: false; readonly errors: readonly FieldError[] }

/** Checks what stands in the form, all of it. `instead`: fields that this time do not count, in the words of the API. */
export async function checkForm(
  c: C,
  deps: Deps,
  { webhook }: Target,
  form: WebhookForm,
  instead: Readonly<Record<string, unknown>> = {},
): Promise<Checked> {
  const read = inputOf(webhook ? form : settled(form))
  const input = { ...read.input, ...instead }
  const rules = await draftRules(deps, webhook?.owner ?? c.var.scope.owner, webhook, input)
  const checked = readDraft(input, rules)
  const errors = [...read.errors.filter(({ path }) => !(path in instead)), ...(checked.ok ? [] : checked.errors)]
  return checked.ok && errors.length === 0 ? checked : { ok: false, errors }
}

/** The condition as it was typed: null when there is none. */
export function readConditionText(text: string): { readonly json: unknown; readonly errors: readonly FieldError[] } {
  if (text.trim() === '') return { json: null, errors: [] }
  const parsed = parseJson(text)
  if (parsed.ok) return { json: parsed.value, errors: [] }
  const message = msg('This is not valid JSON. A condition reads like this: {example}', {
    example: '{"path":"payment_currency","equals":"SEK"}',
  })
  return { json: null, errors: [{ path: 'condition', message }] }
}

/** The form in the words of the contract, and what cannot be put into them. What is no number becomes 0, which no such field takes. */
function inputOf(form: WebhookForm) {
  const headers = readHeaderLines(form.headers)
  const condition = readConditionText(form.condition)
  const hasTimestamp = Object.hasOwn(formats, form.format) && formats[form.format]?.timestamps !== undefined
  const input = {
    name: form.name,
    description: form.description,
    url: form.url.trim(),
    all_events: form.allEvents,
    events: form.allEvents ? [] : [...form.events],
    format: form.format,
    ...(hasTimestamp && { timestamp: form.timestamp }),
    auth: { type: form.auth, username: form.username, password: form.password || null, token: form.token || null },
    signing: form.signs ? { scheme: form.scheme, extra: form.extra } : null,
    headers: headers.headers,
    delivery: {
      mode: form.mode,
      every_minutes: form.closes === 'at' ? null : numberOf(form.every),
      at: form.closes === 'at' ? words(form.at) : null,
      max_events: numberOf(form.most),
    },
    condition: condition.json,
    sites: form.sites,
    ordered: form.ordered,
    ...(form.rate.trim() !== '' && { rate_per_second: numberOf(form.rate) }),
    timeout_seconds: numberOf(form.timeout),
    retry_schedule: words(form.retries).map(numberOf),
    active: form.active,
  }
  return { input, errors: [...headers.errors, ...condition.errors] }
}

const numberOf = (text: string): number => Number(text.trim()) || 0

/** Errors at the fields of the form: one about a part of a list stands at the list. */
export const atFields = (errors: readonly FieldError[]): FieldError[] =>
  errors.map(({ path, message }) => ({
    path: path.replace(
      /^(events|retry_schedule|headers|condition|sites|delivery\.at|signing\.extra)\..*|^(auth)\.type$/,
      '$1$2',
    ),
    message,
  }))
