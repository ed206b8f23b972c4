import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer, type HttpBindings } from '@hono/node-server'
import { measured } from '../../db/latency.ts'
import { migrate } from '../../db/migrate.ts'
import { installed, registry } from '../../plugins/registry.gen.ts'
import { noteStop } from '../access/home.ts'
import { ensureSetup } from '../access/setup.ts'
import { createApp } from '../app.ts'
import { compose } from '../compose.ts'
import { ConfigError, type Config } from '../config.ts'
import type { Deps } from '../deps.ts'
import { MINUTE, SECOND, type Clock, type Random } from '../lib/clock.ts'
import { jsonLog, plainLog, type Log } from '../lib/log.ts'
import { tidy } from '../tidy.ts'
import { version } from '../version.ts'
import { urlRules } from '../webhooks/address.ts'
import { createTally } from '../webhooks/tally.ts'
import { createDispatcher, type Dispatcher } from '../webhooks/dispatch.ts'
import { hasTemplate } from '../web/render.ts'
import { appSecretOf } from './app-secret.ts'
import { createBackups } from './backups.ts'
import { createPost } from './connect.ts'
import { openDatabase } from './database.ts'
import { isDev } from './dev.ts'
import { readPluginDir } from './plugin-dir.ts'
import { createMailer } from './mail.ts'
import { readMigrations } from './migrations.ts'
import { tuneAutovacuum } from './postgres.ts'
import { urlAt } from './url-at.ts'
import { createWatch } from './watch.ts'
import { placeOf } from './place.ts'
import { createRandom } from './random.ts'
import { scrypt } from './scrypt.ts'
import { installedFolders, shareWith } from './share.ts'
import { createNodeSign } from './sign.ts'

/** A server that runs. */
export interface Running {
  /** Where it listens, whatever others call it. */
  readonly url: string
  /** The `Set up:` address, while there is no super admin. */
  readonly setUp: string | null
  readonly deps: Deps
  readonly dispatcher: Dispatcher
  /** Resolves with a sentence when nothing can be written any more: only a new process goes on. */
  readonly lost: Promise<string>
  /** Takes no more requests, ends attempts under way (at most 20 s), commits, and lets go of the database. */
  stop(): Promise<void>
}

/** What comes from outside; a test hands in its own. */
export interface Outside {
  readonly clock?: Clock
  readonly random?: Random
  readonly log?: Log
  /** Milliseconds between two looks for what is due, and between two times of tidying up. */
  readonly tickEvery?: number
}

const GRACE = 20 * SECOND
const AHEAD = 256
/** Without a tick for so long, /readyz says that nobody sends. */
const STALLED = 10 * SECOND

const print = (line: string) => void process.stdout.write(`${line}\n`)

/** Composes everything for Node and serves it. Throws ConfigError, DataDirTaken or DbError where it cannot. */
export async function start(config: Config, outside: Outside = {}): Promise<Running> {
  const clock = outside.clock ?? Date.now
  const random = outside.random ?? createRandom()
  const log = outside.log ?? (process.stdout.isTTY ? plainLog : jsonLog)(config.logLevel, clock, print)
  const lost = Promise.withResolvers<string>()
  const { db: opened, alone, release } = await openDatabase(config, log, lost.resolve)
  const { db, latency } = measured(opened, () => performance.now())
  const backups = alone ? createBackups(config, { db, clock, log }) : null
  const leave = async () => {
    const noted = async () => noteStop({ db, clock }, await placeOf(config, db))
    await noted().catch((error: unknown) => log.debug('The stop could not be noted', { error: String(error) }))
    await release()
  }
  try {
    await migrate(db, await readMigrations())
    if (!alone) await tuneAutovacuum(db, log)
    return await serve()
  } catch (error) {
    await leave()
    throw error
  }

  async function serve(): Promise<Running> {
    let address = config.publicUrl ?? urlAt(config.host, config.port)
    const publicUrl = () => address
    let rules = urlRules({ config, publicUrl })
    const post = createPost({ rules: () => rules })
    /** None while plugins are loaded, which may emit already: what that makes waits in the database. */
    let dispatching: Dispatcher | null = null
    const state = () => {
      if (!config.delivery) return 'off'
      return dispatching && clock() - dispatching.lastTick() > STALLED ? 'stalled' : 'on'
    }
    const watch = createWatch(config.dataDir)
    shareWith(installedFolders())
    const deps = await compose({
      config,
      publicUrl,
      version,
      db,
      clock,
      random,
      log,
      post,
      sign: createNodeSign(),
      scrypt,
      ...(config.smtpUrl !== null && { mailer: createMailer(config.smtpUrl, publicUrl) }),
      wake: () => void setImmediate(() => void dispatching?.tick()),
      handOver: {
        lease: (webhook, revision) => dispatching?.lease(webhook, revision) ?? null,
        // Not before the commit has left.
        expect: (born) => void setImmediate(() => dispatching?.expect(born)),
        take: (born) => dispatching?.take(born),
      },
      appSecret: await appSecretOf(config, { db, random }),
      place: await placeOf(config, db),
      registry,
      hasTemplate,
      outside: { ...installed, ...(config.pluginDir === null ? {} : readPluginDir(config.pluginDir)) },
      // While somebody works on a plugin (npm run dev), a word that the host does not know is a mistake.
      strict: isDev,
      watch,
      dispatcher: state,
      attempts: () => dispatching?.attempts() ?? createTally().read(),
      writes: latency,
      ...(backups && { backups }),
    })
    watch.tell((handler, error) => void deps.host.blame(handler.id, null, error))
    const owner = Buffer.from(random(9)).toString('hex')
    const dispatcher = createDispatcher(deps, { owner, alone, ahead: AHEAD })
    await dispatcher.start()
    dispatching = dispatcher

    const app = createApp(deps, (c) => (c.env as unknown as HttpBindings).incoming.socket.remoteAddress ?? '')
    const server = createAdaptorServer({ fetch: app.fetch }) as Server
    const port = await listen(server, config)
    if (config.publicUrl === null) {
      address = urlAt(config.host, port)
      rules = urlRules({ config, publicUrl })
    }

    const timers = [
      setInterval(() => void dispatcher.tick(), outside.tickEvery ?? 200),
      setInterval(() => void tidy(deps), outside.tickEvery ?? SECOND),
      ...(backups ? [setInterval(() => void backups.daily(), outside.tickEvery ?? MINUTE)] : []),
    ]
    deps.wake()
    return {
      url: urlAt(config.host, port),
      setUp: await ensureSetup(deps),
      deps,
      dispatcher,
      lost: lost.promise,
      async stop() {
        for (const timer of timers) clearInterval(timer)
        await close(server)
        await dispatcher.stop(GRACE)
        await deps.host.settled()
        await watch.close()
        await post.close()
        await backups?.stop()
        await leave()
      },
    }
  }
}

async function listen(server: Server, { host, port }: Config): Promise<number> {
  server.listen(port, host)
  await once(server, 'listening').catch((error: Error) => {
    const where = `HOST is "${host}" and PORT is ${port}, where nobody can listen (${error.message})`
    throw new ConfigError([`${where}; give an address of this machine and a free port.`], { cause: error })
  })
  return (server.address() as AddressInfo).port
}

/** Requests under way may end; kept-alive sockets without one are closed. */
async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeIdleConnections()
  const impatient = setTimeout(() => server.closeAllConnections(), GRACE)
  await closed
  clearTimeout(impatient)
}
