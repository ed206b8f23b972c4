import { betterAuth } from 'better-auth'
import type { Role } from '../../db/schema.ts'
import { DAY, SECOND } from '../lib/clock.ts'
import type { Engine } from '../webhooks/engine.ts'
import { deriveSecret } from './token.ts'

const LIFETIME = 14 * DAY
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

export interface Sessions {
  read(headers: Headers): Promise<Session | null>
  /**
   * Checks the password and starts a new session, ending the one that the headers carry. Gives the cookies to set; null
   * when account and password do not match. An unknown account takes as long as a known one.
   */
  start(
    headers: Headers,
    who: { email: string; password: string; remember: boolean; address: string },
  ): Promise<readonly string[] | null>
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
    session: { expiresIn: LIFETIME / SECOND, disableSessionRefresh: true },
    databaseHooks: {
      session: { create: { before: async (session) => ({ data: { ...session, createdAt: new Date(clock()) } }) } },
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

  const read = async (headers: Headers): Promise<Session | null> => {
    if (!headers.has('cookie')) return null
    const found = await auth.api.getSession({ headers })
    if (!found || found.session.createdAt.getTime() + LIFETIME <= clock()) return null
    const { user, session } = found
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

  const end = async (headers: Headers): Promise<readonly string[]> => {
    const { headers: answer } = await auth.api.signOut({ headers, returnHeaders: true })
    return answer.getSetCookie()
  }

  return {
    read,
    end,
    async start(headers, { email, password, remember, address }) {
      const own = new Headers({ 'user-agent': headers.get('user-agent') ?? '', [ADDRESS_HEADER]: address })
      try {
        const { headers: answer } = await auth.api.signInEmail({
          body: { email, password, rememberMe: remember },
          headers: own,
          returnHeaders: true,
        })
        const before = await read(headers)
        if (before) await context.internalAdapter.deleteSession(before.token)
        return answer.getSetCookie()
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
