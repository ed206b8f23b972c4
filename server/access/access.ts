import { passwordHash, unlockSession } from '../../db/queries/access.ts'
import { hasSuperAdmin, personById, type Person } from '../../db/queries/people.ts'
import type { Actor } from '../lib/actor.ts'
import type { GivenCapability } from '../plugin/host.ts'
import type { Engine } from '../webhooks/engine.ts'
import { actorByKey } from './api-keys.ts'
import { rightsOf, rightsWith } from './roles.ts'
import { createSessions } from './sessions.ts'
import { takeTurn, type Turn } from './throttle.ts'
import { takeCode } from './two-factor.ts'

/** Who is asking, and in which language. */
export interface Visitor {
  readonly actor: Actor
  /** The user's own choice, or null to go by the browser. */
  readonly locale: string | null
  /** The clock that the user reads times by, or null for the network's. */
  readonly timeZone: string | null
}

/** A try at a password that did not go through. `wait`: too many tries, none before so many milliseconds; 0: it was wrong. */
export interface Refusal {
  readonly ok: false
  readonly wait: number
  readonly left: number
}

/** The `set-cookie` values of a new session, and whether a code has to follow before it opens anything. */
type Login = { readonly ok: true; readonly cookies: readonly string[]; readonly needsCode: boolean } | Refusal

/** People and keys, as middleware and the pages of people use them. */
export interface Access {
  /** The person behind the session cookie, or null. */
  bySession(headers: Headers, address: string): Promise<Visitor | null>
  /**
   * The actor behind `Authorization: Bearer hk_…`, or null: unknown, expired or revoked. Throws `forbidden` for a key whose
   * site is archived.
   */
  byKey(authorization: string, address: string): Promise<Actor | null>
  /** Whether there is a super admin, so that set-up is over. */
  isSetUp(): Promise<boolean>
  /** Checks a password and starts a new session; the one that the headers carry ends. Counts tries. */
  login(
    headers: Headers,
    who: { email: string; password: string; remember: boolean; address: string; codeTaken?: boolean },
  ): Promise<Login>
  /** Who typed the right password and has to type a code now, or null. */
  awaitingCode(headers: Headers): Promise<{ name: string } | null>
  /** Takes the code that a session waits for: one of the app, or a recovery code. Counts tries. */
  enterCode(headers: Headers, code: string, address: string): Promise<{ ok: true } | Refusal>
  /** Ends the session, and gives the `set-cookie` values that say so. */
  logout(headers: Headers): Promise<readonly string[]>
  /** Checks the password of a person again, with the same count of tries, and changes nothing. */
  confirm(actor: Actor, password: string): Promise<{ ok: true; person: Person } | Refusal>
  /** Which session this is, when its password was typed, and whether its cookie outlives the browser; null without a session. */
  sessionOf(headers: Headers): Promise<{ id: string; startedAt: number; remembered: boolean } | null>
  /** What is stored of a password. */
  hash(password: string): Promise<string>
}

export async function createAccess(
  engine: Engine,
  options: {
    readonly appSecret: string
    /** What plugins let people do. */
    readonly given?: readonly GivenCapability[]
  },
): Promise<Access> {
  const { db } = engine
  const sessions = await createSessions(engine, options)
  const rights = rightsWith(options.given ?? [])
  let setUp = false

  const refused = ({ wait, left }: Turn): Refusal => ({ ok: false, wait, left })

  return {
    async bySession(headers, address) {
      const session = await sessions.read(headers)
      if (!session) return null
      const { owner, capabilities } = rightsOf(session.role, session.siteId)
      // Nothing at all for a site admin without a site.
      const all = capabilities.size > 0 ? rights[session.role] : capabilities
      return {
        actor: { kind: 'user', id: session.userId, name: session.name, address, owner, capabilities: all },
        locale: session.locale,
        timeZone: session.timeZone,
      }
    },
    byKey: (authorization, address) => actorByKey(engine, authorization, address),
    // There is no way back: the last super admin cannot be deleted.
    isSetUp: async () => (setUp ||= await hasSuperAdmin(db)),
    async login(headers, who) {
      const turn = await takeTurn(engine, who.email, who.address)
      if (turn.wait > 0) return refused(turn)
      const started = await sessions.start(headers, who)
      if (!started) return refused(turn)
      await turn.succeeded()
      return { ok: true, ...started }
    },
    awaitingCode: (headers) => sessions.readAwaiting(headers),
    async enterCode(headers, code, address) {
      const session = await sessions.readAwaiting(headers)
      if (!session) return { ok: false, wait: 0, left: 0 }
      const turn = await takeTurn(engine, `code ${session.userId}`, `code ${address}`)
      if (turn.wait > 0 || !(await takeCode(engine, session.userId, code))) return refused(turn)
      await turn.succeeded()
      await db.commit([unlockSession(db, session.token)])
      return { ok: true }
    },
    logout: (headers) => sessions.end(headers),
    async confirm(actor, password) {
      const person = await personById(db, actor.id)
      if (!person) return { ok: false, wait: 0, left: 0 }
      const turn = await takeTurn(engine, person.email, actor.address)
      const hash = turn.wait > 0 ? null : await passwordHash(db, person.id)
      if (hash === null || !(await sessions.verify(password, hash))) return refused(turn)
      await turn.succeeded()
      return { ok: true, person }
    },
    sessionOf: (headers) => sessions.read(headers),
    hash: (password) => sessions.hash(password),
  }
}
