import { siteBySlugOrId } from '../../db/queries/sites.ts'
import type { Deps } from '../deps.ts'
import { DAY, MINUTE } from '../lib/clock.ts'
import { invalid, type FieldError } from '../lib/errors.ts'
import { isObject, type JsonObject } from '../lib/json.ts'
import { msg, type Message } from '../lib/message.ts'
import { traceOf } from '../lib/trace.ts'
import type { Emission } from '../plugin/host.ts'
import type { C } from '../web/env.ts'
import { knownKeys } from './body.ts'
import { claimedHops, loop } from './hops.ts'

const KEYS = ['type', 'data', 'site', 'id', 'occurred_at']
const LONGEST = 255
const NO_TEXT = msg('This has to be a text of 1 to 255 characters.')

/** What stands around the body of an event. */
interface Around {
  /** The `Idempotency-Key` of the request. */
  readonly key?: string | undefined
  /** Stands in front of what errors name. */
  readonly path?: string
}

/** Reads the events of one request; each throws `invalid` with all that is wrong with it. Sites are looked up once. */
export function emissionReader(deps: Deps, c: C): (body: JsonObject, around: Around) => Promise<Emission> {
  const { owner, id: actorId } = c.get('actor')
  const before = claimedHops(c)
  const hops = before !== null && c.req.header('hookline-hops') !== undefined ? before + 1 : before
  const trace = traceOf(c.req.raw.headers)
  const sites = new Map<string, ReturnType<typeof siteBySlugOrId>>()
  const siteOf = (named: string) => {
    const site = sites.get(named) ?? siteBySlugOrId(deps.db, named)
    sites.set(named, site)
    return site
  }

  return async (body, { key, path = '' }) => {
    knownKeys(body, KEYS, path)
    const errors: FieldError[] = []
    const wrong = (name: string, message: Message) => errors.push({ path: path + name, message })
    const text = (name: string): string | null => {
      const value = body[name] ?? null
      if (value === null || isShort(value)) return value
      wrong(name, NO_TEXT)
      return null
    }
    const [type, id, occurred, site] = [text('type'), text('id'), text('occurred_at'), text('site')]
    const { data } = body
    if (type === null && errors.length === 0) wrong('type', msg('Say which event happened.'))
    if (key !== undefined && !isShort(key)) wrong('Idempotency-Key', NO_TEXT)
    if (key !== undefined && id !== null && key !== id)
      wrong('id', msg('id and Idempotency-Key are one thing; send one of them.'))
    if (type !== null && deps.host.eventType(type)?.plugin === 'hookline')
      wrong('type', msg('Only the network itself sends this event.'))
    if (!isObject(data)) wrong('data', msg('This has to be one JSON object.'))
    const now = deps.clock()
    const occurredAt = occurred === null ? now : Date.parse(occurred)
    const noTime = occurred === null ? null : wrongTime(occurred, now)
    if (noTime) wrong('occurred_at', noTime)
    const found = await siteOf(owner === 'network' ? (site ?? 'main') : owner)
    if (!found) wrong('site', msg('There is no site of this name.'))
    if (hops === null) errors.push(loop)
    if (errors.length > 0 || type === null || !isObject(data) || !found || hops === null) throw invalid(errors)
    return { type, site: found.id, data, source: `api:${actorId}`, key: key ?? id, occurredAt, hops, trace }
  }
}

const isShort = (value: unknown): value is string =>
  typeof value === 'string' && value.length > 0 && value.length <= LONGEST

/** Why an event cannot have happened at this time, or null. */
function wrongTime(text: string, now: number): Message | null {
  const at = Date.parse(text)
  if (Number.isNaN(at) || !/^\d{4}-\d\d-\d\dT/.test(text)) return msg('This is a time such as 2026-01-31T12:00:00Z.')
  const isNear = at >= now - 30 * DAY && at <= now + 5 * MINUTE
  return isNear ? null : msg('This time lies more than 30 days back or 5 minutes ahead.')
}
