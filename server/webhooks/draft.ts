import { z } from 'zod'
import type { Webhook } from '../../db/queries/webhooks.ts'
import type { AuthType } from '../../db/schema.ts'
import type { FieldError } from '../lib/errors.ts'
import { msg, type Message } from '../lib/message.ts'
import { isPlainText } from '../lib/plain-text.ts'
import { checkUrl, type UrlRules } from './address.ts'
import { defaultPlan, readDelivery, type DeliveryPlan } from './batch-policy.ts'
import { readCondition, type Condition } from './condition.ts'
import { formatKey, formatOf, formats, type Timestamp } from './formats.ts'
import { DEFAULT_SCHEDULE } from './retry.ts'
import { checkSecret } from './sign.ts'

/** A webhook as somebody wants it: every field checked, nothing stored yet. Secrets are plain here and nowhere else. */
export interface WebhookDraft {
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
  readonly auth: AuthType
  readonly username: string
  /** A new password for Basic; null keeps the stored one. */
  readonly password: string | null
  /** A caller's own signing secret; null generates one, or keeps the stored one. */
  readonly secret: string | null
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
  secret: null,
  timeoutSeconds: 15,
  retrySchedule: DEFAULT_SCHEDULE,
  active: true,
}

/** What a draft is checked against. */
export interface DraftRules {
  readonly address: UrlRules
  readonly isEventType: (name: string) => boolean
  /** The id of a site that was named by slug or id; undefined when there is none, or it is not for this owner. */
  readonly siteId: (named: string) => string | undefined
  /** Whether a password is stored already, so that none has to be given. */
  readonly hasPassword: boolean
}

const isCredential = (text: string): boolean => text.length <= 191 && text.isWellFormed() && !/\p{Cc}/u.test(text)
const MOST_EVENTS = 200

const shape = z.strictObject({
  name: z.string(),
  description: z.string().default(''),
  url: z.string(),
  all_events: z.boolean().default(false),
  events: z.array(z.string()).default([]),
  format: z.string().default('standard'),
  timestamp: z.enum(['milliseconds', 'seconds', 'iso']).default('milliseconds'),
  condition: z.unknown().default(null),
  sites: z.array(z.string()).default([]),
  ordered: z.boolean().default(false),
  rate_per_second: z.number().nullable().default(null),
  delivery: z.unknown().default({}),
  auth: z
    .strictObject({
      type: z.enum(['none', 'basic', 'signature']),
      username: z.string().default(''),
      password: z.string().nullable().default(null),
    })
    .default({ type: 'none', username: '', password: null }),
  secret: z.string().nullable().default(null),
  timeout_seconds: z.number().default(15),
  retry_schedule: z.array(z.number()).default([...DEFAULT_SCHEDULE]),
  active: z.boolean().default(true),
})

/** What the API takes and what the form is turned into: the contract's field names. */
export type WebhookInput = z.input<typeof shape>

