import type { KyselyPlugin } from 'kysely'
import { onTestFinished } from 'vitest'
import { migrate } from '../../db/migrate.ts'
import { registry } from '../../plugins/registry.gen.ts'
import { createKey } from '../../server/access/api-keys.ts'
import { createPerson } from '../../server/access/people.ts'
import { scopes } from '../../server/access/roles.ts'
import { createApp } from '../../server/app.ts'
import { compose } from '../../server/compose.ts'
import { readConfig } from '../../server/config.ts'
import type { Role } from '../../db/schema.ts'
import type { Deps } from '../../server/deps.ts'
import { capabilities, type Actor } from '../../server/lib/actor.ts'
import { MINUTE } from '../../server/lib/clock.ts'
import { createPost } from '../../server/node/connect.ts'
import { createMailer } from '../../server/node/mail.ts'
import { readMigrations } from '../../server/node/migrations.ts'
import { scrypt } from '../../server/node/scrypt.ts'
import { openSqlite } from '../../server/node/sqlite.ts'
import type { Plugin } from '../../server/plugin/define.ts'
import { tidy } from '../../server/tidy.ts'
import { urlRules, type Resolve } from '../../server/webhooks/address.ts'
import { createDispatcher } from '../../server/webhooks/dispatch.ts'
import type { WebhookDraft } from '../../server/webhooks/draft.ts'
import { conforms } from './conforms.ts'
import { emitSample, makeSite, makeWebhook } from './furnish.ts'
import { quiet } from './log.ts'

const ADDRESS = '192.0.2.7'
const PASSWORD = 'correct horse battery'
const HOME = 'http://127.0.0.1:3000'

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly html: string
  /** Where a redirect leads to; empty without one. */
  readonly location: string
}

/** Somebody with a browser of their own: it keeps cookies, and follows no redirect. */
export interface Visitor {
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Answer>
  post(path: string, fields?: Readonly<Record<string, string>> | URLSearchParams): Promise<Answer>
  /** Sends a form with a file in its field `file`. */
  upload(path: string, file: string, fields?: Readonly<Record<string, string>>): Promise<Answer>
  /** Sends a form and reads the page that it leads to. */
  send(path: string, fields?: Readonly<Record<string, string>> | URLSearchParams): Promise<Answer>
}

/** Somebody with an API key. Paths stand behind `/api/v1`. */
export type Client = (
  method: string,
  path: string,
  body?: unknown,
) => Promise<{ readonly status: number; readonly headers: Headers; readonly body: Record<string, unknown> }>

export interface TestApp {
  readonly deps: Deps
  readonly clock: { now(): number; advance(ms: number): void }
  /** A new person of this role, logged in. A site admin belongs to the site with this slug. */
  login(role?: Role, site?: string): Promise<Visitor>
  readonly stranger: Visitor
  /** A request as a program sends it: without cookies, to a path or an address of ours. */
  fetch(to: string, init?: RequestInit): Promise<Response>
  /** One more stranger, with cookies of their own. */
  visitor(): Visitor
  /** A script with an API key of all scopes that a site may have, bound to the site with this slug, if one is named. */
  client(site?: string): Promise<Client>
  /** Makes a site and gives its id. */
  site(slug: string): Promise<string>
  /** Makes an active webhook for `payment_received` and `payment_failed` and gives its id. */
  webhook(draft: Partial<WebhookDraft> & { readonly url: string }, owner?: string): Promise<string>
  /** Emits an event of the payments plugin (or any other) and gives its id. */
  emit(event?: { readonly type?: string; readonly site?: string; readonly data?: object }): Promise<string>
  /** Sends what is due, and what becomes due by that. */
  deliver(): Promise<void>
  /** What is done now and then besides sending. */
  tidy(): Promise<void>
}

/** Tells of each statement that reads, when its result comes. */
const telling = (asked: () => void): KyselyPlugin => ({
  transformQuery: ({ node }) => node,
  transformResult({ result }) {
    asked()
    return Promise.resolve(result)
  },
})

/**
 * The whole product behind one `fetch`: the real app, host and dispatcher on SQLite in memory, with a clock that only the
 * test moves. Ends with the test.
 */
