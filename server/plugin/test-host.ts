import { sql } from 'kysely'
import { NO_VERSION, pluginsChanged, upgradeStep } from '../../db/queries/plugins.ts'
import { MAIN_SITE } from '../../db/queries/sites.ts'
import { migrate } from '../../db/migrate.ts'
import type { PluginFaultTable } from '../../db/schema.ts'
import { readConfig } from '../config.ts'
import { AppError } from '../lib/errors.ts'
import type { Level, Log } from '../lib/log.ts'
import type { JsonObject } from '../lib/json.ts'
import { inEnglish } from '../lib/message.ts'
import { buildIfStale } from '../node/build.ts'
import { readMigrations } from '../node/migrations.ts'
import { openSqlite } from '../node/sqlite.ts'
import type { Random } from '../lib/clock.ts'
import { createVault } from '../webhooks/secrets.ts'
import type { Engine } from '../webhooks/engine.ts'
import { createHost } from './create-host.ts'
import { timeLimits } from './core.ts'
import type { Manifest, Plugin, PluginEvent } from './define.ts'
import type { Emitted, Host, PluginView } from './host.ts'
import { inboundOf } from './inbound.ts'
import { webhookGuard, webhookPayload } from './points.ts'
import { writeStorage } from './storage.ts'
import { anybodys, somethingDone } from './test-event.ts'
import type { EmittedEvent, LogLine, TestHost, TestOptions } from './test-offer.ts'
import { postTo } from './test-outside.ts'
import { openUnit } from './unit.ts'

export type { EmittedEvent, LogLine, TestArrival, TestHost, TestOptions, TestRequest } from './test-offer.ts'

/** The order in which SQLite wrote rows: the clock stands still, so times are all the same. */
const written = sql`rowid`

/**
 * The real host with one plugin, on a database in memory, with a clock that stands still: the same order, time-outs,
 * commits and faults as in a network. Nothing is sent anywhere.
 */
