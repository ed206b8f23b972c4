import {
  isObject,
  isSameText,
  msg,
  reject,
  type Inbound,
  type Json,
  type JsonObject,
  type PluginEvent,
  type Rejection,
  type Told,
} from 'hookline/plugin'
import { z } from 'zod'

export const steps = [
  msg('In Learning Manager log in as Integration Admin, open Webhooks, and choose Add Webhook.'),
  msg('Paste the address below as Target URL, and choose the events.'),
  msg('For authentication choose Basic, make up a user name and a password, and enter both there and here.'),
  msg('Switch Activation Status on, and save.'),
]

/** Whether the request came with the user name and password that are entered here as `user:password`. */
export function isKnown({ headers }: Inbound, secret: string): boolean | Rejection {
  const given = /^Basic +(\S+)$/i.exec(headers.get('authorization') ?? '')?.[1]
  if (given === undefined) return reject('The request came without user name and password.')
  const wanted = btoa(String.fromCharCode(...new TextEncoder().encode(secret)))
  return isSameText(given, wanted) || reject('The user name or the password is not the one entered here.')
}

/** What an envelope tells: one event, or those of a batch. Events that are not in the catalogue are passed over. */
export function told(request: Inbound, events: readonly PluginEvent[]): readonly Told<PluginEvent>[] | Rejection {
  const body = request.json()
  const list = isObject(body) ? body.events : null
  if (!Array.isArray(list)) return reject('The body has no list of events.')
  const byName = new Map(events.map((event) => [event.name, event]))
  const found: Told<PluginEvent>[] = []
  for (const [n, one] of list.entries()) {
    if (!isObject(one) || !isObject(one.data)) return reject(`The element ${n} of events has no data.`)
    const id = one.eventId ?? one.eventInfo
    if (typeof id !== 'string' || id === '') return reject(`The element ${n} of events has no eventId.`)
    const event = byName.get(String(one.eventName))
    if (!event) continue
    const occurredAt = timeOf(one.timestamp ?? null)
    found.push({ event, payload: fit(event, one.data), key: id.slice(0, 200), ...(occurredAt && { occurredAt }) })
  }
  return found
}

/** Milliseconds, seconds or ISO 8601: its own documentation shows all three. Null for what is no time. */
function timeOf(value: Json): Date | null {
  if (typeof value !== 'number' && typeof value !== 'string') return null
  const time = new Date(typeof value === 'number' && value <= 1e10 ? value * 1000 : value)
  return Number.isNaN(time.getTime()) ? null : time
}

/** Times as ISO 8601, one spelling of a learning path, ids of learners as numbers, and null for what is missing. */
function fit({ payload }: PluginEvent, data: JsonObject): JsonObject {
  const names = payload instanceof z.ZodObject ? Object.keys(payload.shape) : []
  const fields = Object.entries(data).map(([name, value]) => [name, fitField(name, value)] as const)
  return { ...Object.fromEntries(names.map((name) => [name, null] as const)), ...Object.fromEntries(fields) }
}

function fitField(name: string, value: Json): Json {
  if (name.startsWith('date')) return timeOf(value)?.toISOString() ?? null
  if (name === 'userId' && typeof value === 'string' && /^\d{1,15}$/.test(value)) return Number(value)
  return name === 'loType' && value === 'learning_program' ? 'learningProgram' : value
}
