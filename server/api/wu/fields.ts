import type { Webhook } from '../../../db/queries/webhooks.ts'
import { isoTime } from '../../lib/clock.ts'
import { invalid } from '../../lib/errors.ts'
import type { Json, JsonObject } from '../../lib/json.ts'
import { msg } from '../../lib/message.ts'
import { isPlainText } from '../../lib/plain-text.ts'
import { wuError } from './answers.ts'
import { credentialFields } from './credentials.ts'

const NEVER = '0000-00-00 00:00:00'
/** All events, also future ones. */
const ALL = '*'

/**
 * A webhook in the words of wu/v2, in its order. Several events stand behind each other with commas. As in the original,
 * what was made just now has numbers, and what was read has texts.
 */
export const show = (webhook: Webhook, count: number, { fresh = false } = {}) => ({
  id: fresh ? webhook.number : String(webhook.number),
  model: 'webhook',
  slug: '',
  date_created: timeOf(webhook.created_at),
  date_modified: timeOf(webhook.updated_at),
  migrated_from_id: 0,
  name: webhook.name,
  webhook_url: webhook.url,
  event: webhook.all_events === 1 ? ALL : webhook.events.join(','),
  event_count: fresh ? count : String(count),
  active: webhook.state !== 'retired',
  hidden: fresh ? false : '0',
  integration: webhook.integration,
  date_last_failed: webhook.failing_since === null ? NEVER : timeOf(webhook.failing_since),
})

const timeOf = (ms: number): string => isoTime(ms).slice(0, 19).replace('T', ' ')

const required = ['name', 'webhook_url', 'event', 'integration'] as const

/** Every field that may be sent. What only the original keeps is taken and left alone. */
const types = {
  name: 'string',
  webhook_url: 'string',
  event: 'string',
  integration: 'string',
  active: 'boolean',
  event_count: 'integer',
  hidden: 'boolean',
  migrated_from_id: 'integer',
  date_created: 'string',
  date_modified: 'string',
  skip_validation: 'boolean',
} as const

const fits: Readonly<Record<(typeof types)[keyof typeof types], (value: Json) => boolean>> = {
  string: (value) => typeof value === 'string',
  integer: (value) => /^\d{1,15}$/.test(String(value)),
  boolean: (value) => booleanOf(value) !== undefined,
}

/** A truth value as WordPress takes it. */
export function booleanOf(value: Json | undefined): boolean | undefined {
  if (value === true || value === 1 || value === '1' || value === 'true') return true
  if (value === false || value === 0 || value === '0' || value === 'false') return false
  return undefined
}

/** What is wrong with the shape of a body, as the original answers it; null when nothing is. */
export function wrongShape(body: JsonObject, { whole }: { readonly whole: boolean }): Response | null {
  const missing = whole ? required.filter((name) => !(name in body)) : []
  if (missing.length > 0) {
    const message = msg('These fields are missing: {fields}.', { fields: missing.join(', ') })
    return wuError(400, 'rest_missing_callback_param', message, { params: missing })
  }
  const wrong = Object.entries(types).filter(([name, type]) => name in body && !fits[type](body[name] ?? null))
  if (wrong.length > 0) {
    const message = msg('These fields have a value of another type: {fields}.', {
      fields: wrong.map(([name]) => name).join(', '),
    })
    const params = Object.fromEntries(wrong.map(([name, type]) => [name, `${name}: ${type}`]))
    return wuError(400, 'rest_invalid_param', message, { params })
  }
  return null
}

/** The first field that cannot be set, or undefined. */
export const unknownField = (body: JsonObject): string | undefined => Object.keys(body).find((name) => !(name in types))

/** The body without the credentials that it may have brought. */
export const withoutCredentials = (body: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(body).filter(([name]) => !credentialFields.some((field) => field === name)))

/** What a body chooses of a webhook, in the words of our own API. Throws `invalid` for what only wu/v2 knows. */
export function inputOf(body: JsonObject): JsonObject {
  const { name, webhook_url: url, event, integration } = body
  const short = (value: Json | undefined) => typeof value === 'string' && value.trim().length < 2
  const errors = [
    ...(short(name) ? [{ path: 'name', message: msg('Use at least 2 letters.') }] : []),
    ...(short(integration) || (typeof integration === 'string' && !isName(integration))
      ? [{ path: 'integration', message: msg('Write what uses the webhook, such as zapier: 2 to 191 letters.') }]
      : []),
  ]
  if (errors.length > 0) throw invalid(errors)
  const active = booleanOf(body['active'])
  return {
    ...(name === undefined ? {} : { name }),
    ...(url === undefined ? {} : { url }),
    ...(typeof event === 'string' ? chosen(event) : {}),
    ...(active === undefined ? {} : { active }),
  }
}

const isName = (text: string): boolean => text.length <= 191 && isPlainText(text)

const chosen = (event: string): JsonObject =>
  event.trim() === ALL ? { all_events: true } : { events: event.split(',').map((name) => name.trim()) }
