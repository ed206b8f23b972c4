import { webcrypto } from 'node:crypto'
import { migrate } from '../../db/migrate.ts'
import { createAccess } from '../../server/access/access.ts'
import { createPerson, type PeopleDeps } from '../../server/access/people.ts'
import type { NewPerson } from '../../server/access/person.ts'
import { readConfig } from '../../server/config.ts'
import type { Actor } from '../../server/lib/actor.ts'
import { jsonLog } from '../../server/lib/log.ts'
import type { Emission, Host, Prepared } from '../../server/plugin/host.ts'
import { readMigrations } from '../../server/node/migrations.ts'
import { openSqlite } from '../../server/node/sqlite.ts'
import type { Engine } from '../../server/webhooks/engine.ts'

export const APP_SECRET = 'an app secret of a test, 32 characters or more'
export const PASSWORD = 'correct horse battery'
export const ADDRESS = '192.0.2.7'

const notHere = () => Promise.reject(new Error('Nobody sends or seals in these tests.'))

/** A host without plugins: what people do is then told to nobody. */
const noPlugins: Host = {
  eventTypes: () => [],
  eventType: () => undefined,
  isAvailable: () => Promise.resolve(false),
  prepare: (list: readonly Emission[]): Promise<Prepared> => Promise.reject(new Error(`${list.length} unknown events`)),
  emit: notHere,
  plugins: () => Promise.resolve([]),
  activate: notHere,
  deactivate: notHere,
  resume: notHere,
  pages: () => Promise.resolve([]),
  view: () => Promise.resolve(null),
  route: () => Promise.resolve(null),
  tick: () => Promise.resolve(),
  settled: () => Promise.resolve(),
}

export interface World extends PeopleDeps {
  /** The clock of the test. It starts at the real time, because better-auth reads that one too. */
  readonly time: { now: number }
}

/** People on a real database in memory, with a clock that the test moves. */
export async function openWorld(env: Record<string, string> = {}, host: Host = noPlugins): Promise<World> {
  const log = jsonLog('error', Date.now, (line) => process.stderr.write(`${line}\n`))
  const db = await openSqlite({ file: ':memory:', log })
  await migrate(db, await readMigrations())
  const time = { now: Date.now() }
  const config = readConfig(env)
  const engine: Engine = {
    config,
    publicUrl: () => config.publicUrl ?? 'http://127.0.0.1:3000',
    version: '0.0.0',
    db,
    clock: () => time.now,
    random: (length) => webcrypto.getRandomValues(new Uint8Array(length)),
    log,
    vault: { seal: notHere, open: notHere },
    post: notHere,
    wake: () => {},
  }
  return { ...engine, host, access: await createAccess(engine, { appSecret: APP_SECRET }), time }
}

/** Somebody with an account, as whom to act. */
export async function addPerson(world: World, person: Partial<NewPerson> & { email: string }): Promise<Actor> {
  const whole: NewPerson = {
    name: 'Ingrid Nord',
    password: PASSWORD,
    role: 'super_admin',
    siteId: 'network',
    ...person,
  }
  await createPerson(world, null, whole)
  const { cookie } = await logIn(world, whole.email, whole.password)
  const visitor = await world.access.bySession(new Headers({ cookie }), ADDRESS)
  if (!visitor) throw new Error('The new person could not log in.')
  return visitor.actor
}

/** Logs in and gives what the browser sends from then on. */
export async function logIn(world: World, email: string, password = PASSWORD, cookie = '') {
  const headers = new Headers(cookie === '' ? {} : { cookie })
  const login = await world.access.login(headers, { email, password, remember: true, address: ADDRESS })
  return { login, cookie: login.ok ? cookieOf(login.cookies) : '' }
}

/** The `cookie` header that a browser makes of `set-cookie` values: without those that were taken back. */
export const cookieOf = (setCookies: readonly string[]): string =>
  setCookies
    .filter((line) => !/max-age=0\b/i.test(line))
    .map((line) => line.split(';')[0])
    .join('; ')

export const actorOf = async (world: World, cookie: string): Promise<Actor | null> =>
  (await world.access.bySession(new Headers({ cookie }), ADDRESS))?.actor ?? null