export async function testApp(
  given: {
    readonly env?: Readonly<Record<string, string>>
    readonly plugins?: readonly Plugin[]
    readonly backups?: Deps['backups']
    readonly writes?: Deps['writes']
    /** Finds the addresses of names, so that a host of the world can stand on loopback. */
    readonly resolve?: Resolve
    /** Told of each statement that reads. */
    readonly asked?: () => void
    /** Told when something became due. */
    readonly wake?: () => void
    /** Takes over ending it, for an app that serves several tests. */
    readonly ends?: (end: () => Promise<void>) => void
  } = {},
): Promise<TestApp> {
  const config = readConfig({ OUTBOUND_ALLOW: '127.0.0.0/8', ...given.env })
  // It starts at the real time, because better-auth reads that one too.
  let time = Date.now()
  const clock = () => time
  const random = (length: number) => crypto.getRandomValues(new Uint8Array(length))
  const publicUrl = () => config.publicUrl ?? HOME
  const opened = await openSqlite({ file: ':memory:', log: quiet })
  const db = given.asked ? { ...opened, q: opened.q.withPlugin(telling(given.asked)) } : opened
  await migrate(db, await readMigrations())
  const post = createPost({
    rules: () => urlRules({ config, publicUrl }),
    ...(given.resolve && { resolve: given.resolve }),
  })
  const more = (given.plugins ?? []).map(
    (plugin) => [plugin.manifest.slug, () => Promise.resolve({ default: plugin })] as const,
  )
  const deps = await compose({
    config,
    publicUrl,
    version: '1.0.0',
    db,
    clock,
    random,
    log: quiet,
    post,
    ...(config.smtpUrl !== null && { mailer: createMailer(config.smtpUrl, publicUrl) }),
    wake: given.wake ?? (() => {}),
    scrypt,
    appSecret: 'an app secret of a test, 32 characters or more',
    registry: { ...registry, ...Object.fromEntries(more) },
    dispatcher: () => (config.delivery ? 'on' : 'off'),
    attempts: () => dispatcher.attempts(),
    ...(given.backups && { backups: given.backups }),
    ...(given.writes && { writes: given.writes }),
  })
  const dispatcher = createDispatcher(deps, { owner: 'test', alone: true })
  await dispatcher.start()
  const app = createApp(deps, () => ADDRESS)
  const ends = given.ends ?? onTestFinished
  ends(async () => {
    await dispatcher.stop(MINUTE)
    await deps.host.settled()
    await post.close()
    await db.close()
  })
  let people = 0

  const siteId = async (slug: string): Promise<string> => {
    const row = await db.q.selectFrom('site').select('id').where('slug', '=', slug).executeTakeFirstOrThrow()
    return row.id
  }

  const makerId = async (): Promise<string> => {
    const email = `person-${++people}@example.com`
    const who = { name: 'Ingrid Nord', email, password: PASSWORD, role: 'super_admin' as const, siteId: 'network' }
    return createPerson(deps, null, who)
  }

  return {
    deps,
    clock: { now: clock, advance: (ms) => void (time += ms) },
    stranger: visitor(),
    fetch: async (to, init) =>
      app.request(new URL(to, HOME).href, { ...init, headers: { host: new URL(HOME).host, ...init?.headers } }),
    visitor: () => visitor(),

    async login(role = 'super_admin', site) {
      const email = `person-${++people}@example.com`
      const where = site === undefined ? 'network' : await siteId(site)
      await createPerson(deps, null, { name: 'Ingrid Nord', email, password: PASSWORD, role, siteId: where })
      const who = { email, password: PASSWORD, remember: true, address: ADDRESS }
      const login = await deps.access.login(new Headers(), who)
      if (!login.ok) throw new Error('The new person could not log in.')
      return visitor(login.cookies)
    },

    async client(site) {
      const maker: Actor = {
        kind: 'user',
        id: await makerId(),
        name: 'Ingrid Nord',
        owner: 'network',
        capabilities: new Set(capabilities),
        address: ADDRESS,
      }
      const owner = site === undefined ? 'network' : await siteId(site)
      const wanted = { name: `Key of ${site ?? 'the network'}`, scopes, owner, expiresAt: null }
      const { secret } = await createKey(deps, maker, wanted)
      return async (method, path, body) => {
        const answer = await app.request(`${HOME}/api/v1${path}`, {
          method,
          headers: {
            authorization: `Bearer ${secret}`,
            host: new URL(HOME).host,
            ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        })
        const text = await answer.text()
        const json = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>)
        conforms(method, `/api/v1${path}`, answer.status, json)
        return { status: answer.status, headers: answer.headers, body: json }
      }
    },

    site: (slug) => makeSite(deps, slug),
    webhook: (draft, owner) => makeWebhook(deps, draft, owner),
    emit: (event) => emitSample(deps, event),

    deliver: () => dispatcher.drain(time + 1),
    tidy: () => tidy(deps),
  }

  function visitor(setCookies: readonly string[] = []): Visitor {
    const cookies = new Map<string, string>()
    const keep = (lines: readonly string[]) => {
      for (const line of lines) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
        if (/max-age=0\b/i.test(line)) cookies.delete(name)
        else cookies.set(name, value)
      }
    }
    keep(setCookies)
    const ask = async (path: string, init: RequestInit): Promise<Answer> => {
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
      const headers = { ...init.headers, cookie, host: new URL(HOME).host }
      const answer = await app.request(HOME + path, { ...init, headers })
      keep(answer.headers.getSetCookie())
      const location = answer.headers.get('location') ?? ''
      return { status: answer.status, headers: answer.headers, html: await answer.text(), location }
    }
    const get = (path: string, headers: Readonly<Record<string, string>> = {}) => ask(path, { headers })
    const send = (path: string, fields: Readonly<Record<string, string>> | URLSearchParams = {}) =>
      ask(path, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' },
        body: new URLSearchParams(fields).toString(),
      })
    return {
      get,
      post: send,
      async upload(path, file, fields = {}) {
        const form = new FormData()
        for (const [name, value] of Object.entries(fields)) form.set(name, value)
        form.set('file', new Blob([file]), 'file.json')
        const { headers, body } = new Response(form)
        const type = headers.get('content-type') ?? ''
        const sent = { 'content-type': type, 'sec-fetch-site': 'same-origin' }
        return ask(path, { method: 'POST', headers: sent, body: await new Response(body).arrayBuffer() })
      },
      async send(path, fields) {
        const { status, location } = await send(path, fields)
        if (status !== 303) throw new Error(`${path} answered ${status} and leads nowhere.`)
        return get(location)
      },
    }
  }
}
