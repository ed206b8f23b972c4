import { z } from 'zod'
import type { FieldError } from '../lib/errors.ts'
import { issueSentences } from '../lib/issues.ts'
import { msg, type Message } from '../lib/message.ts'
import { isPlainText } from '../lib/plain-text.ts'
import { checkUrl, type UrlRules } from './address.ts'
import { defaultPlan, readDelivery, type DeliveryPlan } from './batch-policy.ts'
import { readCondition, type Condition } from './condition.ts'
import { readHeaders, type CustomHeaders } from './custom-headers.ts'
import { readAuth, type AuthDraft } from './draft-auth.ts'
import { formatKey, formats, timestampsOf, type FormatSummary } from './formats.ts'
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

const MOST_EVENTS = 200

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
  const errors: FieldError[] = []
  const wrong = (path: string, message: Message) => errors.push({ path, message })

  const name = value.name.trim()
  if (name === '') wrong('name', msg('Give the webhook a name.'))
  else if (name.length > 191) wrong('name', msg('The name can have up to 191 characters.'))
  else if (!isPlainText(name))
    wrong(
      'name',
      msg('The name holds control characters or marks that turn the reading direction. Type it again without them.'),
    )

  const description = value.description.trim()
  if (description.length > 140) wrong('description', msg('The description can have up to 140 characters.'))
  else if (!isPlainText(description.replaceAll(/[\r\n\t]/g, ' ')))
    wrong(
      'description',
      msg(
        'The description holds control characters or marks that turn the reading direction. Type it again without them.',
      ),
    )

  const checked = checkUrl(value.url, rules.address)
  if (!checked.ok) wrong('url', checked.message)

  const events = [...new Set(value.events)]
  if (value.all_events && events.length > 0) wrong('events', msg('Choose all events or a list of events, not both.'))
  else if (!value.all_events && events.length === 0) wrong('events', msg('Choose at least one event.'))
  else if (events.length > MOST_EVENTS)
    wrong('events', msg('Choose at most {most} events, or all events.', { most: MOST_EVENTS }))
  else {
    for (const [index, event] of events.entries()) {
      if (!rules.isEventType(event))
        wrong(`events.${index}`, msg('No plugin here sends an event called {event}.', { event: event.slice(0, 80) }))
    }
  }

  const preset = presetOf(value.url)
  const formatName = value.format ?? preset.format
  const format = Object.hasOwn(formats, formatName)
    ? formats[formatName]
    : rules.formats.find((one) => one.name === formatName)
  if (!format) {
    const names = [...Object.keys(formats), ...rules.formats.map((one) => one.name)]
    wrong('format', msg('Choose one of the payload formats: {formats}.', { formats: names.join(', ') }))
  }
  if (format && value.timestamp !== 'milliseconds' && !timestampsOf(format).includes(value.timestamp))
    wrong('timestamp', msg('Only the envelope has a choice of timestamp.'))

  const condition = value.condition === null ? null : readCondition(value.condition)
  if (condition && !condition.ok) errors.push(...condition.errors)

  const sites = new Set<string>()
  for (const [index, named] of value.sites.entries()) {
    const id = rules.siteId(named)
    if (id === undefined) wrong(`sites.${index}`, msg('There is no site of this name.'))
    else sites.add(id)
  }

  const { rate_per_second: rate = preset.ratePerSecond } = value
  if (rate !== null && (!Number.isInteger(rate) || rate < 1 || rate > 1000))
    wrong('rate_per_second', msg('The rate is a whole number of requests a second, from 1 to 1000.'))

  const auth = readAuth(value, rules.has)
  errors.push(...auth.errors)
  const headers = readHeaders(value.headers, { stored: rules.headers, taken: takenHeaders(auth.draft) })
  if (!headers.ok) errors.push(...headers.errors)

  const { timeout_seconds: timeout, retry_schedule: schedule } = value
  if (!Number.isInteger(timeout) || timeout < 1 || timeout > 30)
    wrong('timeout_seconds', msg('The time-out is a whole number of seconds from 1 to 30.'))
  if (schedule.length > 100) wrong('retry_schedule', msg('A schedule has at most 100 waits.'))
  else if (schedule.some((wait) => !Number.isInteger(wait) || wait < 1 || wait > 86_400))
    wrong('retry_schedule', msg('Each wait is a whole number of seconds from 1 to 86400.'))

  const plan = readDelivery(value.delivery)
  if (!plan.ok) errors.push(...plan.errors)

  if (errors.length > 0 || !checked.ok || !format || !plan.ok || !headers.ok) return { ok: false, errors }
  return {
    ok: true,
    draft: {
      name,
      description,
      url: checked.url.href,
      allEvents: value.all_events,
      events,
      format: formatKey(format, { timestamp: value.timestamp }),
      condition: condition?.ok ? condition.condition : null,
      sites: [...sites],
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

/** What authentication and signatures take up of the names of headers, in small letters. */
const takenHeaders = ({ auth, signing }: AuthDraft): string[] => [
  ...(auth === 'basic' || auth === 'bearer' ? ['authorization'] : []),
  ...(signing?.extra ?? []).map((extra) => extraHeaders[extra]),
]
