import { z } from 'zod'
import type { FieldError } from '../lib/errors.ts'
import { issueSentences } from '../lib/issues.ts'
import type { Message } from '../lib/message.ts'
import { checkUrl, type UrlRules } from './address.ts'
import { defaultPlan, readDelivery, type DeliveryPlan } from './batch-policy.ts'
import { readCondition, type Condition } from './condition.ts'
import { readHeaders, type CustomHeaders } from './custom-headers.ts'
import { readAuth, type AuthDraft } from './draft-auth.ts'
import {
  formatNamed,
  noSuchFormat,
  readSites,
  wrongDescription,
  wrongEvents,
  wrongName,
  wrongRate,
  wrongSchedule,
  wrongTimeout,
  wrongTimestamp,
} from './draft-fields.ts'
import { formatKey, type FormatSummary } from './formats.ts'
import { presetOf } from './presets.ts'
import { DEFAULT_SCHEDULE } from './retry.ts'
import { extraHeaders } from './sign.ts'

/** A webhook as somebody wants it: every field checked, nothing stored yet. Secrets are plain here and nowhere else. */
export interface WebhookDraft extends AuthDraft {
  readonly name: string
  readonly description: string
  readonly url: string
  readonly allEvents: boolean
  readonly events: readonly string[]
  /** A key of `formatOf`. */
  readonly format: string
  /** Send only what meets it; null sends all. */
  readonly condition: Condition | null
  /** Ids of the sites whose events it wants; empty: of every site. */
  readonly sites: readonly string[]
  /** Strictly one after the other, in the order of the events. */
  readonly ordered: boolean
  /** At most so many requests in any second; null: no limit. */
  readonly ratePerSecond: number | null
  /** Each event at once, or gathered in batches. */
  readonly delivery: DeliveryPlan
  /** Headers of its own. */
  readonly headers: CustomHeaders
  readonly timeoutSeconds: number
  /** Waits in seconds after each failed attempt; empty: never retried. */
  readonly retrySchedule: readonly number[]
  readonly active: boolean
}

/** What stands where nobody chose otherwise. */
export const plainDraft: WebhookDraft = {
  name: '',
  description: '',
  url: '',
  allEvents: false,
  events: [],
  format: 'standard',
  condition: null,
  sites: [],
  ordered: false,
  ratePerSecond: null,
  delivery: defaultPlan,
  auth: 'none',
  username: '',
  password: null,
  token: null,
  signing: null,
  secret: null,
  headers: [],
  timeoutSeconds: 15,
  retrySchedule: DEFAULT_SCHEDULE,
  active: true,
}

/** What a draft is checked against. */
export interface DraftRules {
  readonly address: UrlRules
  readonly isEventType: (name: string) => boolean
  /** Formats of plugins that can be chosen. */
  readonly formats: readonly FormatSummary[]
  /** The id of a site that was named by slug or id; undefined when there is none, or it is not for this owner. */
  readonly siteId: (named: string) => string | undefined
  /** What is stored already, so that it need not be given again. */
  readonly has: { readonly password: boolean; readonly token: boolean }
  /** The stored values of its own headers, by name in small letters. */
  readonly headers: ReadonlyMap<string, string>
}

/** The fields, before they are checked one by one. */
export const webhookShape = z.strictObject({
  name: z.string(),
  description: z.string().default(''),
  url: z.string(),
  all_events: z.boolean().default(false),
  events: z.array(z.string()).default([]),
  format: z.string().optional(),
  timestamp: z.enum(['milliseconds', 'seconds', 'iso']).default('milliseconds'),
  condition: z.unknown().default(null),
  sites: z.array(z.string()).default([]),
  ordered: z.boolean().default(false),
  rate_per_second: z.number().nullable().optional(),
  delivery: z.unknown().default({}),
  auth: z
    .strictObject({
      type: z.enum(['none', 'basic', 'bearer', 'signature']),
      username: z.string().default(''),
      password: z.string().nullable().default(null),
      token: z.string().nullable().default(null),
    })
    .default({ type: 'none', username: '', password: null, token: null }),
  signing: z
    .strictObject({
      scheme: z.enum(['v1', 'v1a']).default('v1'),
      extra: z.array(z.enum(['github', 'stripe'])).default([]),
    })
    .nullable()
    .default(null),
  secret: z.string().nullable().default(null),
  headers: z.unknown().default({}),
  timeout_seconds: z.number().default(15),
  retry_schedule: z.array(z.number()).default([...DEFAULT_SCHEDULE]),
  active: z.boolean().default(true),
})

/** What the API takes and what the form is turned into: the contract's field names. */
export type WebhookInput = z.input<typeof webhookShape>

/** Checks every field and names all that is wrong at once, each with the sentence that stands beside it. */
export function readDraft(
  input: unknown,
  rules: DraftRules,
): { ok: true; draft: WebhookDraft } | { ok: false; errors: readonly FieldError[] } {
  const parsed = webhookShape.safeParse(input)
  if (!parsed.success) return { ok: false, errors: parsed.error.issues.flatMap(issueSentences) }
  const value = parsed.data
  const preset = presetOf(value.url)
  const name = value.name.trim()
  const description = value.description.trim()
  const events = [...new Set(value.events)]
  const { rate_per_second: rate = preset.ratePerSecond, timeout_seconds: timeout, retry_schedule: schedule } = value
  const url = checkUrl(value.url, rules.address)
  const format = formatNamed(value.format ?? preset.format, rules.formats)
  const condition = value.condition === null ? ({ ok: true, condition: null } as const) : readCondition(value.condition)
  const sites = readSites(value.sites, rules)
  const auth = readAuth(value, rules.has)
  const headers = readHeaders(value.headers, { stored: rules.headers, taken: takenHeaders(auth.draft) })
  const plan = readDelivery(value.delivery)

  const errors = [
    ...at('name', wrongName(name)),
    ...at('description', wrongDescription(description)),
    ...at('url', url.ok ? null : url.message),
    ...wrongEvents(value.all_events, events, rules),
    ...at('format', format ? null : noSuchFormat(rules.formats)),
    ...at('timestamp', format ? wrongTimestamp(format, value.timestamp) : null),
    ...(condition.ok ? [] : condition.errors),
    ...sites.errors,
    ...at('rate_per_second', wrongRate(rate)),
    ...auth.errors,
    ...(headers.ok ? [] : headers.errors),
    ...at('timeout_seconds', wrongTimeout(timeout)),
    ...at('retry_schedule', wrongSchedule(schedule)),
    ...(plan.ok ? [] : plan.errors),
  ]
  if (errors.length > 0 || !url.ok || !format || !condition.ok || !headers.ok || !plan.ok) return { ok: false, errors }
  return {
    ok: true,
    draft: {
      name,
      description,
      url: url.url.href,
      allEvents: value.all_events,
      events,
      format: formatKey(format, { timestamp: value.timestamp }),
      condition: condition.condition,
      sites: sites.ids,
      ordered: value.ordered,
      ratePerSecond: rate,
      delivery: plan.plan,
      ...auth.draft,
      headers: headers.headers,
      timeoutSeconds: timeout,
      retrySchedule: schedule,
      active: value.active,
    },
  }
}

const at = (path: string, message: Message | null): FieldError[] => (message ? [{ path, message }] : [])

/** What authentication and signatures take up of the names of headers, in small letters. */
const takenHeaders = ({ auth, signing }: AuthDraft): string[] => [
  ...(auth === 'basic' || auth === 'bearer' ? ['authorization'] : []),
  ...(signing?.extra ?? []).map((extra) => extraHeaders[extra]),
]
