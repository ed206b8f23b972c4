import type {
  D1Database,
  ExecutionContext,
  MessageBatch,
  Queue,
  ScheduledController,
  SendEmail,
} from '@cloudflare/workers-types'
import { measured } from '../../db/latency.ts'
import { installed, registry } from '../../plugins/registry.gen.ts'
import { ensureSetup } from '../access/setup.ts'
import { createApp } from '../app.ts'
import { compose } from '../compose.ts'
import { ConfigError, readConfig, type Config } from '../config.ts'
import type { Deps } from '../deps.ts'
import { SECOND, type Clock } from '../lib/clock.ts'
import { jsonLog } from '../lib/log.ts'
import { tidy } from '../tidy.ts'
import { version } from '../version.ts'
import { hasTemplate } from '../web/render.ts'
import { urlRules } from '../webhooks/address.ts'
import { createDispatcher } from '../webhooks/dispatch.ts'
import { openD1 } from './d1.ts'
import { createPace } from '../webhooks/pace.ts'
import { createRate } from '../webhooks/rate.ts'
import { createPost } from './fetch.ts'
import { createMailer } from './mail.ts'
import { scrypt } from './scrypt.ts'
import { resolveName } from './resolve.ts'
import { createWake, type WakeWhenDue } from './wake.ts'

/** Bindings and variables, as wrangler.toml and the secrets of the Worker set them. */
export interface Bindings {
  readonly DB: D1Database
  /** Sends mail, where wrangler.toml has a `send_email` binding of this name. */
  readonly MAIL?: SendEmail
  /** Brings retries on time. Without it they wait for the cron. */
  readonly QUEUE?: Pick<Queue, 'send'> | undefined
  readonly [setting: string]: unknown
}

interface Product {
  readonly deps: Deps
  readonly app: ReturnType<typeof createApp>
  readonly wakeWhenDue: WakeWhenDue
  /** Whether something became due since the last look. */
  takeWake(): boolean
}

/** A platform lets a Worker go on for 30 seconds after its answer; attempts that were begun have to end within. */
const LOOK_FOR = 20 * SECOND
/** A cron has more time, and the next one comes after a minute: what may only go out so many a second goes on until then. */
const LONG_LOOK = 50 * SECOND
/** What a Worker gives a cron of a plugin. */
const LONGEST_CRON = 25 * SECOND
/** In bytes. The events of a request and all their bodies have to fit into the memory of a Worker, and into one batch of D1. */
const LARGEST_BATCH = 1024 * 1024
/** A Worker has six connections at once; a seventh would only wait. */
const CONNECTIONS = 6

const clock: Clock = () => Date.now()

/** Shared by all looks of this isolate. Another isolate counts for itself: rates are approximate on Workers. */
const rate = createRate()
const pace = createPace()

let product: Promise<Product> | null = null

export default {
  async fetch(request: Request, env: Bindings, context: Pick<ExecutionContext, 'waitUntil'>): Promise<Response> {
    const product = await assembled(env)
    const answer = await product.app.fetch(request, env)
    if (product.takeWake()) context.waitUntil(send(product, LOOK_FOR, false).then(() => product.deps.host.settled()))
    return answer
  },

  /** Whatever comes of it, the message has done its work. */
  async queue(batch: MessageBatch, env: Bindings): Promise<void> {
    batch.ackAll()
    await send(await assembled(env), LOOK_FOR, false)
  },

  async scheduled(_controller: ScheduledController, env: Bindings): Promise<void> {
    const product = await assembled(env)
    await send(product, LONG_LOOK, true).finally(() => tidy(product.deps))
    // What was put on its way just now need not wait for the next minute.
    if (product.takeWake()) await send(product, LOOK_FOR, false)
    await product.deps.host.settled()
  },
}

/** Puts the product together once per isolate. What failed is tried again at the next request. */
function assembled(env: Bindings): Promise<Product> {
  product ??= assemble(env).catch((error: unknown) => {
    product = null
    throw error
  })
  return product
}

async function assemble(env: Bindings): Promise<Product> {
  const config = configOf(env)
  const { publicUrl, appSecret } = config
  const address = () => publicUrl
  const log = jsonLog(config.logLevel, clock, (line) => console.log(line))
  let woken = false
  const { db, latency } = measured(openD1(env.DB), clock)
  const deps = await compose({
    config,
    publicUrl: address,
    version,
    db,
    clock,
    random: (length) => crypto.getRandomValues(new Uint8Array(length)),
    log,
    post: createPost({ rules: () => urlRules({ config, publicUrl: address }), resolve: resolveName, clock }),
    ...(env.MAIL && { mailer: createMailer(env.MAIL, address) }),
    wake: () => {
      woken = true
    },
    scrypt,
    appSecret,
    registry,
    hasTemplate,
    outside: installed,
    limits: { cron: LONGEST_CRON },
    dispatcher: () => (config.delivery ? 'cron' : 'off'),
    writes: latency,
    eventBatch: LARGEST_BATCH,
  })
  const setUp = await ensureSetup(deps)
  if (setUp !== null && config.setupToken === null) log.info(`Set up: ${setUp}`)
  const takeWake = () => {
    const was = woken
    woken = false
    return was
  }
  const app = createApp(deps, (c) => c.req.header('cf-connecting-ip') ?? '')
  return { deps, app, takeWake, wakeWhenDue: createWake(env.QUEUE) }
}

type Settled = Config & { readonly publicUrl: string; readonly appSecret: string }

/** On Workers nothing can be found out or made at start, so two settings have no default there. */
function configOf(env: Bindings): Settled {
  const texts = Object.entries(env).filter((entry): entry is [string, string] => typeof entry[1] === 'string')
  const config = readConfig({ HOST: '0.0.0.0', ...Object.fromEntries(texts) })
  const { publicUrl, appSecret } = config
  const missing = [
    ...(publicUrl === null ? ['PUBLIC_URL is not set; it has to be the address of this Worker.'] : []),
    ...(appSecret === null ? ['APP_SECRET is not set; set it with wrangler secret put, 32 characters or more.'] : []),
  ]
  if (publicUrl === null || appSecret === null) throw new ConfigError(missing)
  return { ...config, publicUrl, appSecret }
}

/**
 * Sends what is due. Each look has a dispatcher of its own, because one request must not wait for what another began;
 * leases keep them apart.
 */
async function send({ deps, wakeWhenDue }: Product, lookFor: number, waits: boolean): Promise<void> {
  const dispatcher = createDispatcher(deps, {
    owner: crypto.randomUUID(),
    alone: false,
    concurrency: CONNECTIONS,
    rate,
    pace,
  })
  await dispatcher.start()
  await dispatcher.drain(deps.clock() + lookFor, waits)
  await dispatcher.stop(LOOK_FOR)
  await wakeWhenDue(deps)
}