export async function testHost<M extends Manifest>(plugin: Plugin<M>, options: TestOptions<M> = {}): Promise<TestHost> {
  const logs: LogLine[] = []
  const log = logInto(logs)
  let now = (options.now ?? new Date('2026-01-15T09:30:00Z')).getTime()
  const db = await openSqlite({ file: ':memory:', log })
  await migrate(db, await readMigrations())
  const random: Random = (length) => crypto.getRandomValues(new Uint8Array(length))
  const engine: Engine = {
    config: readConfig({}),
    publicUrl: () => 'http://localhost:3000',
    version: '0.0.0-test',
    db,
    clock: () => now,
    random,
    log,
    vault: await createVault({ appSecret: 'the secret of every test host', random }),
    post: postTo(options.http),
    wake: () => {},
  }
  const owner = plugin.manifest.events?.[0] ? [] : [anybodys]
  const all: readonly Plugin[] = [...owner, ...(options.beside ?? []), plugin]
  const host = await createHost(engine, {
    registry: Object.fromEntries(all.map((one) => [one.manifest.slug, async () => ({ default: one })])),
    safeMode: options.safeMode ?? false,
    limits: { ...timeLimits, ...options.limits },
  })
  if (!options.safeMode) await switchOn(host, engine, all)
  const { slug } = plugin.manifest
  const set = async (values: Readonly<Record<string, unknown>>) =>
    void (await db.commit((await host.changeSettings(slug, null, values)).statements))
  if (options.settings) await set(options.settings)
  await fill(engine, plugin.manifest, options.stored ?? {}, options.version ?? plugin.manifest.version)

  const emitted: EmittedEvent[] = []
  const faults: PluginFaultTable[] = []
  const stored: Record<string, Readonly<Record<string, unknown>>[]> = {}
  const settle = async () => {
    await host.settled()
    const events = await db.q.selectFrom('event').selectAll().orderBy('seq').execute()
    replace(
      emitted,
      events.map(({ id, type, payload, rejected }) => ({
        id,
        name: type,
        payload: JSON.parse(payload) as JsonObject,
        rejected,
      })),
    )
    replace(faults, await db.q.selectFrom('plugin_fault').selectAll().orderBy(written).execute())
    const records = await db.q
      .selectFrom('plugin_record')
      .selectAll()
      .where('slug', '=', plugin.manifest.slug)
      .orderBy(written)
      .execute()
    for (const name of Object.keys(plugin.manifest.storage ?? {})) {
      const rows = records.filter(({ collection }) => collection === name)
      stored[name] = rows.map(({ data }) => JSON.parse(data) as Record<string, unknown>)
    }
  }
  await settle()

  const emitOne = async (event: PluginEvent, payload: unknown, key: string | null): Promise<Emitted> => {
    const emission = { type: event.name, site: MAIN_SITE, data: payload as JsonObject, source: 'api:test', key }
    const [answer] = await host.emit([emission])
    await settle()
    if (!answer) throw new Error('The host gave no answer for the event.')
    return answer
  }

  return {
    async request(route, { form, actor = 'Tester', ...init } = {}) {
      const path = route.slice('POST '.length)
      const body = form ? new URLSearchParams(form) : init.body
      const request = new Request(`http://localhost:3000/network/plugins/${slug}${path}`, {
        ...init,
        method: 'POST',
        ...(body ? { body } : {}),
      })
      try {
        const answer = await host.route(slug, path, MAIN_SITE, request, { name: actor, may: () => true })
        if (!answer) throw new Error(`${slug} has no route ${route}, or does not run.`)
        return answer
      } finally {
        await settle()
      }
    },
    async receive(
      source,
      { body, headers = {}, event = null, query = {}, secret = null, settings = {}, mapping = null },
    ) {
      const text = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body)
      const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text
      const request = inboundOf(bytes, { headers: new Headers(headers), query: new URLSearchParams(query), event })
      const arrival = { source, id: 'src_test', site: MAIN_SITE, secret, settings, mapping, hops: 0, request }
      try {
        const received = await host.receive(arrival)
        if (!received.ok) throw received.error
        return { status: 200, reason: null, events: await host.emit(received.emissions) }
      } catch (error) {
        if (!(error instanceof AppError)) throw error
        return { status: error.status, reason: error.message, events: [] }
      } finally {
        await settle()
      }
    },
    emit: (event, payload, { key = null } = {}) => emitOne(event, payload, key),
    async apply(point, value, event = plugin.manifest.events?.[0] ?? somethingDone) {
      const { filtered } = await host.prepare([{ type: event.name, site: MAIN_SITE, data: value, source: 'api:test' }])
      await settle()
      const [result] = [webhookPayload.name, webhookGuard.name].includes(point.name) ? filtered : []
      if (!result) throw new Error(`Nothing passes through the point ${point.name}.`)
      return result
    },
    async cron(id) {
      await host.runCron(slug, id, MAIN_SITE)
      await settle()
    },
    settings: set,
    async page(path) {
      const request = new Request(`http://localhost:3000/network/plugins/${slug}${path}`)
      const { pathname } = new URL(request.url)
      const visitor = { name: 'Tester', may: () => true }
      const below = pathname.slice(`/network/plugins/${slug}`.length)
      const view = await host.view(slug, below, MAIN_SITE, request, visitor).finally(settle)
      if (!view) throw new Error(`${slug} has no page ${path}, or does not run.`)
      return htmlOf(view)
    },
    async html({ view }) {
      if (!view) throw new Error('The route answered without render().')
      return htmlOf(view)
    },
    clock: { now: () => now, advance: (ms) => void (now += ms) },
    emitted,
    faults,
    logs,
    stored,
    host,
    engine,
    async tick() {
      await host.tick(now)
      await settle()
    },
    settle,
  }
}

async function switchOn(host: Host, { db }: Engine, plugins: readonly Plugin[]): Promise<void> {
  for (const { manifest } of plugins) {
    const info = (await host.plugins()).find(({ slug }) => slug === manifest.slug)
    if (info?.reason) throw new Error(`${manifest.slug} cannot run. ${inEnglish(info.reason)}`)
    if (!manifest.mustUse) await db.commit(await host.activate(manifest.slug))
  }
}

async function fill(
  engine: Engine,
  manifest: Manifest,
  stored: Readonly<Record<string, readonly { id: string }[] | undefined>>,
  version: string,
) {
  const unit = openUnit()
  const storage = writeStorage(engine, manifest, MAIN_SITE, unit)
  for (const [name, rows] of Object.entries(stored)) for (const row of rows ?? []) storage[name]?.put(row.id, row)
  const { slug } = manifest
  const step = upgradeStep(engine.db, slug, MAIN_SITE, NO_VERSION, version)
  await engine.db.commit([...step, ...unit.statements(engine.db), pluginsChanged(engine.db)])
}

/** Templates are compiled by the build; a test may well be the first to need them. */
async function htmlOf({ template, title, data }: PluginView): Promise<string> {
  buildIfStale()
  const [{ render }, { translator }] = await Promise.all([import('../web/render.ts'), import('../web/i18n.ts')])
  return render(template, { t: translator('en'), base: '/network', title, ...data })
}

function logInto(lines: LogLine[]): Log {
  const line =
    (level: Level) =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}) =>
      void lines.push({ level, message, fields })
  return { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') }
}

const replace = <T>(list: T[], items: readonly T[]): void => void list.splice(0, list.length, ...items)
