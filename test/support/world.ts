import type { Db } from '../../db/db.ts'
import { registry } from '../../plugins/registry.gen.ts'
import { createAccess } from '../../server/access/access.ts'
import { createPerson, type PeopleDeps } from '../../server/access/people.ts'
import type { NewPerson } from '../../server/access/person.ts'
import { readConfig } from '../../server/config.ts'
import type { Deps } from '../../server/deps.ts'
import type { Actor } from '../../server/lib/actor.ts'
import { createHost } from '../../server/plugin/create-host.ts'
import type { Engine } from '../../server/webhooks/engine.ts'
import { createVault } from '../../server/webhooks/secrets.ts'
import { bareEngine, random } from './engine.ts'

export const PASSWORD = 'correct horse battery'
export const ADDRESS = '192.0.2.7'

export interface World extends PeopleDeps, Pick<Deps, 'scrypt'> {
  /** The clock of the test. It starts at the real time, because better-auth reads that one too. */
  readonly time: { now: number }
}

const APP_SECRET = 'an app secret of a test, 32 characters or more'

/** People on a migrated database, with the plugins of the repository, and a clock that the test moves. */
export async function worldOn(db: Db, env: Record<string, string> = {}): Promise<World> {
  const time = { now: Date.now() }
  const config = readConfig(env)
  const engine: Engine = {
    ...bareEngine(db, () => time.now),
    config,
    publicUrl: () => config.publicUrl ?? 'http://127.0.0.1:3000',
    vault: await createVault({ appSecret: APP_SECRET, random }),
  }
  const host = await createHost(engine, { registry, safeMode: false })
  const access = await createAccess(engine, { appSecret: APP_SECRET })
  const scrypt = () => Promise.reject(new Error('Nothing is put under a passphrase here.'))
  return { ...engine, host, access, scrypt, time }
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
  const { cookie } = await logIn(world, whole.email, whole.password ?? PASSWORD)
  const actor = await actorOf(world, cookie)
  if (!actor) throw new Error('The new person could not log in.')
  return actor
}

/** Logs in and gives what the browser sends from then on. */
export async function logIn(world: World, email: string, password = PASSWORD, cookie = '') {
  const headers = new Headers(cookie === '' ? {} : { cookie })
  const login = await world.access.login(headers, { email, password, remember: true, address: ADDRESS })
  return { login, cookie: login.ok ? cookieOf(login.cookies) : '' }
}

/** The `cookie` header that a browser makes of `set-cookie` values: without those that were taken back. */
const cookieOf = (setCookies: readonly string[]): string =>
  setCookies
    .filter((line) => !/max-age=0\b/i.test(line))
    .map((line) => line.split(';')[0])
    .join('; ')

export const actorOf = async (world: World, cookie: string): Promise<Actor | null> =>
  (await world.access.bySession(new Headers({ cookie }), ADDRESS))?.actor ?? null