/** Checks every field and names all that is wrong at once, each with the sentence that stands beside it. */
export function readDraft(
  input: unknown,
  rules: DraftRules,
): { ok: true; draft: WebhookDraft } | { ok: false; errors: readonly FieldError[] } {
  const parsed = shape.safeParse(input)
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

  if (!Object.hasOwn(formats, value.format))
    wrong('format', msg('Choose one of the payload formats: {formats}.', { formats: Object.keys(formats).join(', ') }))
  const format = formats[value.format]
  if (format && value.timestamp !== 'milliseconds' && !format.timestamps?.includes(value.timestamp))
    wrong('timestamp', msg('Only the envelope has a choice of timestamp.'))

  const condition = value.condition === null ? null : readCondition(value.condition)
  if (condition && !condition.ok) errors.push(...condition.errors)

  const sites = new Set<string>()
  for (const [index, named] of value.sites.entries()) {
    const id = rules.siteId(named)
    if (id === undefined) wrong(`sites.${index}`, msg('There is no site of this name.'))
    else sites.add(id)
  }

  const rate = value.rate_per_second
  if (rate !== null && (!Number.isInteger(rate) || rate < 1 || rate > 1000))
    wrong('rate_per_second', msg('The rate is a whole number of requests a second, from 1 to 1000.'))

  const { type: auth, username, password } = value.auth
  if (auth === 'basic') {
    if (username === '') wrong('auth.username', msg('Basic authentication needs a user name.'))
    else if (username.includes(':'))
      wrong('auth.username', msg('A user name for Basic authentication cannot hold a colon.'))
    else if (!isCredential(username))
      wrong('auth.username', msg('A user name has up to 191 characters, none of them a control character.'))
    if (!password && !rules.hasPassword) wrong('auth.password', msg('Basic authentication needs a password.'))
    else if (password && !isCredential(password))
      wrong('auth.password', msg('A password has up to 191 characters, none of them a control character.'))
  }
  if (value.secret !== null) {
    const secret = checkSecret(value.secret)
    if (auth !== 'signature') wrong('secret', msg('A secret belongs to Authentication: Signature.'))
    else if (!secret.ok) wrong('secret', secret.message)
  }

  const { timeout_seconds: timeout, retry_schedule: schedule } = value
  if (!Number.isInteger(timeout) || timeout < 1 || timeout > 30)
    wrong('timeout_seconds', msg('The time-out is a whole number of seconds from 1 to 30.'))
  if (schedule.length > 100) wrong('retry_schedule', msg('A schedule has at most 100 waits.'))
  else if (schedule.some((wait) => !Number.isInteger(wait) || wait < 1 || wait > 86_400))
    wrong('retry_schedule', msg('Each wait is a whole number of seconds from 1 to 86400.'))

  const plan = readDelivery(value.delivery)
  if (!plan.ok) errors.push(...plan.errors)

  if (errors.length > 0 || !checked.ok || !format || !plan.ok) return { ok: false, errors }
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
      auth,
      username: auth === 'basic' ? username : '',
      password: auth === 'basic' ? password || null : null,
      secret: value.secret,
      timeoutSeconds: timeout,
      retrySchedule: schedule,
      active: value.active,
    },
  }
}

/** A stored webhook as a draft that changes nothing. */
export const draftOf = (webhook: Webhook): WebhookDraft => ({
  name: webhook.name,
  description: webhook.description,
  url: webhook.url,
  allEvents: webhook.all_events === 1,
  events: webhook.events,
  format: webhook.format,
  condition: webhook.condition === null ? null : (JSON.parse(webhook.condition) as Condition),
  sites: JSON.parse(webhook.sites) as string[],
  ordered: webhook.ordered === 1,
  ratePerSecond: webhook.rate_per_second,
  delivery: JSON.parse(webhook.delivery) as DeliveryPlan,
  auth: webhook.auth,
  username: webhook.username,
  password: null,
  secret: null,
  timeoutSeconds: webhook.timeout_seconds,
  retrySchedule: JSON.parse(webhook.retry_schedule) as number[],
  active: webhook.state !== 'retired',
})

/** The format's name and timestamp as the API speaks of them. */
export function formatFields(key: string): { format: string; timestamp: Timestamp } {
  const found = formatOf(key)
  return { format: found?.format.name ?? key, timestamp: found?.options.timestamp ?? 'milliseconds' }
}

/** zod's findings about the shape, in our words. */
export function issueSentences(issue: z.core.$ZodIssue): FieldError[] {
  const path = issue.path.join('.')
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: [path, key].filter(Boolean).join('.'),
      message: msg('There is no field of this name.'),
    }))
  }
  if (issue.code === 'invalid_type') {
    return [{ path, message: msg('This has to be of type {type}.', { type: issue.expected }) }]
  }
  if (issue.code === 'invalid_value') {
    return [{ path, message: msg('This has to be one of: {values}.', { values: issue.values.map(String).join(', ') }) }]
  }
  return [{ path, message: msg('{problem}', { problem: issue.message }) }]
}
