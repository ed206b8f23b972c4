import type { Actor } from '../lib/actor.ts'

/** Who is asking, and in which language. */
export interface Visitor {
  readonly actor: Actor
  /** The user's own choice, or null to go by the browser. */
  readonly locale: string | null
}

/** People and keys, as middleware uses them. */
export interface Access {
  /** The person behind the session cookie, or null. */
  bySession(headers: Headers, address: string): Promise<Visitor | null>
  /** The actor behind `Authorization: Bearer hk_…`, or null: unknown, expired or revoked. */
  byKey(authorization: string, address: string): Promise<Actor | null>
  /** Whether there is a super admin, so that set-up is over. */
  isSetUp(): Promise<boolean>
}
