import { siteBySlugOrId } from '../../db/queries/sites.ts'
import type { Deps } from '../deps.ts'
import { DAY, MINUTE } from '../lib/clock.ts'
import { invalid, type FieldError } from '../lib/errors.ts'
import { isObject, type JsonObject } from '../lib/json.ts'
import { msg } from '../lib/message.ts'
import { traceOf } from '../lib/trace.ts'
import type { Emission } from '../plugin/host.ts'
import type { C } from '../web/env.ts'
import { knownKeys } from './body.ts'
import { claimedHops, loop } from './hops.ts'

const KEYS = ['type', 'data', 'site', 'id', 'occurred_at']

type SiteFinder = (text: string) => ReturnType<typeof siteBySlugOrId>

/** Finds each site once. */
export function siteFinder(deps: Deps): SiteFinder {
  const found = new Map<string, ReturnType<typeof siteBySlugOrId>>()
  return (text) => {
    const site = found.get(text) ?? siteBySlugOrId(deps.db, text)
    found.set(text, site)
    return site
  }
}

/** One event as the body says it, `path` in front of what its errors name. Throws `invalid` with all that is wrong. */
export async function readEmission(
  deps: Deps,
  c: C,
  body: JsonObject,
  key: string | null,
  siteOf: SiteFinder,
  path = '',
): Promise<Emission> {
  knownKeys(body, KEYS, path)
  const errors: FieldError[] = []
  const text = (name: string): string | null => {
    const value = body[name]
    if (value === undefined || value === null) return null
    if (typeof value === 'string' && value.length > 0 && value.length <= 255) return value
    errors.push({ path: path + name, message: msg('This has to be a text of 1 to 255 characters.') })
    return null
  }
  const type = text('type')
  const id = text('id')
  const occurred = text('occurred_at')
  const site = text('site')
  if (type === null && errors.length === 0)
    errors.push({ path: `${path}type`, message: msg('Say which event happened.') })
  if (key !== null && (key === '' || key.length > 255))
    errors.push({ path: 'Idempotency-Key', message: msg('This has to be a text of 1 to 255 characters.') })
  if (key !== null && id !== null && key !== id)
    errors.push({ path: `${path}id`, message: msg('id and Idempotency-Key are one thing; send one of them.') })
  if (type !== null && deps.host.eventType(type)?.plugin === 'hookline') {
    errors.push({ path: `${path}type`, message: msg('Only the network itself sends this event.') })
  }
  const data = body.data
  if (!isObject(data)) errors.push({ path: `${path}data`, message: msg('This has to be one JSON object.') })

  const now = deps.clock()
  const occurredAt = occurred === null ? now : Date.parse(occurred)
  if (Number.isNaN(occurredAt) || (occurred !== null && !/^\d{4}-\d\d-\d\dT/.test(occurred))) {
    errors.push({ path: `${path}occurred_at`, message: msg('This is a time such as 2026-01-31T12:00:00Z.') })
  } else if (occurredAt < now - 30 * DAY || occurredAt > now + 5 * MINUTE) {
    errors.push({
      path: `${path}occurred_at`,
      message: msg('This time lies more than 30 days back or 5 minutes ahead.'),
    })
  }

  const { owner, id: actorId } = c.get('actor')
  const found = await siteOf(owner === 'network' ? (site ?? 'main') : owner)
  if (!found) errors.push({ path: `${path}site`, message: msg('There is no site of this name.') })
  const hops = claimedHops(c)
  if (hops === null) errors.push(loop)
  if (errors.length > 0 || type === null || !found || !isObject(data)) throw invalid(errors)
  return {
    type,
    site: found.id,
    data,
    source: `api:${actorId}`,
    key: key ?? id,
    occurredAt,
    hops: c.req.header('hookline-hops') === undefined || hops === null ? 0 : hops + 1,
    trace: traceOf(c.req.raw.headers),
  }
}
