import type { Context } from 'hono'
import type { Actor, Owner } from '../lib/actor.ts'
import type { Translator } from './i18n.ts'

/** The admin area that a page was asked in: the network's, or one site's. */
export interface Scope {
  /** `/network` or `/sites/<slug>/admin`. */
  readonly base: string
  readonly owner: Owner
  /** The site, or null in Network Admin. */
  readonly site: { readonly id: string; readonly slug: string; readonly name: string } | null
}

/** What middleware leaves for handlers. `actor` is there wherever the route's rule is not `public`. */
export interface Env {
  Variables: {
    actor: Actor
    scope: Scope
    /** In the language and on the clock of who asks. */
    t: Translator
    /** The time zone of the network, where things happen by the clock. */
    networkZone: string
    requestId: string
    address: string
  }
}
export type C = Context<Env>
export type Handler = (c: C) => Response | Promise<Response>
