import { createRequestLimit } from '../access/limits.ts'
import type { Rule } from '../access/rules.ts'
import type { Deps } from '../deps.ts'
import { can, type Actor } from '../lib/actor.ts'
import { AppError, fail } from '../lib/errors.ts'
import { msg } from '../lib/message.ts'
import type { C, Handler } from '../web/env.ts'
import { actorByPair } from './wu/credentials.ts'

/** Where tools made for Ultimate Multisite look for its REST API. */
export const WU = '/wp-json/'

/** Makes routes for programs: who brings an API key is let in as far as its scopes go. */
export function forPrograms(deps: Deps): (path: string, rule: Rule, handler: Handler) => Handler {
  const countRequest = createRequestLimit(deps.clock)
  return (path, rule, handler) => {
    const actorOf = path.startsWith(WU) ? actorByPair : actorByKey
    return async (c) => {
      const actor = await actorOf(deps, c)
      countRequest(actor.id)
      // What is the network's, a key that is bound to one site never reaches, whoever made it.
      const owner = /^(network|metrics|privacy):/.test(rule) ? 'network' : actor.owner
      if (rule !== 'public' && rule !== 'session' && !can(actor, rule, owner)) {
        throw fail('forbidden', 'This key lacks the scope {scope}.', { scope: rule })
      }
      c.set('actor', actor)
      return handler(c)
    }
  }
}

async function actorByKey({ access }: Deps, c: C): Promise<Actor> {
  const actor = await access.byKey(c.req.header('authorization') ?? '', c.get('address'))
  if (actor) return actor
  const detail = msg('Send an API key: Authorization: Bearer hk_…')
  throw new AppError('unauthorized', detail, [], { 'www-authenticate': 'Bearer' })
}
