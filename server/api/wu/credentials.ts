import { setting } from '../../../db/queries/settings.ts'
import type { Deps } from '../../deps.ts'
import type { Actor } from '../../lib/actor.ts'
import { fail } from '../../lib/errors.ts'
import { isObject, parseJson } from '../../lib/json.ts'
import type { C } from '../../web/env.ts'
import { KIB } from '../body.ts'
import { readBytes } from '../../web/forms.ts'

/** What Ultimate Multisite calls API key and API secret: the id of a key of ours, and the key itself. */
interface Pair {
  readonly key: string
  readonly secret: string
}

/**
 * The key behind the pair that a request to wu/v2 carries: by Basic, in a JSON body, or in the query where that is allowed.
 * Throws `unauthorized` without one.
 */
export async function actorByPair(deps: Deps, c: C): Promise<Actor> {
  const pair = basicPair(c.req.header('authorization')) ?? (await queryPair(deps, c)) ?? (await bodyPair(c))
  const actor = pair && (await deps.access.byKey(`Bearer ${pair.secret}`, c.get('address')))
  if (actor && actor.id === pair.key) return actor
  throw fail('unauthorized', 'Send the id of an API key as user name and the key itself as password.')
}

function basicPair(authorization: string | undefined): Pair | null {
  const encoded = /^Basic +([\w+/=]+)$/i.exec(authorization ?? '')?.[1]
  if (encoded === undefined) return null
  try {
    const [, key = '', secret = ''] = /^([^:]*):(.*)$/s.exec(atob(encoded)) ?? []
    return { key, secret }
  } catch {
    return null
  }
}

/** Addresses end up in logs and histories, so a super admin has to allow it. */
async function queryPair(deps: Deps, c: C): Promise<Pair | null> {
  const pair = pairIn((name) => c.req.query(name))
  return pair && (await setting(deps.db, 'wu_query_credentials')) === 'on' ? pair : null
}

/** The handler reads the body once more. */
async function bodyPair(c: C): Promise<Pair | null> {
  if (!c.req.raw.body) return null
  const body = parseJson(new TextDecoder().decode(await readBytes(c.req.raw.clone(), 256 * KIB)))
  if (!body.ok || !isObject(body.value)) return null
  const { value } = body
  return pairIn((name) => (typeof value[name] === 'string' ? value[name] : undefined))
}

/** The fields that may carry the pair. */
export const credentialFields = ['api_key', 'api-key', 'api_secret', 'api-secret'] as const

function pairIn(read: (name: (typeof credentialFields)[number]) => string | undefined): Pair | null {
  const key = read('api_key') ?? read('api-key')
  const secret = read('api_secret') ?? read('api-secret')
  return key === undefined || secret === undefined ? null : { key, secret }
}
