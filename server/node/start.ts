import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer, type HttpBindings } from '@hono/node-server'
import type { Db } from '../../db/db.ts'
import { migrate } from '../../db/migrate.ts'
import { registry } from '../../plugins/registry.gen.ts'
import { createAccess } from '../access/access.ts'
import { ensureSetupKey } from '../access/api-keys.ts'
import { ensureSetup } from '../access/setup.ts'
import { tickAccess } from '../access/tick.ts'
import { createApp } from '../app.ts'
import type { Config } from '../config.ts'
import type { Deps } from '../deps.ts'
import { SECOND, type Clock, type Random } from '../lib/clock.ts'
import { jsonLog, type Log } from '../lib/log.ts'
import { createHost } from '../plugin/load.ts'
import { version } from '../version.ts'
import { urlRules } from '../webhooks/address.ts'
import { createDispatcher, type Dispatcher } from '../webhooks/dispatch.ts'
import type { Engine } from '../webhooks/engine.ts'
import { ensureNetwork } from '../webhooks/network.ts'
import { createVault } from '../webhooks/secrets.ts'
import { appSecretOf, checkAppSecret } from './app-secret.ts'
import { createPost } from './connect.ts'
import { lockDataDir } from './lock.ts'
import { readMigrations } from './migrations.ts'
import { openPostgres } from './postgres.ts'
import { createNodeSign } from './sign.ts'
import { openSqlite } from './sqlite.ts'

/** A server that runs. */
export interface Running {
  readonly url: string
  /** The `Set up:` address, while there is no super admin. */
  readonly setUp: string | null
  readonly deps: Deps
  readonly dispatcher: Dispatcher
  /** Takes no more requests, ends attempts under way (at most 20 s), commits, and lets go of the database. */
  stop(): Promise<void>
}

export interface Outside {
  readonly clock?: Clock
  readonly random?: Random
  readonly log?: Log
  /** Milliseconds between ticks; null: only when asked, so that a test owns time. */
  readonly tickEvery?: number | null
}

const TICK = 200
const GRACE = 20 * SECOND
const STALLED = 10 * SECOND

/** Composes everything for Node and serves it. Throws ConfigError or DataDirTaken where it cannot start. */
export async function start(config: Config, outside: Outside = {}): Promise<Running> {
  const clock = outside.clock ?? Date.now
  const random = outside.random ?? randomBytes
  const log = outside.log ?? jsonLog(config.logLevel, clock, (line) => process.stdout.write(`${line}\n`))
  const onSqlite = config.databaseUrl.startsWith('sqlite:')
  const lock = lockDataDir(config.dataDir)
  const db: Db = onSqlite
    ? await openSqlite({ file: config.databaseUrl.slice('sqlite:'.length), log })
    : await openPostgres({ url: config.databaseUrl, log })
  try {
    return await compose()
  } catch (error) {
    await db.close()
    lock.release()
    throw error
  }

  async function compose(): Promise<Running> {
    await migrate(db, await readMigrations())
    const appSecret = appSecretOf(config, random)
    await checkAppSecret(db, appSecret, config.appSecretPrevious)
    await ensureNetwork({ db, random })

    let address = config.publicUrl ?? `http://${config.host}:${config.port}`
    let wake: () => void = () => {}
    const base = { config, publicUrl: () => address, version, db, clock, random, log, sign: createNodeSign() }
    const rules = () => urlRules({ config, publicUrl: () => address })
    const engine: Engine = {
      ...base,
      vault: await createVault({ appSecret, previous: config.appSecretPrevious, random }),
      post: createPost({ rules }),
      wake: () => wake(),
    }
    const host = await createHost(engine, { registry, safeMode: config.safeMode })
    const access = await createAccess(engine, { appSecret })
    const owner = `${process.pid}-${Buffer.from(random(6)).toString('hex')}`
    const dispatcher = createDispatcher(engine, { owner, alone: onSqlite })
    wake = () => void setImmediate(() => void dispatcher.tick())
    const deps: Deps = {
      ...engine,
      host,
      access,
      dispatcher: () => (!config.delivery ? 'off' : clock() - dispatcher.lastTick() > STALLED ? 'stalled' : 'on'),
    }

    const app = createApp(deps, (c) => (c.env as HttpBindings).incoming.socket.remoteAddress ?? '')
    const server = createAdaptorServer({ fetch: app.fetch })
    server.listen(config.port, config.host)
    await Promise.race([
      once(server, 'listening'),
      once(server, 'error').then(([error]) => Promise.reject(error as Error)),
    ])
    const { port } = server.address() as AddressInfo
    if (config.publicUrl === null)
      address = `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${port}`

    await ensureSetupKey(engine)
    const setUp = await ensureSetup(deps)
    await dispatcher.start()
    const tickEvery = outside.tickEvery === undefined ? TICK : outside.tickEvery
    const timers =
      tickEvery === null
        ? []
        : [setInterval(() => void dispatcher.tick(), tickEvery), setInterval(() => void housekeeping(), SECOND)]
    wake()

    let busy = false
    async function housekeeping(): Promise<void> {
      if (busy) return
      busy = true
      try {
        await host.tick(clock())
        await tickAccess(engine)
      } catch (error) {
        log.error('Housekeeping failed', { error: String(error) })
      } finally {
        busy = false
      }
    }

    return {
      url: address,
      setUp,
      deps,
      dispatcher,
      async stop() {
        for (const timer of timers) clearInterval(timer)
        const closed = new Promise<void>((resolve) => server.close(() => resolve()))
        if ('closeIdleConnections' in server) server.closeIdleConnections()
        await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, GRACE).unref())])
        if ('closeAllConnections' in server) server.closeAllConnections()
        await dispatcher.stop(GRACE)
        await host.settled()
        await db.close()
        lock.release()
      },
    }
  }
}
