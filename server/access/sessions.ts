import { betterAuth } from 'better-auth'
import { unlockSession } from '../../db/queries/access.ts'
import { hasTwoFactor } from '../../db/queries/two-factor.ts'
import type { Role } from '../../db/schema.ts'
import { DAY, MINUTE, SECOND } from '../lib/clock.ts'
import type { Engine } from '../webhooks/engine.ts'
import { deriveSecret } from './token.ts'

const LIFETIME = 14 * DAY
/** How long a code may be on its way after the password. */
const PATIENCE = 10 * MINUTE
const ADDRESS_HEADER = 'x-hookline-address'

/** A running session and the person it belongs to. */
export interface Session {
  readonly userId: string
  readonly name: string
  readonly email: string
  readonly role: Role
  readonly siteId: string
  readonly locale: string | null
  /** Null: the network's. */
  readonly timeZone: string | null
  readonly id: string
  readonly token: string
  /** When the password was typed: each typing starts a new session. */
  readonly startedAt: number
  /** Whether the cookie outlives the browser. */
  readonly remembered: boolean
}

interface Sessions {
  read(headers: Headers): Promise<Session | null>
  /** The session whose password was right and whose code is still to come. It waits ten minutes, and opens nothing. */
  readAwaiting(headers: Headers): Promise<Session | null>
  /**
   * Checks the password and starts a new session, ending the one that the headers carry. Gives the cookies to set, and
   * whether a code has to follow; null when account and password do not match. An unknown account takes as long as a
   * known one. No code is asked for again where the session before was the same person's, or where `codeTaken` says so.
   */
  start(
    headers: Headers,
    who: { email: string; password: string; remember: boolean; address: string; codeTaken?: boolean },
  ): Promise<{ readonly cookies: readonly string[]; readonly needsCode: boolean } | null>
  /** Ends the session that the headers carry, and gives the cookies that say so. */
  end(headers: Headers): Promise<readonly string[]>
  hash(password: string): Promise<string>
  verify(password: string, hash: string): Promise<boolean>
}

/**
 * Sessions and passwords, kept by better-auth. Its HTTP handler is never mounted (its sign-up is open to anybody): we call
 * it as a library, and write users and passwords ourselves, so that they share a commit with events and audit.
 */
export async function createSessions(engine: Engine, options: { appSecret: string }): Promise<Sessions> {
  const { clock, log } = engine
  const secure = engine.config.publicUrl?.startsWith('https:') ?? false
  const auth = betterAuth({
    appName: 'Hookline',
    baseURL: engine.config.publicUrl ?? 'http://localhost',
    secret: await deriveSecret(options.appSecret, 'hookline sessions'),
    database: { db: engine.db.q, type: 'sqlite' },
    emailAndPassword: { enabled: true, disableSignUp: true, minPasswordLength: 12, maxPasswordLength: 128 },
    user: {
      additionalFields: {
        role: { type: 'string', input: false },
        siteId: { type: 'string', input: false },
        locale: { type: 'string', input: false, required: false },
        timeZone: { type: 'string', input: false, required: false },
      },
    },
    // It measures a session's age by the wall clock; `read` measures again by ours.
    session: {
      expiresIn: LIFETIME / SECOND,
      disableSessionRefresh: true,
      additionalFields: { awaitsCode: { type: 'number', input: false, defaultValue: 0 } },
    },
    databaseHooks: {
      session: {
        create: {
          // However a session comes about: of who has two-factor it is locked until a code came.
          before: async (session) => {
            const awaitsCode = (await hasTwoFactor(engine.db, session.userId)) ? 1 : 0
            return { data: { ...session, createdAt: new Date(clock()), awaitsCode } }
          },
        },
      },
    },
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    logger: { level: 'error', log: (level, message) => log[level](`better-auth: ${message}`) },
    advanced: {
      // It would look at the tables with SQLite's PRAGMA, also on PostgreSQL; our migrations are tested with it.
      database: { validateSchema: false },
      // A prefix that browsers accept only from https, for the whole host and no other.
      cookiePrefix: secure ? '__Host-hookline' : 'hookline',
      useSecureCookies: false,
      defaultCookieAttributes: { secure, httpOnly: true, sameSite: 'lax', path: '/' },
      ipAddress: { ipAddressHeaders: [ADDRESS_HEADER] },
    },
  })
  const context = await auth.$context
  const rememberCookie = context.authCookies.dontRememberToken.name

  const find = async (headers: Headers, awaitsCode: 0 | 1): Promise<Session | null> => {
    if (!headers.has('cookie')) return null
    const found = await auth.api.getSession({ headers })
    if (!found || found.session.awaitsCode !== awaitsCode) return null
    const { user, session } = found
    if (session.createdAt.getTime() + (awaitsCode === 1 ? PATIENCE : LIFETIME) <= clock()) return null
    return {
      userId: user.id,
      name: user.name,
      email: user.email,
      role: user.role as Role, // as the column holds it
      siteId: user.siteId,
      locale: user.locale ?? null,
      timeZone: user.timeZone ?? null,
      id: session.id,
      token: session.token,
      startedAt: session.createdAt.getTime(),
      remembered: !(headers.get('cookie') ?? '').includes(`${rememberCookie}=`),
    }
  }

  const read = (headers: Headers) => find(headers, 0)

  const end = async (headers: Headers): Promise<readonly string[]> => {
    const { headers: answer } = await auth.api.signOut({ headers, returnHeaders: true })
    return answer.getSetCookie()
  }

  return {
    read,
    readAwaiting: (headers) => find(headers, 1),
    end,
    async start(headers, { email, password, remember, address, codeTaken = false }) {
      const own = new Headers({ 'user-agent': headers.get('user-agent') ?? '', [ADDRESS_HEADER]: address })
      try {
        const before = await read(headers)
        const { headers: answer, response } = await auth.api.signInEmail({
          body: { email, password, rememberMe: remember },
          headers: own,
          returnHeaders: true,
        })
        const left = before ?? (await find(headers, 1))
        if (left) await context.internalAdapter.deleteSession(left.token)
        const isTaken = codeTaken || before?.userId === response.user.id
        if (isTaken) await engine.db.commit([unlockSession(engine.db, response.token)])
        const needsCode = !isTaken && (await hasTwoFactor(engine.db, response.user.id))
        return { cookies: answer.getSetCookie(), needsCode }
      } catch (error) {
        if (isRefusal(error)) return null
        throw error
      }
    },
    hash: (password) => context.password.hash(password),
    verify: (password, hash) => context.password.verify({ password, hash }),
  }
}

/** What better-auth throws for a wrong password or an address that is none. */
const isRefusal = (error: unknown): boolean =>
  error instanceof Error && 'statusCode' in error && (error.statusCode === 401 || error.statusCode === 400)
